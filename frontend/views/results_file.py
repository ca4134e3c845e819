"""The table as a file to take away."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Final

import streamlit as st

from frontend import state
from frontend.i18n import Phrases
from frontend.workbench import Sheet
from frontend.workflows import export
from frontend.workflows.report import to_docx
from frontend.workflows.table import Table
from frontend.workflows.workbook import to_xlsx

_OFFICE: Final = "application/vnd.openxmlformats-officedocument"
_WRITERS: Final[dict[str, tuple[str, Callable[[Table], bytes], str]]] = {
    "xlsx": ("Excel", to_xlsx, f"{_OFFICE}.spreadsheetml.sheet"),
    "docx": ("Word", to_docx, f"{_OFFICE}.wordprocessingml.document"),
    "csv": ("CSV", export.to_csv, "text/csv"),
    "json": ("JSON", export.to_json, "application/json"),
    "md": ("Markdown", export.to_markdown, "text/markdown"),
}


def show(sheet: Sheet, say: Phrases) -> None:
    with st.popover(
        say("export.title"),
        icon=":material/download:",
        key="export",
        disabled=not any(row.cells for row in sheet.table.rows),
    ):
        for ending, (name, write, media_type) in _WRITERS.items():
            st.download_button(
                name,
                partial(_written, sheet.job.id, write),  # only when it is asked for
                f"{_filename(sheet.table.title)}.{ending}",
                media_type,
                key=f"export-{ending}",
                on_click="ignore",
                width="stretch",
            )


def _written(job: str, write: Callable[[Table], bytes]) -> bytes:
    table = state.services().bench.whole_table(job)
    return b"" if table is None else write(table)


def _filename(title: str) -> str:
    """A name that every file system takes."""
    return re.sub(r'[\\/:*?"<>|\x00-\x1f]+', " ", title).strip(" .")[:80] or "results"
