"""The nouns of contract work as the history keeps them: jobs, their files, corrections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sqlalchemy.engine import RowMapping

from frontend.messages import FileRef


class JobState(Enum):
    """What is to become of a job's waiting files."""

    RUNNING = "running"  # they are worked on, until all are done
    STOPPED = "stopped"  # they wait until it is resumed
    FINISHED = "finished"  # there are none


class FileState(Enum):
    """How far a file of a job is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class WorkFile:
    """A file of a job. `result` is there once it is done."""

    id: int
    job: str
    position: int
    file: FileRef
    filename: str
    state: FileState
    pages_read: int
    attempts: int
    error_code: str
    error: str
    result: str | None  # JSON


@dataclass(frozen=True)
class WorkJob:
    """A job, with the numbers of its files by state."""

    id: str
    owner: str
    title: str
    fields: str  # JSON
    options: Mapping[str, Any]
    state: JobState
    counts: Mapping[FileState, int]
    created_at: float
    updated_at: float

    @property
    def files(self) -> int:
        """How many files it has."""
        return sum(self.counts.values())

    @property
    def open(self) -> int:
        """How many of them are yet to end."""
        return self.counts.get(FileState.WAITING, 0) + self.counts.get(FileState.RUNNING, 0)


@dataclass(frozen=True)
class Correction:
    """What a reviewer made of a field. Value None: the model's is right."""

    field: str
    value: str | None
    reviewer: str
    corrected_at: float


def file_of(row: RowMapping) -> WorkFile:
    """A row of `work_files`."""
    return WorkFile(
        id=row["id"],
        job=row["job"],
        position=row["position"],
        file=FileRef(row["sha256"], row["kind"], row["media_type"], row["size"], row["pages"]),
        filename=row["filename"],
        state=FileState(row["state"]),
        pages_read=row["pages_read"],
        attempts=row["attempts"],
        error_code=row["error_code"],
        error=row["error"],
        result=row["result"],
    )
