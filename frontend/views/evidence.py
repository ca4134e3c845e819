"""One value and where it stands: its page with the words marked, and the reviewer's word on it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from frontend import state, work_state
from frontend.components import markdown, pictures
from frontend.components.highlight import highlighted
from frontend.components.marks import Mark, mark
from frontend.history.work_records import FileState, WorkFile
from frontend.i18n import Phrases
from frontend.messages import BackendError
from frontend.state import Desk
from frontend.views import forgetting, summaries
from frontend.workbench import Sheet
from frontend.workflows.fields import Language
from frontend.workflows.findings import State, Value
from frontend.workflows.paper import Box
from frontend.workflows.table import Cell, Row

PAGE_SIDE = 1600  # pixels
LONGEST_VALUE = 300  # characters


def show(sheet: Sheet, number: int, field: str | None, desk: Desk, say: Phrases) -> None:
    file, row = sheet.file(number), sheet.row(number)
    assert file is not None  # the address was looked up in this sheet
    assert row is not None
    cell = None if field is None else row.cell(field)
    _head(sheet, row, cell, say)
    if cell is None:
        _file(row, file, desk, say)
        place = work_state.change()
        if place is not None and sheet.versions is not None:
            passage = sheet.versions.passage(file.id, place)
            _page(file, passage.page if passage else 1, passage.boxes if passage else (), say)
            return
        told = summaries.show(file, sheet.table.fields.language, say)
        _page(file, told.pages[0] if told and told.pages else 1, told.boxes if told else (), say)
        return
    _value(cell, say)
    value = _quotes(row, cell, say)
    _verdict(row, cell, value, say)
    _page(file, (value and value.page) or 1, value.boxes if value else (), say)


def _head(sheet: Sheet, row: Row, cell: Cell | None, say: Phrases) -> None:
    title = row.filename if cell is None else cell.field.heading
    with st.container(key="evidence-head", horizontal=True, vertical_alignment="center", gap=None):
        st.html(f'<h2 class="title" title="{escape(title)}">{escape(title)}</h2>')
        for key, icon, step, shortcut in (
            ("previous", ":material/arrow_upward:", -1, "P"),
            ("next", ":material/arrow_downward:", 1, "N"),
        ):
            st.button(
                "",
                key=f"{key}-value",
                icon=icon,
                type="tertiary",
                help=say(f"evidence.{key}"),
                shortcut=shortcut,
                on_click=work_state.move,
                args=(sheet, step),
            )
        st.button(
            "",
            key="close-evidence",
            icon=":material/close:",
            type="tertiary",
            help=say("evidence.close"),
            shortcut="Esc",
            on_click=work_state.look_at,
            args=(None,),
        )
    if cell is not None:
        st.caption(f"{markdown.literal(row.filename)} · {markdown.literal(cell.field.question)}")


def _file(row: Row, file: WorkFile, desk: Desk, say: Phrases) -> None:
    """The file as a whole: how much of it was read, what it hides; reading it again, or never."""
    if file.state is FileState.FAILED:
        st.error(markdown.literal(say.error(file.error_code, file.error)))
    if row.extraction is not None:
        st.caption(row.extraction.coverage.line(Language(say.language)))
    for passage in row.hidden:
        st.warning(
            f"{say('evidence.hidden', page=passage.page)}  \n{markdown.literal(passage.text[:300])}"
        )
    with st.container(key="deeds", horizontal=True, gap="small"):
        if file.state in (FileState.DONE, FileState.FAILED):
            st.button(
                say("work.again"),
                key="again-file",
                icon=":material/refresh:",
                on_click=state.keeping(state.services().bench.retry),
                args=(file.id,),
            )
        if st.button(say("files.do.forget"), key="forget-file", icon=":material/delete_forever:"):
            forgetting.ask(file.file.sha256, file.filename, desk, say)


def _value(cell: Cell, say: Phrases) -> None:
    """What counts, and how sure it is; beside a reviewer's value, the model's."""
    shown = mark(cell)
    st.html(
        f'<div class="counts"><p class="value">{escape(cell.value) or "–"}</p>'
        f"{_badge(shown, say)}</div>"
    )
    if cell.is_corrected:
        st.caption(say("evidence.model_said", value=markdown.literal(cell.finding.shown) or "–"))
    if cell.is_missing:
        st.caption(say("evidence.required"))


def _badge(shown: Mark, say: Phrases) -> str:
    word = escape(say(f"mark.{shown.name}"))
    return (
        f'<span class="badge {shown.tone}"><b aria-hidden="true">{shown.symbol}</b> {word}</span>'
    )


def _quotes(row: Row, cell: Cell, say: Phrases) -> Value | None:
    """The sentences that the values stand in; of several values, the one that is looked at."""
    values = list(cell.values)
    if not values:
        st.caption(say("evidence.nothing"))
        return None
    number = 0
    if len(values) > 1:
        number = st.radio(
            say("evidence.values"),
            range(len(values)),
            format_func=lambda one: _named(values[one], say),
            key=f"value-{row.id}-{cell.field.name}",
            label_visibility="collapsed",
        )
    value = values[number or 0]
    if value.page is None:
        st.warning(say("evidence.not_located"))
    elif value.quote:
        st.html(f'<blockquote class="quote">{escape(value.quote)}</blockquote>')
    return value


def _named(value: Value, say: Phrases) -> str:
    shown = markdown.literal(value.shown)
    if value.page is None:
        return shown
    return say("mark.on_page", mark=shown, page=value.page)


def _verdict(row: Row, cell: Cell, value: Value | None, say: Phrases) -> None:
    """The reviewer's word: right, wrong, or what is right instead.

    Of values that contradict each other, the one that is looked at is taken.
    """
    bench = state.services().bench
    place = (row.id, cell.field.name)
    one_of_many = cell.finding.state is State.CONFLICT and value is not None
    taken = value.shown if one_of_many and value and not cell.is_corrected else cell.value
    with st.container(key="verdict", horizontal=True, gap="small"):
        st.button(
            say("evidence.accept"),
            key="accept",
            icon=":material/check:",
            shortcut="A",
            on_click=state.keeping(bench.correct if one_of_many else bench.accept),
            args=(*place, value.shown) if one_of_many and value else place,
        )
        st.button(
            say("evidence.reject"),
            key="reject",
            icon=":material/close:",
            shortcut="X",
            on_click=state.keeping(bench.correct),
            args=(*place, ""),
        )
        if cell.correction is not None:
            st.button(
                say("evidence.undo"),
                key="undo",
                icon=":material/undo:",
                type="tertiary",
                shortcut="U",
                on_click=state.keeping(bench.undo),
                args=place,
            )
    key = f"correct-{row.id}-{cell.field.name}-{taken}"
    with (
        st.form(f"form-{key}", border=False, enter_to_submit=True),
        st.container(key="correction", horizontal=True, vertical_alignment="bottom"),
    ):
        said = st.text_input(say("evidence.correct"), taken, max_chars=LONGEST_VALUE, key=key)
        if st.form_submit_button(say("evidence.save"), key=f"save-{key}"):
            state.keeping(bench.correct)(*place, " ".join((said or "").split()))
            st.rerun()


def _page(file: WorkFile, first: int, boxes: Sequence[Box], say: Phrases) -> None:
    """The page that something stands on, its words marked; others can be turned to."""
    number = first
    if file.file.pages > 1:
        place = "-".join(f"{box.top:.3f}" for box in boxes[:1])
        number = st.pagination(
            file.file.pages,
            default=first,
            key=f"turn-{file.id}-{first}-{place}",
            max_visible_pages=5,
        )
    try:
        image = state.services().shelf.picture(file.file.sha256, number, PAGE_SIDE)
    except BackendError:
        st.error(say("files.no_preview"))
        return
    here = [box for box in boxes if box.page == number]
    caption = say("files.page_of", page=number, pages=file.file.pages)
    pictures.show(highlighted(image, here), caption, "stretch")
    st.caption(caption)
