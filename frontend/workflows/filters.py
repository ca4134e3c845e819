"""What of a table is shown: everything, what a person should look at, or one kind of trouble."""

from __future__ import annotations

from enum import Enum
from typing import Final

from frontend.workflows.findings import State
from frontend.workflows.table import Cell, Row, Table


class Filter(Enum):
    """Which cells are wanted. What a reviewer has spoken about is settled."""

    ALL = "all"
    TO_CHECK = "to_check"  # whatever the text does not vouch for letter by letter
    UNVERIFIED = "unverified"
    CONFLICTS = "conflicts"


_STATES: Final = {
    Filter.TO_CHECK: (State.NEAR, State.CONFLICT, State.UNVERIFIED),
    Filter.UNVERIFIED: (State.UNVERIFIED,),
    Filter.CONFLICTS: (State.CONFLICT,),
}


def wants(cell: Cell, chosen: Filter) -> bool:
    """Whether a cell is one of those that are looked for."""
    if chosen is Filter.ALL:
        return True
    return cell.correction is None and cell.finding.state in _STATES[chosen]


def rows(table: Table, chosen: Filter) -> tuple[Row, ...]:
    """The rows with a cell that is wanted; of all cells, also those that have none yet."""
    if chosen is Filter.ALL:
        return table.rows
    return tuple(row for row in table.rows if any(wants(cell, chosen) for cell in row.cells))


def neighbour(
    table: Table, chosen: Filter, file: int, field: str | None, *, step: int
) -> tuple[int, str] | None:
    """The next wanted cell (step 1) or the one before (-1) in reading order; None at the end.

    The place one comes from need not be wanted itself, or no longer.
    """
    cells = [(row.id, cell) for row in table.rows for cell in row.cells]
    places = [(number, cell.field.name) for number, cell in cells]
    here = next(
        (index for index, place in enumerate(places) if place == (file, field or place[1])), None
    )
    if here is None:
        return None
    index = here if field is None and step > 0 else here + step
    while 0 <= index < len(cells):
        if wants(cells[index][1], chosen):
            return places[index]
        index += step
    return None
