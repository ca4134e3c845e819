"""Contract work as the page sees it: jobs begun, looked at, reviewed, stopped and taken away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from frontend.history.comparisons import Comparisons, KeptComparison
from frontend.history.history import History
from frontend.history.known_files import KnownFile, KnownFiles
from frontend.history.review import Review
from frontend.history.summaries import KeptSummary, Summaries
from frontend.history.work import Work
from frontend.history.work_records import FileState, JobState, WorkFile, WorkJob
from frontend.messages import BackendError, FileRef, ModelCard
from frontend.workflows import batch, comparison, fields
from frontend.workflows.comparison import Comparison
from frontend.workflows.field_lists import FieldLists
from frontend.workflows.fields import FieldList, Language
from frontend.workflows.plans import plan_for
from frontend.workflows.revision import FieldChange, changed_fields
from frontend.workflows.summary import Summarised
from frontend.workflows.table import Cell, Row, Table, table
from frontend.workflows.versions import Passage


class Backend(Protocol):
    """What is asked of the client."""

    def put(self, owner: str, data: bytes, filename: str) -> FileRef: ...

    def has(self, owner: str, hashes: Sequence[str]) -> list[FileRef]: ...


Given = tuple[bytes, str] | KnownFile  # to be handed over under a name, or with the backend already


class Bell(Protocol):
    """What is asked of the runner."""

    def ring(self) -> None: ...

    def stop(self, owner: str, job: str) -> None: ...


@dataclass(frozen=True)
class Refused:
    """A file that the backend did not take, and why."""

    filename: str
    code: str
    message: str


@dataclass(frozen=True)
class Begun:
    """A job that was begun, unless every file was refused."""

    job: str | None
    refused: tuple[Refused, ...]


@dataclass(frozen=True)
class Versions:
    """Which files are the old and the new version, and how they compare once that is known."""

    old: int
    new: int
    comparison: Comparison | None

    @staticmethod
    def of(kept: KeptComparison) -> Versions:
        """From what the history keeps."""
        made = None if kept.content is None else comparison.read(kept.content)
        return Versions(kept.old, kept.new, made)

    def file(self, side: str) -> int:
        """The file on that side: old or new."""
        return self.old if side == "old" else self.new

    def passage(self, file: int, place: int) -> Passage | None:
        """The clause of a change, as that file has it."""
        if self.comparison is None or place >= len(self.comparison.clauses):
            return None
        change = self.comparison.clauses[place]
        return change.old if file == self.old else change.new


@dataclass(frozen=True)
class Sheet:
    """A job at one moment: its files and what was found in them."""

    job: WorkJob
    files: tuple[WorkFile, ...]
    table: Table
    versions: Versions | None = None  # None: files of their own

    @property
    def changed_fields(self) -> tuple[FieldChange, ...]:
        """Of two versions, the fields that differ, as far as both are read."""
        if self.versions is None:
            return ()
        rows = (self.row(self.versions.old), self.row(self.versions.new))
        old, new = (row.extraction if row else None for row in rows)
        return changed_fields(old, new, self.table.fields) if old and new else ()

    @property
    def is_open(self) -> bool:
        """Whether it is being worked on."""
        return self.job.state is JobState.RUNNING

    @property
    def pages(self) -> int:
        """How many pages its files have."""
        return sum(file.file.pages for file in self.files)

    @property
    def pages_done(self) -> int:
        """How many of them need no more work: of ended files all, of others those read."""
        ended = (FileState.DONE, FileState.FAILED)
        return sum(
            file.file.pages if file.state in ended else file.pages_read for file in self.files
        )

    def file(self, number: int) -> WorkFile | None:
        """One of its files."""
        return next((file for file in self.files if file.id == number), None)

    def row(self, number: int) -> Row | None:
        """What was found in one of its files."""
        return next((row for row in self.table.rows if row.id == number), None)

    def cell(self, number: int, field: str) -> Cell | None:
        """What was found of one field in one file."""
        row = self.row(number)
        return None if row is None else row.cell(field)


class Workbench:
    """One owner's jobs. Safe to share between sessions."""

    def __init__(self, backend: Backend, history: History, runner: Bell, owner: str) -> None:
        self._backend = backend
        self._work = Work(history.database)
        self._review = Review(history.database)
        self._summaries = Summaries(history.database)
        self._comparisons = Comparisons(history.database)
        self._known = KnownFiles(history.database)
        self._runner = runner
        self._owner = owner
        self.lists = FieldLists(self._review, owner)

    def begin(
        self,
        title: str,
        asked: FieldList,
        card: ModelCard | None,
        files: Sequence[Given],
        heard: Callable[[int, int], None],
        *,
        summaries: Sequence[Summarised] = (),
        versions: bool = False,
    ) -> Begun:
        """Hands the files over and begins their job; the same job as before goes on.

        A file that the backend refuses, or has no more, is told about; BackendError if it is away.
        With `versions` the first of two files is the old version of the other.
        """
        taken: list[tuple[FileRef, str]] = []
        refused: list[Refused] = []
        for number, given in enumerate(files, start=1):
            try:
                took = self._take(given)
            except BackendError as error:
                if error.kind in batch.HOPELESS:
                    raise
                code = error.code or error.kind
                took = Refused(_name(given), code, error.message)
            if isinstance(took, Refused):
                refused.append(took)
            else:
                taken.append((took, _name(given)))
            heard(number, len(files))
        if not taken or (versions and refused):
            return Begun(None, tuple(refused))
        plan = plan_for(card)
        job = batch.begin(self._work, self._owner, title, asked, plan, taken, versions=versions)
        ids = [file.id for file in self._work.files(self._owner, job)]
        for about in summaries:
            self._summaries.want(self._owner, ids, about.value, asked.language.value)
        self._runner.ring()
        return Begun(job, tuple(refused))

    def known_files(self) -> tuple[KnownFile, ...]:
        """Files of conversations and tables that a job can be about as well, the latest first."""
        return self._known.of(self._owner)

    def has_files_beside(self, conversation: str) -> bool:
        """Whether there are any besides those of a conversation."""
        return self._known.are_beside(self._owner, conversation)

    def jobs(self) -> tuple[WorkJob, ...]:
        """The latest first."""
        return self._work.jobs(self._owner)

    def sheet(self, job: str) -> Sheet | None:
        """A job as it is now; None if there is none of that id."""
        kept = self._work.job(self._owner, job)
        if kept is None:
            return None
        files = self._work.files(self._owner, job)
        told = self._review.corrections(self._owner, job)
        versions = self._comparisons.of_job(self._owner, job)
        return Sheet(
            kept,
            files,
            table(kept.title, fields.read(kept.fields), files, told),
            None if versions is None else Versions.of(versions),
        )

    def whole_table(self, job: str) -> Table | None:
        """Everything a job found, its summaries too, to be taken away."""
        kept = self._work.job(self._owner, job)
        if kept is None:
            return None
        return table(
            kept.title,
            fields.read(kept.fields),
            self._work.files(self._owner, job),
            self._review.corrections(self._owner, job),
            self._summaries.of_job(self._owner, job),
        )

    def summary(self, file: WorkFile, about: Summarised, language: Language) -> KeptSummary | None:
        """A summary of a file as far as it is; None if nobody asked for it."""
        kept = self._summaries.of_job(self._owner, file.job, file.id)
        wanted = (about.value, language.value)
        return next((one for one in kept if (one.about, one.language) == wanted), None)

    def want_summary(self, file: WorkFile, about: Summarised, language: Language) -> None:
        """Has a summary of a file made; one that failed again."""
        self._summaries.want(self._owner, [file.id], about.value, language.value)
        self._runner.ring()

    def stop(self, job: str) -> None:
        """Stops a job; what is done stays done."""
        self._runner.stop(self._owner, job)

    def resume(self, job: str) -> None:
        """Goes on with a stopped job."""
        self._work.resume(self._owner, job)
        self._runner.ring()

    def retry(self, file: int) -> None:
        """Works on one file again."""
        self._work.retry(self._owner, file)
        self._runner.ring()

    def rename(self, job: str, title: str) -> None:
        """Gives a job's table another name."""
        self._work.rename(self._owner, job, title)

    def delete(self, job: str) -> None:
        """Stops a job and forgets it; files that nothing else uses are marked for erasure."""
        self._runner.stop(self._owner, job)
        self._work.delete(self._owner, job)

    def accept(self, file: int, field: str) -> None:
        """The reviewer agrees with the model."""
        self._review.correct(self._owner, file, field, None, reviewer="")

    def correct(self, file: int, field: str, value: str) -> None:
        """The reviewer's value counts; an empty one says that the model's is wrong."""
        self._review.correct(self._owner, file, field, value, reviewer="")

    def undo(self, file: int, field: str) -> None:
        """The reviewer's word is taken back."""
        self._review.uncorrect(self._owner, file, field)

    def _take(self, given: Given) -> FileRef | Refused:
        """What the backend has of a file that a job is to be about."""
        if not isinstance(given, KnownFile):
            return self._backend.put(self._owner, *given)
        found = self._backend.has(self._owner, [given.file.sha256])
        return found[0] if found else Refused(given.filename, "file_gone", "")


def _name(given: Given) -> str:
    return given.filename if isinstance(given, KnownFile) else given[1]
