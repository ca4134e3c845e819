"""A job is begun: files dropped or chosen among those that are here, what to find chosen."""

from __future__ import annotations

import math

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from frontend import draft_state, state, widget_keys, work_state
from frontend.components import markdown, uploader
from frontend.components.renaming import LONGEST_TITLE
from frontend.history.database import StorageUnavailable
from frontend.history.known_files import KnownFile
from frontend.i18n import LANGUAGES, Phrases
from frontend.messages import BackendError
from frontend.state import Desk
from frontend.views import known_files, list_editor
from frontend.views.files import DOCUMENT_BYTES
from frontend.workbench import Given
from frontend.workflows.fields import FieldList, Language
from frontend.workflows.summary import Summarised


def show(desk: Desk, say: Phrases) -> None:
    with st.container(key="new-job-form"):
        if work_state.job() is not None:
            st.info(say("work.missing"))
        st.markdown(f"### {say('work.welcome')}")
        st.caption(say("work.hint"))
        versions = _compares(say)
        given = _versions(desk, say) if versions else _pile(desk, say)
        asked = _asked(say)
        title = st.text_input(
            say("work.title"), max_chars=LONGEST_TITLE, key="job-title", placeholder=asked.title
        )
        wanted = st.pills(
            say("summary.too"),
            [one.value for one in Summarised],
            format_func=lambda one: say(f"summary.{one}"),
            selection_mode="multi",
            key="job-summaries",
        )
        start = say("work.start", n=len(given)) if given else say("work.start_none")
        if st.button(
            say("compare.start") if versions else start,
            key="start-job",
            type="primary",
            icon=":material/play_arrow:",
            disabled=len(given) < (2 if versions else 1) or not desk.beat.stores,
        ):
            files = [
                one if isinstance(one, KnownFile) else (one.getvalue(), one.name) for one in given
            ]
            summaries = [Summarised(one) for one in wanted]
            named = " ".join((title or "").split()) or asked.title
            if versions and not title:
                old, new = map(_name, given)
                named = say("compare.named", old=old, new=new)
            _start(named[:LONGEST_TITLE], asked, files, summaries, say, versions=versions)


def _compares(say: Phrases) -> bool:
    """Whether two versions are to be compared, or a pile of files read."""
    chosen = st.segmented_control(
        say("work.kind"),
        ["pile", "versions"],
        format_func=lambda one: say(f"work.{one}"),
        default="pile",
        required=True,
        key="work-kind",
        label_visibility="collapsed",
        width="stretch",
    )
    return chosen == "versions"


def _pile(desk: Desk, say: Phrases) -> list[UploadedFile | KnownFile]:
    with st.container(key="pile"):
        given = st.file_uploader(
            say("work.files"),
            accept_multiple_files=True,
            key=f"work-upload-{_uploads()}",
            max_upload_size=_most(),
            disabled=not desk.beat.stores,
            label_visibility="collapsed",
        )
    uploader.show("pile", f"{_uploads()}-{len(given)}", say)
    return [*given, *known_files.many(f"known-{_uploads()}", say)]


def _versions(desk: Desk, say: Phrases) -> list[UploadedFile | KnownFile]:
    """The old and the new version, in this order, as far as they are there."""
    given: list[UploadedFile | KnownFile | None] = []
    for column, which in zip(st.columns(2), ("old", "new"), strict=True):
        with column:
            file = st.file_uploader(
                say(f"compare.{which}"),
                key=f"{which}-version-{_uploads()}",
                max_upload_size=_most(),
                disabled=not desk.beat.stores,
            )
            known = known_files.one(f"known-{which}-{_uploads()}", say, is_needed=file is None)
        given.append(file or known)
    return [file for file in given if file is not None]


def _name(given: UploadedFile | KnownFile) -> str:
    return given.filename if isinstance(given, KnownFile) else str(given.name)


def _uploads() -> int:
    """Counts the forms that were sent: each has its own, empty uploaders."""
    return int(st.session_state.setdefault("work_uploads", 0))


def _most() -> int:
    """Megabytes of one file."""
    limits = state.services().pulse.limits
    return math.ceil((limits.document_bytes if limits else DOCUMENT_BYTES) / 2**20)


def _asked(say: Phrases) -> FieldList:
    """The list of fields; what is in it can be looked at."""
    left, right = st.columns([2, 1])
    with right:
        spoken = st.segmented_control(
            say("work.language"),
            list(LANGUAGES),
            format_func=lambda one: LANGUAGES[one],
            default=say.language,
            required=True,
            key=f"work-language-{say.language}",
        )
    lists = {
        one.name: one for one in state.services().bench.lists.offered(Language(spoken or "en"))
    }
    chosen = draft_state.chosen()
    shown = chosen if chosen in lists else next(iter(lists))
    key = widget_keys.choice("work-fields", shown)
    with left:
        named = st.selectbox(
            say("work.fields"),
            list(lists),
            index=list(lists).index(shown),
            format_func=lambda one: lists[one].title or one,
            key=key,
            on_change=_choose,
            args=(key,),
        )
    asked = lists[named or shown]
    list_editor.show_choice(asked.name, asked.language, say)
    with st.expander(say("work.fields_of", n=len(asked.fields))):
        st.markdown(
            "\n".join(
                f"- **{markdown.literal(field.heading)}**: {markdown.literal(field.question)}"
                for field in asked.fields
            )
        )
    return asked


def _choose(key: str) -> None:
    draft_state.choose(st.session_state[key])


def _start(
    title: str,
    asked: FieldList,
    files: list[Given],
    summaries: list[Summarised],
    say: Phrases,
    *,
    versions: bool,
) -> None:
    shared = state.services()
    bar = st.progress(0.0, say("files.storing", n=len(files)))

    def heard(done: int, of: int) -> None:
        bar.progress(done / of, say("work.stored", done=done, n=of))

    try:
        begun = shared.bench.begin(
            title,
            asked,
            shared.pulse.card,
            files,
            heard,
            summaries=summaries,
            versions=versions,
        )
    except BackendError as error:
        bar.empty()
        st.error(markdown.literal(say.error(error.code or error.kind, error.message)))
        return
    except StorageUnavailable:
        bar.empty()
        st.error(say("error.history_unavailable"))
        return
    if begun.job is not None:
        work_state.open_job(begun.job)
        st.session_state["work_uploads"] += 1  # an empty uploader takes its place
    work_state.refuse(begun.refused)
    st.rerun()
