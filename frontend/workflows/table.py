"""The results of a job as a table: files down, fields across, people's corrections beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from frontend.history.summaries import KeptSummary
from frontend.history.work_records import Correction, FileState, WorkFile
from frontend.workflows import findings, summary
from frontend.workflows.document import HiddenText
from frontend.workflows.fields import Field, FieldList
from frontend.workflows.findings import Extraction, Finding, State, Value
from frontend.workflows.summary import Summary


@dataclass(frozen=True)
class Cell:
    """One field of one file. The model's finding stays as it was, whatever a reviewer says."""

    field: Field
    finding: Finding
    correction: Correction | None = None

    @property
    def value(self) -> str:
        """What counts: the reviewer's word if there is one, else the model's."""
        if self.correction is not None and self.correction.value is not None:
            return self.correction.value
        return self.finding.shown

    @property
    def is_corrected(self) -> bool:
        """Whether a reviewer replaced the value."""
        return self.correction is not None and self.correction.value is not None

    @property
    def is_verified(self) -> bool:
        """Whether the text or a person vouches for the value."""
        return self.correction is not None or self.finding.state is State.FOUND

    @property
    def is_missing(self) -> bool:
        """Whether it is required and there is no value."""
        return self.field.required and not self.value

    @property
    def values(self) -> Sequence[Value]:
        """The model's values with their places."""
        return self.finding.values


@dataclass(frozen=True)
class Row:
    """One file of the job. Without an extraction it has no cells."""

    id: int
    filename: str
    sha256: str
    state: FileState
    error: str
    extraction: Extraction | None
    cells: tuple[Cell, ...]
    summaries: tuple[Summary, ...] = ()

    @property
    def hidden(self) -> tuple[HiddenText, ...]:
        """What the file says to machines only."""
        return self.extraction.hidden if self.extraction else ()

    def cell(self, field: str) -> Cell | None:
        """The cell of the field of that name."""
        return next((cell for cell in self.cells if cell.field.name == field), None)


@dataclass(frozen=True)
class Table:
    """Everything a job found."""

    title: str
    fields: FieldList
    rows: tuple[Row, ...]

    def counts(self) -> dict[State, int]:
        """How many cells are in each state."""
        counted = dict.fromkeys(State, 0)
        for row in self.rows:
            for cell in row.cells:
                counted[cell.finding.state] += 1
        return counted


def table(
    title: str,
    fields: FieldList,
    files: Sequence[WorkFile],
    corrections: Mapping[int, Mapping[str, Correction]] | None = None,
    summaries: Sequence[KeptSummary] = (),
) -> Table:
    """The table of a job from its kept files."""
    told = corrections or {}
    made: dict[int, list[Summary]] = {}
    for kept in summaries:
        if kept.content is not None:
            made.setdefault(kept.file, []).append(summary.read(kept.content))
    rows = (_row(file, fields, told.get(file.id, {}), made.get(file.id, ())) for file in files)
    return Table(title, fields, tuple(rows))


def _row(
    file: WorkFile,
    fields: FieldList,
    corrections: Mapping[str, Correction],
    summaries: Sequence[Summary],
) -> Row:
    extraction = None if file.result is None else findings.read(file.result)
    cells: tuple[Cell, ...] = ()
    if extraction is not None:
        cells = tuple(
            Cell(
                field,
                extraction.finding(field.name) or Finding(field.name, State.UNVERIFIED),
                corrections.get(field.name),
            )
            for field in fields.fields
        )
    return Row(
        file.id,
        file.filename,
        file.file.sha256,
        file.state,
        file.error,
        extraction,
        cells,
        tuple(summaries),
    )
