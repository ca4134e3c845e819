"""The files of the open conversation: added, looked at, removed."""

from __future__ import annotations

import math
from dataclasses import dataclass

import streamlit as st

from frontend import state
from frontend.components import dialogs, markdown, pictures, uploader
from frontend.components.uploader import Answer
from frontend.history.database import StorageUnavailable
from frontend.history.records import Attachment
from frontend.i18n import Phrases
from frontend.messages import BackendError
from frontend.state import Desk
from frontend.uploader.offer import Offer
from frontend.views import forgetting, known_files, preview

THUMBNAIL = 128  # pixels
DOCUMENT_BYTES = 50_000_000  # taken for the limit until the backend has said its own
TOO_BIG = ("too_large", "request_too_large", "image_too_large")  # the last: of pixels as well


@dataclass(frozen=True)
class Problem:
    """A file that was not taken, and why."""

    filename: str
    code: str
    message: str
    size: int


def show(desk: Desk, say: Phrases) -> None:
    st.html(f"<h2>{say('files.title')}</h2>")
    _uploader(desk, say)
    _offer_known(desk, say)
    for problem in st.session_state.get("upload_problems", ()):
        text = markdown.literal(_why(problem, say))
        st.error(f"**{markdown.literal(problem.filename)}**  \n{text}")
    for file in desk.files:
        _card(file, desk, say)
    forgetting.show_outcome(say)


def _uploader(desk: Desk, say: Phrases) -> None:
    turn = st.session_state.setdefault("uploads", 0)
    beat = desk.beat
    limits = state.services().pulse.limits
    most = limits.document_bytes if limits else DOCUMENT_BYTES
    with st.container(key="dropzone"):
        given = st.file_uploader(
            say("files.drop"),
            accept_multiple_files=True,
            key=f"upload-{turn}",
            # The backend is exact. Another size makes another uploader, which drops what it holds,
            # so the last size known stays while the backend is away.
            max_upload_size=math.ceil(most / 2**20),
            disabled=desk.missing or not beat.stores,
            label_visibility="collapsed",
        )
    uploader.show(
        "dropzone",
        str(turn),
        say,
        conversation=desk.id,
        offered=lambda offer: _known(offer, desk),
    )
    if beat.status is None:
        st.caption(say("files.away"))
    if not given:
        return
    problems = []
    with st.spinner(say("files.storing", n=len(given))):
        for file in given:
            try:
                state.services().shelf.add(desk.id, file.getvalue(), file.name)
                state.keep_open(desk.id)
            except BackendError as error:
                code = error.code or error.kind
                problems.append(Problem(file.name, code, error.message, file.size))
            except StorageUnavailable:
                problems.append(Problem(file.name, "history_unavailable", "", file.size))
    st.session_state["upload_problems"] = tuple(problems)
    st.session_state["uploads"] = turn + 1  # an empty uploader takes its place
    st.rerun()


def _offer_known(desk: Desk, say: Phrases) -> None:
    """Files of other conversations and of tables, for those who ask for them."""
    if desk.missing or not state.services().bench.has_files_beside(desk.id):
        return
    if st.button(
        say("known.open"),
        key="pick-known",
        type="tertiary",
        icon=":material/folder_open:",
        disabled=not desk.beat.stores,
    ):
        dialogs.show(say("known.title"), _add_known, desk, say, on_dismiss="rerun")


def _add_known(desk: Desk, say: Phrases) -> None:
    here = {file.sha256 for file in desk.files}
    chosen = known_files.many("known-here", say, but=here)
    if not st.button(
        say("known.add", n=len(chosen)) if chosen else say("known.add_none"),
        key="add-known",
        type="primary",
        disabled=not chosen,
    ):
        return
    problems = []
    for one in chosen:
        try:
            added = state.services().shelf.adopt(desk.id, [one.file.sha256], one.filename)
            problem = None if added else say("known.gone", name=one.filename)
        except BackendError as error:
            problem = say.error(error.code or error.kind, error.message)
        except StorageUnavailable:
            problem = say("error.history_unavailable")
        if problem is not None:
            problems.append(problem)
    if len(problems) < len(chosen):
        state.keep_open(desk.id)
    for problem in problems:
        st.error(markdown.literal(problem))
    if not problems:
        st.rerun()


def _known(offer: Offer, desk: Desk) -> Answer:
    """Adds the files that are here already, so that they need not be sent."""
    if offer.conversation != desk.id or desk.missing:
        return Answer(offer.batch, ())
    shelf = state.services().shelf
    known = []
    for one in offer.files:
        try:
            known.append(shelf.adopt(desk.id, one.hashes, one.filename) is not None)
        except (BackendError, StorageUnavailable):  # sent, so that the page tells what is wrong
            known.append(False)
    if any(known):
        state.keep_open(desk.id)
    return Answer(offer.batch, tuple(known))


def _why(problem: Problem, say: Phrases) -> str:
    """What is wrong with a file: of one with too many bytes, how many and the limit."""
    limits = state.services().pulse.limits
    if limits is not None and problem.code in TOO_BIG and problem.size > limits.image_bytes:
        size = f"{math.ceil(problem.size / 1e5) / 10} MB"  # never rounded down to the limit itself
        if problem.size > limits.document_bytes:
            return say("files.too_big_file", size=size, limit=say.size(limits.document_bytes))
        return say("files.too_big_picture", size=size, limit=say.size(limits.image_bytes))
    return say.error(problem.code, problem.message)


def _card(file: Attachment, desk: Desk, say: Phrases) -> None:
    with st.container(
        key=f"file-{file.id}", horizontal=True, vertical_alignment="center", gap="small"
    ):
        picture = preview.picture(file, 1, THUMBNAIL)
        if picture is None:
            st.html('<div class="no-picture"></div>')
        else:
            pictures.show(picture, file.filename, 44)
        st.markdown(f"**{markdown.literal(file.filename)}**  \n{_about(file, say)}")
        if st.button(say("files.open"), key=f"open-{file.id}", type="tertiary"):
            preview.show(file, say)
        choice = st.menu_button(
            say("files.menu"),
            ["open", "remove", "forget"],
            key=f"do-{file.id}",
            icon=":material/more_vert:",
            type="tertiary",
            help=say("files.menu"),
            format_func=lambda option: say(f"files.do.{option}"),
            on_click=_remove,  # what is done later in a run is lost if a click ends the run before
            args=(desk.id, file.id),
        )
    if choice == "open":
        preview.show(file, say)
    elif choice == "forget":
        forgetting.ask(file.sha256, file.filename, desk, say)


def _remove(conversation: str, file: int) -> None:
    """Takes a file out of the conversation, if that was chosen in its menu."""
    if st.session_state[f"do-{file}"] == "remove":
        state.keeping(state.services().shelf.remove)(conversation, file)


def _about(file: Attachment, say: Phrases) -> str:
    if file.kind == "document":
        return say("files.about_document", n=file.pages, size=say.size(file.size))
    return say(
        "files.about_picture", width=file.width, height=file.height, size=say.size(file.size)
    )
