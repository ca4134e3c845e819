"""A job is begun: files dropped, what to find chosen."""

from __future__ import annotations

import math

import streamlit as st

from frontend import state, work_state
from frontend.components import markdown
from frontend.i18n import LANGUAGES, Phrases
from frontend.messages import BackendError
from frontend.state import Desk
from frontend.views import list_editor
from frontend.views.files import DOCUMENT_BYTES
from frontend.workflows.fields import FieldList, Language
from frontend.workflows.summary import Summarised

LONGEST_TITLE = 80


def show(desk: Desk, say: Phrases) -> None:
    with st.container(key="new-job-form"):
        if work_state.job() is not None:
            st.info(say("work.missing"))
        st.markdown(f"### {say('work.welcome')}")
        st.caption(say("work.hint"))
        shared = state.services()
        limits = shared.pulse.limits
        given = st.file_uploader(
            say("work.files"),
            accept_multiple_files=True,
            key=f"work-upload-{st.session_state.setdefault('work_uploads', 0)}",
            max_upload_size=math.ceil(
                (limits.document_bytes if limits else DOCUMENT_BYTES) / 2**20
            ),
            disabled=not desk.beat.stores,
            label_visibility="collapsed",
        )
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
        if st.button(
            say("work.start", n=len(given)) if given else say("work.start_none"),
            key="start-job",
            type="primary",
            icon=":material/play_arrow:",
            disabled=not given or not desk.beat.stores,
        ):
            files = [(file.getvalue(), file.name) for file in given]
            summaries = [Summarised(one) for one in wanted]
            named = " ".join((title or "").split()) or asked.title
            _start(named, asked, files, summaries, say)


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
    with left:
        named = st.selectbox(
            say("work.fields"),
            list(lists),
            format_func=lambda one: lists[one].title or one,
            key="work-fields",
        )
    asked = lists[named or next(iter(lists))]
    list_editor.show_choice(asked.name, asked.language, say)
    with st.expander(say("work.fields_of", n=len(asked.fields))):
        st.markdown(
            "\n".join(
                f"- **{markdown.literal(field.heading)}**: {markdown.literal(field.question)}"
                for field in asked.fields
            )
        )
    return asked


def _start(
    title: str,
    asked: FieldList,
    files: list[tuple[bytes, str]],
    summaries: list[Summarised],
    say: Phrases,
) -> None:
    shared = state.services()
    bar = st.progress(0.0, say("files.storing", n=len(files)))

    def heard(done: int, of: int) -> None:
        bar.progress(done / of, say("work.stored", done=done, n=of))

    try:
        begun = shared.bench.begin(
            title, asked, shared.pulse.card, files, heard, summaries=summaries
        )
    except BackendError as error:
        bar.empty()
        st.error(markdown.literal(say.error(error.code or error.kind, error.message)))
        return
    if begun.job is not None:
        work_state.open_job(begun.job)
        st.session_state["work_uploads"] += 1  # an empty uploader takes its place
    work_state.refuse(begun.refused)
    st.rerun()
