"""Many documents at once: a job is begun, its table fills, its values are looked at and judged."""

from __future__ import annotations

from html import escape

import streamlit as st

from frontend import draft_state, state, widget_keys, work_state
from frontend.components import grid, markdown, marks, work_style
from frontend.history.work_records import FileState
from frontend.i18n import Phrases
from frontend.state import Desk
from frontend.views import (
    comparison,
    evidence,
    forgetting,
    list_editor,
    new_job,
    results_file,
    status,
)
from frontend.workbench import Sheet
from frontend.workflows import filters
from frontend.workflows.filters import Filter

LOOK_EVERY = 1.0  # seconds between two looks at a job that is being worked on
MANY = 60  # files; tables of more are looked at less often
LOOK_SELDOM = 3.0


def show(desk: Desk, say: Phrases) -> None:
    work_style.apply()
    named = draft_state.opened()
    if named is not None:
        status.show_head(say("list.heading"), desk, say)
        list_editor.show(named, say)
        return
    sheet = work_state.sheet()
    title = say("work.new") if sheet is None else sheet.job.title
    status.show_head(title, desk, say)
    _refusals(say)
    forgetting.show_outcome(say)
    if sheet is None:
        new_job.show(desk, say)
        return
    opened = work_state.opened(sheet)
    if opened[0] is None:
        _results(sheet, say)
        return
    left, right = st.columns([1.35, 1], gap="medium")
    with left:
        _results(sheet, say)
    with right, st.container(key="evidence"):
        evidence.show(sheet, opened[0], opened[1], desk, say)


def _refusals(say: Phrases) -> None:
    """Files that the backend did not take when the job was begun."""
    refused = work_state.refused()
    if not refused:
        return
    with (
        st.container(key="refused"),
        st.expander(say("work.refused", n=len(refused)), icon=":material/error:", expanded=True),
    ):
        for one in refused:
            text = markdown.literal(say.error(one.code, one.message))
            st.markdown(f"**{markdown.literal(one.filename)}** · {text}")


def _results(sheet: Sheet, say: Phrases) -> None:
    with st.container(key="table"):
        every = LOOK_EVERY if len(sheet.files) <= MANY else LOOK_SELDOM
        st.fragment(run_every=every if sheet.is_open else None)(_table)(sheet.job.id, say)


def _table(job: str, say: Phrases) -> None:
    """Drawn again and again while the job is open, and once more when it has ended."""
    sheet = state.services().bench.sheet(job)
    if sheet is None:
        st.rerun()
    _progress(sheet, say)
    with st.container(key="tools", horizontal=True, vertical_alignment="center"):
        chosen = _filter(say)
        _controls(sheet, say)
        results_file.show(sheet, say)
    if sheet.versions is not None:
        comparison.show(sheet, sheet.versions, say)
        st.html(f"<h2>{say('compare.all_fields')}</h2>")
    rows = filters.rows(sheet.table, chosen)
    if not rows:
        st.caption(say(f"filter_none.{chosen.value}"))
    touched = grid.show(sheet, rows, chosen, work_state.opened(sheet), say)
    if touched.retry is not None:
        state.keeping(state.services().bench.retry)(touched.retry)
        st.rerun()
    if touched.picked is not None:
        work_state.look_at(*touched.picked)
        st.rerun()
    if work_state.has_turned(sheet):
        st.rerun()


def _progress(sheet: Sheet, say: Phrases) -> None:
    """How far the job is in files and pages; when it has ended, what was found."""
    told = [say("work.files_done", n=sheet.job.files, done=sheet.job.files - sheet.job.open)]
    if failed := sheet.job.counts.get(FileState.FAILED):
        told.append(say("work.failed", n=failed))
    if sheet.job.open:
        told.append(say("work.pages_done", n=sheet.pages, done=sheet.pages_done))
    told += [
        f"{mark.symbol} {count} {say(f'mark.{mark.name}')}"
        for mark, count in marks.counted(sheet.table)
    ]
    share = 100 * sheet.pages_done / max(1, sheet.pages)
    bar = f'<i style="width:{share:.0f}%"></i>' if sheet.job.open else ""
    st.html(
        f'<div class="progress" role="status" data-testid="progress">'
        f"<span>{'</span><span>'.join(map(escape, told))}</span></div>"
        f'<div class="share {"on" if bar else ""}">{bar}</div>'
    )


def _filter(say: Phrases) -> Filter:
    chosen = work_state.chosen_filter()
    key = widget_keys.choice("filter", chosen.value)
    st.segmented_control(
        say("filter.title"),
        [one.value for one in Filter],
        format_func=lambda one: say(f"filter.{one}"),
        default=chosen.value,
        required=True,
        key=key,
        label_visibility="collapsed",
        on_change=_choose_filter,
        args=(key,),
    )
    return chosen


def _choose_filter(key: str) -> None:
    work_state.choose_filter(Filter(st.session_state[key] or Filter.ALL.value))


def _controls(sheet: Sheet, say: Phrases) -> None:
    """Stop while it runs; go on when it was stopped."""
    bench = state.services().bench
    if sheet.is_open:
        st.button(
            say("work.stop"),
            key="stop-job",
            icon=":material/stop:",
            on_click=state.keeping(bench.stop),
            args=(sheet.job.id,),
        )
    elif sheet.job.open:
        st.button(
            say("work.resume"),
            key="resume-job",
            icon=":material/play_arrow:",
            type="primary",
            on_click=state.keeping(bench.resume),
            args=(sheet.job.id,),
        )
