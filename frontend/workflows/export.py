"""Tables of results as CSV, JSON and Markdown; see `workbook` for XLSX, `report` for DOCX."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from typing import Any, Final

from frontend.workflows.fields import Language
from frontend.workflows.labels import label, reviewed_label, state_label, summary_label
from frontend.workflows.references import Sentence
from frontend.workflows.summary import as_plain, note, shown
from frontend.workflows.table import Cell, Row, Table

# A spreadsheet runs what begins like this; a plain number is let be.
_FORMULA: Final = re.compile(r"^[=+\-@\t\r＝＋－＠]")
_NUMBER: Final = re.compile(r"^[+-]?\d+(?:[.,]\d+)*%?$")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula, without control characters."""
    text = printable(text)
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.match(text) else text


def printable(text: str) -> str:
    """A text without what neither XML nor a printer knows."""
    return _CONTROL.sub("", text)


def to_csv(table: Table) -> bytes:
    """One line a file, its fields' values; UTF-8 with a mark, so that Excel reads Chinese."""
    language = table.fields.language
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    headings = [field.heading for field in table.fields.fields]
    fixed = [label(key, language) for key in ("file", "status", "pages")]
    writer.writerow([harmless(heading) for heading in [*fixed, *headings]])
    for row in table.rows:
        cells = [harmless(cell.value) for cell in row.cells] or [""] * len(headings)
        about = (row.filename, status(row, language), coverage(row, language))
        writer.writerow([*map(harmless, about), *cells])
    return b"\xef\xbb\xbf" + written.getvalue().encode()


def to_json(table: Table) -> bytes:
    """Everything: values, states, evidence, boxes, corrections."""
    content = {
        "title": table.title,
        "fields": json.loads(table.fields.to_json()),
        "rows": [_row(row) for row in table.rows],
    }
    return (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode()


def to_markdown(table: Table) -> bytes:
    """A table of values, then the evidence of each file."""
    language = table.fields.language
    headings = [label("file", language), *(field.heading for field in table.fields.fields)]
    lines = [f"# {_inline(table.title)}", "", _columns(headings), _columns(["---"] * len(headings))]
    for row in table.rows:
        values = [cell.value for cell in row.cells] or [status(row, language)]
        lines.append(_columns([row.filename, *values, *[""] * (len(headings) - 1 - len(values))]))
    for row in table.rows:
        lines += ["", f"## {_inline(row.filename)}", ""]
        lines.append(f"{status(row, language)}, {coverage(row, language)}".rstrip(", "))
        lines.append("")
        for cell in row.cells:
            lines.append(
                f"- **{_inline(cell.field.heading)}**: "
                f"{_inline(cell.value) or label('no_value', language)} "
                f"({_inline(reviewed(cell, language))})"
            )
            lines += [
                f"  - {place(page, language)}: “{_inline(quote)}”" for page, quote in quotes(cell)
            ]
        for passage in row.hidden:
            lines.append(
                f"- {label('hidden', language)}, {place(passage.page, language)}: "
                f"“{_inline(passage.text)}”"
            )
        for summary in row.summaries:
            lines += ["", f"### {summary_label(summary.about.value, summary.language)}", ""]
            lines += [_line(sentence, summary.language) for sentence in summary.sentences]
    return ("\n".join(lines) + "\n").encode()


def status(row: Row, language: Language) -> str:
    """How far a file is, or why it could not be worked on."""
    told = label(row.state.value, language)
    return f"{told}: {row.error}" if row.error else told


def coverage(row: Row, language: Language) -> str:
    """How many pages were read."""
    return row.extraction.coverage.line(language) if row.extraction else ""


def verdict(cell: Cell, language: Language) -> str:
    """What is known about a cell, in words."""
    if cell.correction is not None:
        told = reviewed_label(language, corrected=cell.is_corrected)
        return f"{told}: {cell.correction.reviewer}" if cell.correction.reviewer else told
    told = state_label(cell.finding.state, language)
    return f"{told}; {label('required', language)}" if cell.is_missing else told


def reviewed(cell: Cell, language: Language) -> str:
    """The same, with the model's value beside a reviewer's."""
    told = verdict(cell, language)
    if not cell.is_corrected:
        return told
    said = cell.finding.shown or label("no_value", language)
    return f"{told}; {label('model_value', language)}: {said}"


def quotes(cell: Cell) -> Iterator[tuple[int, str]]:
    """Where a cell's values stand: page and sentence, each once."""
    seen = set()
    for value in cell.values:
        if value.page is not None and (value.page, value.quote) not in seen:
            seen.add((value.page, value.quote))
            yield value.page, value.quote


def place(page: int, language: Language) -> str:
    """A page as it is referred to."""
    return f"第 {page} 页" if language is Language.CHINESE else f"p. {page}"


def _line(sentence: Sentence, language: Language) -> str:
    """A sentence of a summary as a point of its own."""
    told = _inline(shown(sentence, language))
    return f"\n**{told}**\n" if sentence.is_heading else f"- {told} {note(sentence, language)}"


def _row(row: Row) -> dict[str, Any]:
    content: dict[str, Any] = {
        "file": row.filename,
        "sha256": row.sha256,
        "status": row.state.value,
        "error": row.error or None,
        "fields": {cell.field.name: _cell(cell) for cell in row.cells},
    }
    if row.extraction is not None:
        covered = row.extraction.coverage
        content |= {
            "pages": covered.pages,
            "pages_read": covered.read,
            "model": row.extraction.model,
            "seconds": row.extraction.seconds,
            "hidden_text": [vars(passage) for passage in row.hidden],
        }
    if row.summaries:
        content["summaries"] = [as_plain(summary) for summary in row.summaries]
    return content


def _cell(cell: Cell) -> dict[str, Any]:
    content: dict[str, Any] = {
        "value": cell.value or None,
        "state": cell.finding.state.value,
        "verified": cell.is_verified,
        "values": [
            {
                "said": value.said,
                "normal": value.normal,
                "exactness": value.exactness.value,
                "score": value.score,
                "page": value.page,
                "pages": list(value.pages),
                "text": value.text,
                "quote": value.quote,
                "boxes": [vars(box) for box in value.boxes],
            }
            for value in cell.values
        ],
    }
    if cell.correction is not None:
        content["review"] = {"value": cell.correction.value, "reviewer": cell.correction.reviewer}
    return content


def _columns(texts: list[str]) -> str:
    return "| " + " | ".join(_inline(text) for text in texts) + " |"


def _inline(text: str) -> str:
    """A text that Markdown shows as it is, on one line."""
    return re.sub(r"([\\`*_{}\[\]<>#|!])", r"\\\1", " ".join(printable(text).split()))
