"""How sure a value is, as a symbol and a word: never by colour alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

from frontend.workflows.findings import State
from frontend.workflows.table import Cell, Table


@dataclass(frozen=True)
class Mark:
    """`tone` is a colour of the theme; `name` is said in words by the phrase `mark.<name>`."""

    name: str
    symbol: str
    tone: str


STATES: Final = {
    State.FOUND: Mark("found", "✓", "green"),
    State.NEAR: Mark("near", "≈", "yellow"),
    State.CONFLICT: Mark("conflict", "≠", "orange"),
    State.UNVERIFIED: Mark("unverified", "?", "red"),
    State.NOT_STATED: Mark("not_stated", "–", "gray"),
}
ACCEPTED: Final = Mark("accepted", "✓✓", "blue")
CORRECTED: Final = Mark("corrected", "✎", "blue")
REJECTED: Final = Mark("rejected", "✕", "blue")


def mark(cell: Cell) -> Mark:
    """The reviewer's word if there is one, else what the text says."""
    if cell.correction is None:
        return STATES[cell.finding.state]
    if not cell.is_corrected:
        return ACCEPTED
    return CORRECTED if cell.value else REJECTED


def counted(table: Table) -> list[tuple[Mark, int]]:
    """How many values have each mark, in their order; marks that none has are left out."""
    counts = Counter(mark(cell) for row in table.rows for cell in row.cells)
    return [
        (one, counts[one])
        for one in (*STATES.values(), ACCEPTED, CORRECTED, REJECTED)
        if counts[one]
    ]
