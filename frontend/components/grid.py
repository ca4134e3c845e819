"""The table of results in the browser: real cells with marks, by mouse and by keyboard.

The arrow keys go from cell to cell, Enter opens one. Whatever is shown comes as data and is put
in as text; nothing of it can become markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import streamlit as st

from frontend.components import pieces
from frontend.components.marks import STATES, mark
from frontend.history.work_records import FileState, WorkFile
from frontend.i18n import Phrases
from frontend.workbench import Sheet
from frontend.workflows.fields import Language
from frontend.workflows.filters import Filter, wants
from frontend.workflows.findings import State
from frontend.workflows.table import Cell, Row

_CSS: Final = """
:host, .frame { display: block; }
.frame { overflow: auto; max-height: var(--grid-height, calc(100dvh - 13.2rem));
  border: 1px solid var(--st-border-color); border-radius: 0.5rem; }
table { border-collapse: separate; border-spacing: 0; width: 100%;
  font: 0.84rem/1.35 var(--st-font); color: var(--st-text-color); }
th, td { text-align: left; vertical-align: top; padding: 0; height: 1px;
  border-bottom: 1px solid var(--st-border-color); border-right: 1px solid var(--st-border-color); }
tr > :last-child { border-right: none; }
tbody tr:last-child > * { border-bottom: none; }
thead th { position: sticky; top: 0; z-index: 2; padding: 0.5rem 0.65rem; font-weight: 600;
  background: var(--st-secondary-background-color); white-space: nowrap; }
tbody th, thead th:first-child { position: sticky; left: 0; }
thead th:first-child { z-index: 3; }
tbody th { z-index: 1; font-weight: 400; background: var(--st-background-color);
  min-width: 11rem; max-width: 15rem; }
td { min-width: 8.5rem; max-width: 18rem; }
td.wide { max-width: none; }
button { all: unset; box-sizing: border-box; display: flex; flex-direction: column; gap: 0.15rem;
  width: 100%; height: 100%; padding: 0.45rem 0.65rem; cursor: pointer; }
button:hover { background: color-mix(in srgb, var(--st-primary-color) 8%, transparent); }
.name { font-weight: 600; overflow-wrap: anywhere; }
.value { display: -webkit-box; -webkit-line-clamp: 3; -webkit-box-orient: vertical;
  overflow: hidden; overflow-wrap: anywhere; }
.was { font-size: 0.76rem; opacity: 0.75; text-decoration: line-through; overflow: hidden;
  text-overflow: ellipsis; white-space: nowrap; }
.mark { font-size: 0.76rem; white-space: nowrap; margin-top: auto; }
.mark b { display: inline-block; min-width: 1.1em; }
.other { opacity: 0.45; }
.green { color: var(--st-green-text-color); } .red { color: var(--st-red-text-color); }
.yellow { color: var(--st-yellow-text-color); } .orange { color: var(--st-orange-text-color); }
.blue { color: var(--st-blue-text-color); } .gray { opacity: 0.75; }
.state { padding: 0.45rem 0.65rem; display: flex; align-items: center; gap: 0.8rem;
  min-height: 2.2rem; }
.state.red { flex-wrap: wrap; }
.state button { width: auto; height: auto; flex: none; padding: 0.2rem 0.7rem;
  border-radius: 0.4rem; border: 1px solid var(--st-border-color); color: var(--st-text-color); }
.bar { flex: 0 1 14rem; height: 0.35rem; border-radius: 1rem; overflow: hidden;
  background: var(--st-secondary-background-color); }
.bar i { display: block; height: 100%; background: var(--st-primary-color);
  transition: width 0.4s; }
@media (max-width: 640px) {
  tbody th { min-width: 7.5rem; max-width: 7.5rem; }
  .state { max-width: 60vw; }
}
"""
_JS: Final = """
function head(columns) {
  const row = part("tr");
  for (const column of columns) {
    const cell = part("th", "", column.heading);
    cell.scope = "col";
    cell.title = column.question;
    row.append(cell);
  }
  const head = part("thead");
  head.append(row);
  return head;
}

function opener(file, field, open) {
  const button = part("button");
  button.type = "button";
  button.tabIndex = -1;
  button.dataset.file = file;
  button.dataset.field = field;
  button.setAttribute("aria-current", String(open));
  return button;
}

function name(row) {
  const cell = part("th");
  cell.scope = "row";
  const button = opener(row.file, "", row.open);
  button.append(part("span", "name", row.name), part("span", "mark " + row.tone, row.about));
  cell.append(button);
  return cell;
}

function value(row, cell) {
  const td = part("td");
  const button = opener(row.file, cell.field, cell.open);
  if (cell.other) button.classList.add("other");
  button.append(part("span", "value", cell.value));
  if (cell.was) button.append(part("span", "was", cell.was));
  const mark = part("span", "mark " + cell.tone);
  const symbol = part("b", "", cell.symbol);
  symbol.ariaHidden = "true";
  mark.append(symbol, " " + cell.word);
  button.append(mark);
  td.append(button);
  return td;
}

function standing(row, columns) {
  const td = part("td", "wide");
  td.colSpan = columns.length - 1;
  const state = part("div", "state " + row.tone);
  state.append(part("span", "", row.sentence));
  if (row.share !== null) {
    const bar = part("div", "bar"), full = part("i");
    full.style.width = Math.round(100 * row.share) + "%";
    bar.append(full);
    state.append(bar);
  }
  if (row.retry) {
    const again = part("button", "", row.retry);
    again.type = "button";
    again.dataset.retry = row.file;
    state.append(again);
  }
  td.append(state);
  return td;
}

function body(data) {
  const body = part("tbody");
  for (const row of data.rows) {
    const line = part("tr");
    line.append(name(row));
    if (row.cells.length) line.append(...row.cells.map((cell) => value(row, cell)));
    else line.append(standing(row, data.columns));
    body.append(line);
  }
  return body;
}

function go(frame, from, key) {
  const line = from.closest("tr"), place = [...line.children].indexOf(from.parentElement);
  const lines = [...frame.querySelectorAll("tbody tr")];
  const down = { ArrowDown: 1, ArrowUp: -1 }[key] || 0;
  const right = { ArrowRight: 1, ArrowLeft: -1 }[key] || 0;
  const next = lines[lines.indexOf(line) + down];
  const cell = next && (next.children[place + right] || (down && next.firstElementChild));
  const button = cell && cell.querySelector("button");
  if (!button) return;
  reach(frame, button);
  button.focus();
}

function reach(frame, button) {  // of all cells, Tab comes to this one
  frame.querySelectorAll("button[data-file]").forEach((one) => { one.tabIndex = -1; });
  button.tabIndex = 0;
}

export default function ({ data, parentElement, setTriggerValue }) {
  const frame = parentElement.querySelector(".frame");
  frame.onclick = (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.retry) setTriggerValue("retry", Number(button.dataset.retry));
    else setTriggerValue("picked", [Number(button.dataset.file), button.dataset.field]);
  };
  frame.onkeydown = (event) => {
    if (!event.key.startsWith("Arrow") || !event.target.dataset.file) return;
    event.preventDefault();
    go(frame, event.target, event.key);
  };
  const first = !drawn.has(frame);
  if (!isNew(frame, data)) return;
  const root = frame.getRootNode(), had = root.activeElement;
  const table = part("table");
  table.setAttribute("aria-label", data.title);
  table.append(head(data.columns), body(data));
  frame.replaceChildren(table);
  const at = (file, field) => [...frame.querySelectorAll("button[data-file]")].find(
    (one) => one.dataset.file === file && one.dataset.field === field);
  const open = frame.querySelector("button[aria-current=true]");
  const place = had && had.dataset && had.dataset.file
    ? at(had.dataset.file, had.dataset.field) : null;
  const start = place || open || frame.querySelector("button[data-file]");
  if (start) reach(frame, start);
  if (place) place.focus({ preventScroll: true });
  if (open && (data.moved || first)) open.scrollIntoView({ block: "nearest", inline: "nearest" });
}
"""
STANDS: Final = (STATES[State.FOUND], STATES[State.NEAR])  # a page can be named
_GRID: Final = st.components.v2.component(
    "results", html='<div class="frame"></div>', css=_CSS + pieces.CSS, js=pieces.JS + _JS
)


@dataclass(frozen=True)
class Touched:
    """What somebody did to the table in this moment; one of them at most."""

    picked: tuple[int, str | None] | None  # a file, and a field unless it was the file's name
    retry: int | None  # a file


def show(
    sheet: Sheet,
    rows: Sequence[Row],
    chosen: Filter,
    opened: tuple[int | None, str | None],
    say: Phrases,
) -> Touched:
    """Draws the table in place of the one before; scrolling and focus stay where they are."""
    columns = [{"heading": say("work.file"), "question": ""}]
    columns += [
        {"heading": field.heading, "question": field.question}
        for field in sheet.table.fields.fields
    ]
    result = _GRID(
        key="results",
        data={
            "title": sheet.table.title,
            "columns": columns,
            "rows": [_row(row, sheet.file(row.id), chosen, opened, say) for row in rows],
            "moved": opened[0] is not None,
        },
        on_picked_change=pieces.nothing,
        on_retry_change=pieces.nothing,
    )
    picked = result.picked
    return Touched(None if not picked else (int(picked[0]), picked[1] or None), result.retry)


def _row(
    row: Row,
    file: WorkFile | None,
    chosen: Filter,
    opened: tuple[int | None, str | None],
    say: Phrases,
) -> dict[str, Any]:
    assert file is not None  # the rows of a table are those of its files
    return {
        "file": row.id,
        "name": row.filename,
        "open": opened == (row.id, None),
        "about": _about(row, file, say),
        "tone": "red" if row.state is FileState.FAILED else "orange" if row.hidden else "gray",
        "sentence": _sentence(file, say),
        "share": file.pages_read / max(1, file.file.pages)
        if row.state is FileState.RUNNING
        else None,
        "retry": say("work.retry") if row.state is FileState.FAILED else "",
        "cells": [
            _cell(cell, chosen, opened == (row.id, cell.field.name), say) for cell in row.cells
        ],
    }


def _about(row: Row, file: WorkFile, say: Phrases) -> str:
    """The small line under a file's name."""
    if row.extraction is None:
        return say("files.pages", n=file.file.pages)
    covered = row.extraction.coverage.line(Language(say.language))
    return f"{covered} · {say('work.hidden_mark')}" if row.hidden else covered


def _sentence(file: WorkFile, say: Phrases) -> str:
    """How far a file is, or why it could not be worked on."""
    match file.state:
        case FileState.FAILED:
            return say.error(file.error_code, file.error)
        case FileState.RUNNING if file.pages_read < file.file.pages:
            return say("work.reading", page=file.pages_read + 1, pages=file.file.pages)
        case FileState.RUNNING:
            return say("work.asking")
        case _:
            return say("work.waiting")


def _cell(cell: Cell, chosen: Filter, is_open: bool, say: Phrases) -> dict[str, Any]:
    shown = mark(cell)
    page = cell.values[0].page if shown in STANDS else None
    word = say(f"mark.{shown.name}")
    return {
        "field": cell.field.name,
        "value": cell.value,
        "was": cell.finding.shown if cell.is_corrected else "",
        "symbol": shown.symbol,
        "word": word if page is None else say("mark.on_page", mark=word, page=page),
        "tone": shown.tone,
        "open": is_open,
        "other": not wants(cell, chosen),
    }
