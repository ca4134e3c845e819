"""Results as a Word document: for each file its summaries, its fields and where they stand."""

from __future__ import annotations

import io
from collections.abc import Sequence

import docx
from docx.document import Document as Sheet
from docx.shared import Pt

from frontend.workflows.export import coverage, place, printable, quotes, reviewed, status
from frontend.workflows.fields import Language
from frontend.workflows.labels import label, summary_label
from frontend.workflows.summary import Summary, note, shown
from frontend.workflows.table import Row, Table


def to_docx(table: Table) -> bytes:
    """The report."""
    language = table.fields.language
    sheet = docx.Document()
    sheet.core_properties.title = printable(table.title)
    sheet.core_properties.author = ""
    sheet.add_heading(printable(table.title), level=0)
    for row in table.rows:
        sheet.add_heading(printable(row.filename), level=1)
        told = [status(row, language), coverage(row, language)]
        sheet.add_paragraph(printable(", ".join(text for text in told if text)))
        for summary in row.summaries:
            _summary(sheet, summary)
        if row.cells:
            _fields(sheet, row, language)
        for passage in row.hidden:
            where = f"{label('hidden', language)}, {place(passage.page, language)}"
            sheet.add_paragraph(printable(f"{where}: {passage.text}"))
    written = io.BytesIO()
    sheet.save(written)
    return written.getvalue()


def summaries_to_docx(summaries: Sequence[Summary]) -> bytes:
    """Summaries as a document of their own; those of one file stand under its name."""
    sheet = docx.Document()
    sheet.core_properties.title = printable(summaries[0].filename) if summaries else ""
    sheet.core_properties.author = ""
    name = None
    for summary in summaries:
        if summary.filename != name:
            name = summary.filename
            sheet.add_heading(printable(name), level=0)
            sheet.add_paragraph(summary.coverage.line(summary.language))
        _summary(sheet, summary)
    written = io.BytesIO()
    sheet.save(written)
    return written.getvalue()


def _summary(sheet: Sheet, summary: Summary) -> None:
    sheet.add_heading(summary_label(summary.about.value, summary.language), level=2)
    paragraph = None
    for sentence in summary.sentences:
        if sentence.is_heading:
            sheet.add_paragraph().add_run(printable(sentence.text)).bold = True
            paragraph = None
            continue
        if sentence.begins_point or paragraph is None:
            paragraph = sheet.add_paragraph(style="List Bullet")
        paragraph.add_run(printable(shown(sentence, summary.language)) + " ")
        pages = paragraph.add_run(note(sentence, summary.language) + " ")
        pages.font.size = Pt(8)


def _fields(sheet: Sheet, row: Row, language: Language) -> None:
    keys = ("field", "value", "state", "page", "quote")
    grid = sheet.add_table(rows=1, cols=len(keys))
    grid.style = "Light Grid Accent 1"
    for cell, key in zip(grid.rows[0].cells, keys, strict=True):
        cell.text = label(key, language)
    for cell in row.cells:
        places = list(quotes(cell))
        texts = [
            cell.field.heading,
            cell.value or label("no_value", language),
            reviewed(cell, language),
            "\n".join(place(page, language) for page, _ in places),
            "\n".join(quote for _, quote in places),
        ]
        for box, text in zip(grid.add_row().cells, texts, strict=True):
            box.text = printable(text)
