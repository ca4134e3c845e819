"""Filters: which rows stay, and where the next value to look at is."""

from __future__ import annotations

import pytest

from frontend.history.work_records import Correction, FileState
from frontend.workflows.document import Coverage
from frontend.workflows.fields import Field, FieldList, Language
from frontend.workflows.filters import Filter, neighbour, rows
from frontend.workflows.findings import Extraction, Finding, State
from frontend.workflows.table import Cell, Row, Table

FIELDS = (Field("law", "Which?"), Field("term", "How long?"))


def row(number: int, *states: State, settled: str = "") -> Row:
    cells = tuple(
        Cell(
            field,
            Finding(field.name, state),
            Correction(field.name, None, "", 0.0) if field.name == settled else None,
        )
        for field, state in zip(FIELDS, states, strict=False)
    )
    found = Extraction("", "", (), Coverage(1)) if cells else None
    state = FileState.DONE if cells else FileState.WAITING
    return Row(number, f"{number}.pdf", "", state, "", found, cells)


TABLE = Table(
    "T",
    FieldList("t", "T", Language.ENGLISH, FIELDS),
    (
        row(1, State.FOUND, State.UNVERIFIED),
        row(2),
        row(3, State.CONFLICT, State.NOT_STATED),
        row(4, State.NEAR, State.UNVERIFIED, settled="term"),
    ),
)


@pytest.mark.parametrize(
    ("chosen", "kept"),
    [
        (Filter.ALL, [1, 2, 3, 4]),
        (Filter.TO_CHECK, [1, 3, 4]),
        (Filter.UNVERIFIED, [1]),
        (Filter.CONFLICTS, [3]),
    ],
)
def test_rows_with_what_is_looked_for_stay(chosen: Filter, kept: list[int]) -> None:
    assert [row.id for row in rows(TABLE, chosen)] == kept


def test_the_next_value_is_the_next_that_is_wanted() -> None:
    walk, place = [], neighbour(TABLE, Filter.TO_CHECK, 1, None, step=1)
    while place is not None:
        walk.append(place)
        place = neighbour(TABLE, Filter.TO_CHECK, *place, step=1)
    assert walk == [(1, "term"), (3, "law"), (4, "law")]
    assert neighbour(TABLE, Filter.TO_CHECK, 4, "law", step=-1) == (3, "law")
    assert neighbour(TABLE, Filter.TO_CHECK, 4, "term", step=-1) == (4, "law")  # settled itself


def test_there_is_an_end_and_a_beginning() -> None:
    assert neighbour(TABLE, Filter.ALL, 4, "term", step=1) is None
    assert neighbour(TABLE, Filter.ALL, 1, "law", step=-1) is None
    assert neighbour(TABLE, Filter.ALL, 2, None, step=1) is None  # nothing was found in it yet
