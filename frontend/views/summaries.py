"""Summaries of one file: chosen, made in the background, each sentence opening its page."""

from __future__ import annotations

import streamlit as st

from frontend import state, widget_keys, work_state
from frontend.components import markdown, points
from frontend.history.work_records import WorkFile
from frontend.i18n import Phrases
from frontend.workflows import summary
from frontend.workflows.fields import Language
from frontend.workflows.references import Sentence
from frontend.workflows.summary import Summarised

LOOK_EVERY = 1.0  # seconds between two looks at a summary that is being made


def show(file: WorkFile, language: Language, say: Phrases) -> Sentence | None:
    """Draws the chosen summary, in the table's language; answers the sentence looked at."""
    st.html(f'<h2 class="title">{say("summary.title")}</h2>')
    about = _chosen(file, language, say)
    if about is None:
        return None
    kept = state.services().bench.summary(file, about, language)
    if kept is None or kept.is_open:
        st.fragment(run_every=LOOK_EVERY)(_wait)(file, about, language, say)
        return None
    if kept.content is None:
        st.error(markdown.literal(say.error(kept.error_code, kept.error)))
        st.button(
            say("work.retry"),
            key="again-summary",
            icon=":material/refresh:",
            on_click=_want,
            args=(file, language),
        )
        return None
    made = summary.read(kept.content)
    if not made.statements:
        st.caption(say("summary.empty"))
        return None
    if made.requests == 0:
        st.caption(say("summary.words_alone"))
    opened = work_state.point(len(made.sentences))
    points.show(made, opened, work_state.point_at, say)
    return None if opened is None else made.sentences[opened]


def _chosen(file: WorkFile, language: Language, say: Phrases) -> Summarised | None:
    """What to sum up. Choosing it has it made."""
    chosen = work_state.about()
    shown = None if chosen is None else chosen.value
    key = widget_keys.choice("summed", shown)
    st.pills(
        say("summary.title"),
        [one.value for one in Summarised],
        format_func=lambda one: say(f"summary.{one}"),
        default=shown,
        key=key,
        label_visibility="collapsed",
        on_change=_choose,
        args=(key, file, language),
    )
    return chosen


def _choose(key: str, file: WorkFile, language: Language) -> None:
    work_state.choose_about(st.session_state[key])
    _want(file, language)


def _want(file: WorkFile, language: Language) -> None:
    about = work_state.about()
    if about is not None:
        state.keeping(state.services().bench.want_summary)(file, about, language)


def _wait(file: WorkFile, about: Summarised, language: Language, say: Phrases) -> None:
    kept = state.services().bench.summary(file, about, language)
    if kept is None:  # the address names one that nobody has asked for
        state.keeping(state.services().bench.want_summary)(file, about, language)
    elif not kept.is_open:
        st.rerun()
    st.html(
        f'<div class="phase" role="status" data-testid="summing"><i></i>'
        f"{say('summary.making')}</div>"
    )
