"""The conversation: what was said, what is being written, and where to ask."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import streamlit as st

from frontend import state
from frontend.components import uploader
from frontend.history.database import StorageUnavailable
from frontend.history.history import StillAnswering
from frontend.history.records import Message, State
from frontend.i18n import Phrases
from frontend.kinds import Kind, starters
from frontend.messages import Role
from frontend.state import Desk
from frontend.views import answer, growing, question

LOOK_AT_FILES_EVERY = 0.5  # seconds, until it is known what they are


def take_question(desk: Desk) -> Desk:
    """Asks what was typed, and returns the desk as it is then.

    To be called when the parameters are drawn, which may have changed together with the question,
    and before the rest is, so that the page is drawn once and the answer begins sooner.
    """
    text = (st.session_state.get("question") or "").strip()
    if not text:
        return desk
    _ask(desk, text)
    if "unsent" in st.session_state:
        st.rerun()  # which puts it back
    return state.desk()


def show(desk: Desk, say: Phrases) -> Callable[[], None] | None:
    """Draws the conversation. What is returned, if an answer grows, goes on drawing it for a while,
    and is to be called when the rest of the page is complete."""
    follow: Callable[[], None] | None = None
    with st.container(height=600, key="history", autoscroll=True, border=False):
        for message in desk.messages:
            if message.role is Role.USER:
                question.show(message, desk, say)
            elif message.state is State.RUNNING:
                with st.chat_message("assistant", avatar=":material/article:"):
                    names = {file.sha256: file.filename for file in desk.attachments}
                    follow = growing.show(message, names, say)
            else:
                answer.show(message, desk, say)
        if not desk.messages:
            _beginning(desk, say)
    with st.container(key="composer"):
        _composer(desk, say)
    return follow


def _beginning(desk: Desk, say: Phrases) -> None:
    with st.container(key="beginning", horizontal_alignment="center"):
        if desk.missing:
            st.markdown(f"### {say('chat.missing')}")
            st.button(say("chat.new"), key="start", on_click=state.open_conversation, args=(None,))
            return
        st.markdown(f"### {say('chat.welcome')}")
        if not desk.files:
            st.caption(say("chat.hint"))
            return
        st.caption(say("chat.hint_files", n=len(desk.files)))
        kinds = _kinds(desk)
        if None in kinds and desk.beat.serves:
            _find_out(desk)
        for starter in starters([kind or Kind.DOCUMENT for kind in kinds]):
            st.button(
                say(starter),
                key=starter.replace(".", "-"),
                disabled=not desk.beat.serves,
                on_click=_ask,
                args=(desk, say(starter)),
            )


def _kinds(desk: Desk) -> list[Kind | None]:
    """What the files are, if known; a picture is a scan to a model that reads its words alone."""
    card = state.services().pulse.card
    found = [state.services().kinds.of(file) for file in desk.files]
    if card is None or card.sees_images:
        return found
    return [Kind.SCAN if kind is Kind.PICTURE else kind for kind in found]


@st.fragment(run_every=LOOK_AT_FILES_EVERY)
def _find_out(desk: Desk) -> None:
    """Draws the page anew once it is known what the files are."""
    if None not in _kinds(desk):
        st.rerun()


def _composer(desk: Desk, say: Phrases) -> None:
    reason = "" if desk.beat.serves else say("chat.cannot_ask")
    if desk.missing:
        reason = say("chat.missing")
    if (unsent := st.session_state.pop("unsent", None)) is not None:
        st.session_state["question"] = unsent
        if desk.running is not None:
            st.toast(say("chat.still_answering"), icon=":material/hourglass_top:")
    with st.container(key="along"):  # always, so that the input keeps its place on the page
        _going_along(desk)
    st.chat_input(
        reason or say("chat.ask_files" if desk.files else "chat.ask"),
        key="question",
        max_chars=question.LONGEST,
        disabled=bool(reason),
    )
    if uploader.is_there():
        with st.container(key="attach"):
            uploader.show_opener("dropzone", say, disabled=desk.missing or not desk.beat.stores)
    running = desk.running
    if running is not None:
        _stop(running, say)


def _going_along(desk: Desk) -> None:
    """The files that were added since the last question, and go with the next one."""
    files = [file for file in desk.files if file.message is None]
    if desk.messages and files:
        names = "".join(f"<span><b>{escape(file.filename)}</b></span>" for file in files)
        st.html(f'<div class="sent" data-testid="going-along">{names}</div>')


def _stop(message: Message, say: Phrases) -> None:
    with st.container(key="stop"):
        st.button(
            say("chat.stop"),
            icon=":material/stop:",
            key="stop-button",
            type="primary",
            on_click=_end,
            args=(message,),
        )


def _end(message: Message) -> None:
    job = state.services().jobs.find(message.id)
    if job is not None:
        job.stop()


def _ask(desk: Desk, text: str) -> None:
    try:
        state.ask(desk, text)
    except (StillAnswering, StorageUnavailable) as refusal:
        st.session_state["unsent"] = text  # it goes back into the input
        st.session_state["not_kept"] = isinstance(refusal, StorageUnavailable)
