"""Results as an Excel workbook: sheets of values, of quotes and pages, and of summaries if any."""

from __future__ import annotations

import io
from typing import Final

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from frontend.workflows.export import coverage, place, printable, quotes, status, verdict
from frontend.workflows.findings import State
from frontend.workflows.labels import label, summary_label
from frontend.workflows.summary import note
from frontend.workflows.table import Cell, Table

_FILLS: Final = {
    State.FOUND: PatternFill("solid", fgColor="E3F4E8"),
    State.NEAR: PatternFill("solid", fgColor="FFF6DA"),
    State.CONFLICT: PatternFill("solid", fgColor="FFE3D3"),
    State.UNVERIFIED: PatternFill("solid", fgColor="FBDCDC"),
}
_REVIEWED: Final = PatternFill("solid", fgColor="DCE9FB")
_WRAPPED: Final = Alignment(wrap_text=True, vertical="top")
_LONGEST_CELL: Final = 32_000  # characters; Excel's own limit is 32,767


def to_xlsx(table: Table) -> bytes:
    """The workbook. Every cell is text: nothing in it can be a formula."""
    language = table.fields.language
    book = Workbook()
    values, evidence = book.worksheets[0], book.create_sheet(label("evidence", language))
    values.title = label("values", language)
    _line(
        values,
        [
            *(label(key, language) for key in ("file", "status", "pages")),
            *(field.heading for field in table.fields.fields),
        ],
    )
    _line(
        evidence,
        [
            label(key, language)
            for key in ("file", "field", "value", "state", "page", "quote", "model_value")
        ],
    )
    for row in table.rows:
        about = [row.filename, status(row, language), coverage(row, language)]
        _line(values, [*about, *(cell.value for cell in row.cells)])
        for column, cell in enumerate(row.cells, start=len(about) + 1):
            fill = _fill(cell)
            if fill is not None:
                values.cell(values.max_row, column).fill = fill
        for cell in row.cells:
            places = list(quotes(cell))
            _line(
                evidence,
                [
                    row.filename,
                    cell.field.heading,
                    cell.value,
                    verdict(cell, language),
                    "\n".join(place(page, language) for page, _ in places),
                    "\n".join(quote for _, quote in places),
                    cell.finding.shown,
                ],
            )
        for passage in row.hidden:
            about = [row.filename, label("hidden", language), "", passage.why]
            _line(evidence, [*about, place(passage.page, language), passage.text])
    _dress(values, [32, 14, 18, *[26] * len(table.fields.fields)])
    _dress(evidence, [32, 22, 26, 24, 9, 90, 26])
    if any(row.summaries for row in table.rows):
        _summaries(book.create_sheet(label("summaries", language)), table)
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def _summaries(sheet: Worksheet, table: Table) -> None:
    """A line for every sentence; what it stands on beside it."""
    language = table.fields.language
    keys = ("file", "summary", "sentence", "page", "quote")
    _line(sheet, [label(key, language) for key in keys])
    for row in table.rows:
        for summary in row.summaries:
            about = summary_label(summary.about.value, summary.language)
            for one in summary.statements:
                where = note(one, summary.language).strip("[]")
                _line(sheet, [row.filename, about, one.text, where, one.quote])
    _dress(sheet, [32, 22, 60, 14, 90])


def _line(sheet: Worksheet, texts: list[str]) -> None:
    sheet.append([printable(text)[:_LONGEST_CELL] for text in texts])
    for cell in sheet[sheet.max_row]:
        if cell.data_type in ("f", "e"):  # a formula, or the name of an error such as #N/A
            cell.data_type = "s"
            cell.quotePrefix = True  # text it stays, even if someone edits the cell


def _dress(sheet: Worksheet, widths: list[int]) -> None:
    for column, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(column)].width = width
    for row in sheet.iter_rows():
        for cell in row:
            cell.alignment = _WRAPPED
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    sheet.freeze_panes = "B2"
    sheet.auto_filter.ref = sheet.dimensions


def _fill(cell: Cell) -> PatternFill | None:
    return _REVIEWED if cell.correction is not None else _FILLS.get(cell.finding.state)
