"""Works on jobs: a few threads that claim files, read them, ask, and keep what was found.

A file that cannot be read or asked about is marked and the job goes on. While the backend is away
nothing fails: the file waits again, and so does the thread. Summaries that people want go first,
but one thread is always left for files, so that neither keeps the other from being done.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from frontend.history.claims import GONE_AFTER, Claims
from frontend.history.comparisons import Comparisons
from frontend.history.database import Database
from frontend.history.summaries import Summaries, Wanted
from frontend.history.work import Work
from frontend.history.work_records import WorkFile
from frontend.messages import BackendError
from frontend.workflows import fields, findings
from frontend.workflows.comparison import compare
from frontend.workflows.document import read_document
from frontend.workflows.extraction import Plan, extract
from frontend.workflows.halt import Halt, Halted
from frontend.workflows.reader import Reader
from frontend.workflows.revision import extract_revision
from frontend.workflows.summarising import summarise
from frontend.workflows.summary import Summarised

log = logging.getLogger(__name__)

_IDLE_SECONDS: Final = 5.0  # between two looks for work that another process may have made
_AWAY_SECONDS: Final = 3.0  # to wait when the backend is away or full


@dataclass(frozen=True)
class _Task:
    """One claimed piece of work: what to do, and how its claim ends."""

    job: str
    do: Callable[[Halt], object]  # does it and keeps what came of it
    holds: Callable[[], bool]  # whether the claim still stands
    release: Callable[[], object]
    fail: Callable[[str, str], object]
    is_summary: bool = False
    halt: Halt = field(default_factory=Halt)


class Runner:
    """Start it, make jobs with `Work`, ring its bell; close it at the end."""

    def __init__(
        self,
        reader: Reader,
        database: Database,
        *,
        threads: int = 2,
        jobs: tuple[str, ...] | None = None,
        gone_after: float = GONE_AFTER,
    ) -> None:
        """`jobs` narrows it to some jobs; None serves all.

        A runner that was silent for `gone_after` seconds is taken for dead.
        """
        self._reader = reader
        self._claims = Claims(database)
        self._work = Work(database)
        self._summaries = Summaries(database)
        self._comparisons = Comparisons(database)
        self._jobs = jobs
        self._gone_after = gone_after
        self._names = [uuid.uuid4().hex for _ in range(threads)]
        self._at_work: dict[str, _Task] = {}  # by name
        self._lock = threading.Lock()
        self._summing = threading.BoundedSemaphore(max(1, threads - 1))
        self._bell = threading.Condition()
        self._rings = 0  # how often it rang, so that who was busy hears of it too
        self._closing = Halt()
        self._threads: list[threading.Thread] = []
        self._away_since: float | None = None

    @property
    def away_seconds(self) -> float:
        """For how long the backend has been away; 0 while it is there."""
        since = self._away_since
        return 0.0 if since is None else time.monotonic() - since

    def start(self) -> None:
        """Takes up what waits, and what earlier runners left behind as soon as they are gone."""
        self._claims.recover(gone_after=self._gone_after)
        self._threads = [
            threading.Thread(target=self._serve, args=(name,), name=f"job-{name[:8]}", daemon=True)
            for name in self._names
        ]
        self._threads.append(threading.Thread(target=self._live, name="job-signs", daemon=True))
        for thread in self._threads:
            thread.start()

    def ring(self) -> None:
        """There may be new work."""
        with self._bell:
            self._rings += 1
            self._bell.notify_all()

    def stop(self, owner: str, job: str) -> None:
        """Stops a job within moments; what it was working on waits until it is resumed."""
        self._work.stop(owner, job)
        with self._lock:
            halts = [task.halt for task in self._at_work.values() if task.job == job]
        for halt in halts:
            halt.stop()

    def close(self) -> None:
        """Ends in good order: unfinished files wait for the next runner."""
        self._closing.stop()
        with self._lock:
            halts = [task.halt for task in self._at_work.values()]
        for halt in halts:
            halt.stop()
        self.ring()
        for thread in self._threads:
            thread.join()
        self._claims.leave(self._names)

    def _live(self) -> None:
        """Says that this runner lives, frees what dead ones held, ends what is held no more."""
        while not self._closing.is_raised:
            try:
                with self._lock:
                    at_work = dict(self._at_work)
                if at_work:
                    self._claims.seen(list(at_work))
                if self._claims.recover(gone_after=self._gone_after):
                    self.ring()
                for task in at_work.values():
                    if not task.holds():
                        task.halt.stop()
            except Exception:
                log.exception("a sign of life failed")
            try:
                self._closing.wait(self._gone_after / 5)
            except Halted:
                return

    def _serve(self, name: str) -> None:
        while True:
            rings = self._rings
            if self._closing.is_raised:  # it rings behind that
                return
            try:
                task = self._next(name)
                if task is None:
                    self._rest(rings, _IDLE_SECONDS)
                elif not self._work_on(name, task):
                    self._closing.wait(_AWAY_SECONDS)
            except Halted:
                return
            except Exception:  # the database, for one, may be full for a while
                log.exception("a job's thread broke")
                self._rest(rings, _AWAY_SECONDS)

    def _rest(self, rings: int, seconds: float) -> None:
        """Waits until the bell has rung more than so many times, or so long."""
        with self._bell:
            self._bell.wait_for(lambda: self._rings != rings, seconds)

    def _next(self, name: str) -> _Task | None:
        """A claimed file or summary, if any waits. Idle runners only read."""
        if self._summing.acquire(blocking=False):
            task = self._next_summary(name)
            if task is not None:
                return task  # and lets go of it at its end
            self._summing.release()
        return self._next_file(name)

    def _next_file(self, name: str) -> _Task | None:
        if not self._claims.waits(self._jobs):
            return None
        self._claims.seen([name])  # before the claim, so that it is never a dead runner's
        file = self._claims.claim(name, jobs=self._jobs)
        if file is None:
            return None
        return _Task(
            file.job,
            do=lambda halt: self._claims.finish(name, file.id, self._extracted(name, file, halt)),
            holds=lambda: self._claims.holds(name, file.id),
            release=lambda: self._claims.release(name, file.id),
            fail=lambda code, message: self._claims.fail(name, file.id, code, message),
        )

    def _next_summary(self, name: str) -> _Task | None:
        if not self._summaries.waits(self._jobs):
            return None
        self._claims.seen([name])
        wanted = self._summaries.claim(name, self._jobs)
        if wanted is None:
            return None
        return _Task(
            wanted.file.job,
            do=lambda halt: self._summaries.finish(name, wanted, self._summed_up(wanted, halt)),
            holds=lambda: self._summaries.holds(name, wanted),
            release=lambda: self._summaries.release(name, wanted),
            fail=lambda code, message: self._summaries.fail(name, wanted, code, message),
            is_summary=True,
        )

    def _work_on(self, name: str, task: _Task) -> bool:
        """Does one claimed piece of work to its end; False if the backend is away."""
        with self._lock:
            self._at_work[name] = task
        try:
            if self._closing.is_raised:
                raise Halted
            task.do(task.halt)
            self._away_since = None
        except Halted:
            task.release()
        except BackendError as error:
            if error.kind in ("unavailable", "queue_full"):
                task.release()
                self._away_since = self._away_since or time.monotonic()
                return False
            task.fail(error.code or error.kind, error.message)
        except fields.FieldsInvalid as error:
            task.fail("invalid_fields", str(error))
        except Exception:
            log.exception("a piece of job %s broke", task.job)
            task.fail("internal_error", "Something went wrong.")
        finally:
            with self._lock:
                del self._at_work[name]
            if task.is_summary:
                self._summing.release()
        return True

    def _extracted(self, name: str, file: WorkFile, halt: Halt) -> str:
        """The file's extraction as JSON."""
        owner, content, options = self._claims.terms(file.job)

        def heard(pages_read: int, pages: int) -> None:
            if not self._claims.progress(name, file.id, pages_read):
                halt.stop()

        document = read_document(
            self._reader, owner, file.file, file.filename, heard=heard, halt=halt
        )
        wanted, plan = fields.read(content), _plan(options)
        older = self._comparisons.older(file.id)
        if older is None:
            return extract(self._reader, owner, document, wanted, plan, halt=halt).to_json()
        if older.result is None:
            raise BackendError(
                "bad_input", "The old version could not be read.", code="old_version_failed"
            )
        before = read_document(self._reader, owner, older.file, older.filename, halt=halt)
        self._comparisons.keep(file.job, compare(before, document).to_json())
        return extract_revision(
            self._reader,
            owner,
            findings.read(older.result),
            before,
            document,
            wanted,
            plan,
            halt=halt,
        ).extraction.to_json()

    def _summed_up(self, wanted: Wanted, halt: Halt) -> str:
        """The wanted summary as JSON."""
        file, owner = wanted.file, wanted.owner
        document = read_document(self._reader, owner, file.file, file.filename, halt=halt)
        return summarise(
            self._reader,
            owner,
            document,
            Summarised(wanted.about),
            fields.Language(wanted.language),
            _plan(wanted.options),
            halt=halt,
        ).to_json()


def _plan(options: Mapping[str, Any]) -> Plan:
    """How a job's documents are asked about."""
    return Plan(options.get("window_tokens"), bool(options.get("quotes")))
