"""A job over many files whose command and whose backend are killed in the middle."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import psutil

from frontend.cli.desk import OWNER
from frontend.client.blocking import Client
from frontend.history.history import History
from frontend.history.work import Work
from frontend.history.work_records import FileState, WorkFile
from frontend.messages import BackendError, Phase
from frontend.workflows import findings
from scripts.contracts.report import Report
from scripts.lib.measuring import Figure
from scripts.lib.system import ROOT, System

_LOOK: Final = 0.5  # seconds between two looks
_THREADS: Final = 2  # files at a time, the command's default
_ANSWERED: Final = ("stop", "length")


@dataclass
class Run:
    """What happened, and what was found at the end."""

    files: int
    kills: list[dict[str, Any]] = field(default_factory=list)
    rows: int = 0
    done: int = 0
    failed: dict[str, str] = field(default_factory=dict)  # by file
    lost: list[str] = field(default_factory=list)  # without a result and without an error
    redone: list[str] = field(default_factory=list)  # done before a kill, and changed after it
    attempts: dict[str, int] = field(default_factory=dict)  # files by how often they were begun
    asked: int = 0  # requests that the kept results tell of
    answered: int = 0  # requests that the backends answered to their end
    broken_off: int = 0  # requests that a kill ended
    exit_status: int | None = None
    table_rows: int = 0
    seconds: float = 0.0

    @property
    def twice(self) -> int:
        """Answers more than the results tell of; a kill may cost those that were under way."""
        return max(0, self.answered - self.asked)


def durability(
    folder: Path,
    documents: Path,
    fields: str,
    kills: Sequence[tuple[str, float]],
    told: Callable[[str], None],
) -> Run:
    """Runs `extract` over the documents to its end. Each kill names a process and the share of the
    files that are done when it comes."""
    database = f"sqlite:///{folder / 'durability.sqlite3'}"
    for stale in folder.glob("durability.*"):
        stale.unlink()
    listed = folder / "durability.fields.json"
    listed.write_text(fields, encoding="utf-8")
    count = sum(path.suffix.lower() == ".pdf" for path in documents.iterdir())
    run = Run(count)
    system = System(folder, {"DATABASE_URL": database})
    command = _Command(system, documents, listed, folder / "durability.json")
    backends = _Backends(system)
    began = time.monotonic()
    try:
        backends.start()
        command.start()
        with closing(History(database)) as history:
            work = Work(history.database)
            kept: dict[int, WorkFile] = {}
            left = sorted(kills, key=lambda kill: kill[1])
            while (status := command.status()) is None:
                time.sleep(_LOOK)
                backends.look()
                files = _files(work)
                done = [file for file in files if file.state is FileState.DONE]
                run.redone += _changed(kept, files)
                if left and len(done) >= left[0][1] * count:
                    victim, _ = left.pop(0)
                    at = {"killed": victim, "files done": len(done)}
                    run.kills.append(at | {"seconds": round(time.monotonic() - began)})
                    told(f"kill -9 of the {victim} after {len(done)} of {count} files")
                    if victim == "backend":
                        backends.kill()
                        backends.start()
                    else:
                        command.kill()
                        done = [file for file in _files(work) if file.state is FileState.DONE]
                        command.start()
                    kept |= {file.id: file for file in done}
            run.exit_status = status
            backends.look()
            _count(run, _files(work), backends)
            run.redone += _changed(kept, _files(work))
    finally:
        command.end()
        backends.end()
    run.seconds = round(time.monotonic() - began, 1)
    run.redone = sorted(set(run.redone))
    if command.out.exists():
        run.table_rows = len(json.loads(command.out.read_text(encoding="utf-8"))["rows"])
    return run


def report(run: Run) -> Report:
    """As figures."""
    kills = " and ".join(f"the {kill['killed']} at file {kill['files done']}" for kill in run.kills)
    return Report(
        (
            Figure("files with a result", run.done, "", how=f"of {run.files}, kill -9 of {kills}"),
            Figure("files with a clear error", len(run.failed), ""),
            Figure("files lost", run.files - run.rows + len(run.lost), "", 0),
            Figure("kept results that changed after a kill", len(run.redone), "", 0),
            Figure(
                "requests beyond those of the results",
                run.twice,
                "",
                _THREADS * len(run.kills),
                how=f"{run.answered} answered, {run.asked} in results, {run.broken_off} broken off",
            ),
            Figure("rows of the table", run.table_rows, "", run.files, at_least=True),
            Figure("one job from beginning to end", run.seconds, "s"),
        ),
        asdict(run),
    )


def _files(work: Work) -> Sequence[WorkFile]:
    jobs = work.jobs(OWNER)
    assert len(jobs) < 2, "the second command began a job of its own"
    return work.files(OWNER, jobs[0].id) if jobs else ()


def _changed(kept: Mapping[int, WorkFile], files: Sequence[WorkFile]) -> list[str]:
    """Files that were done and are not as they were."""
    return [file.filename for file in files if file.id in kept and file != kept[file.id]]


def _count(run: Run, files: Sequence[WorkFile], backends: _Backends) -> None:
    run.rows = len(files)
    run.done = sum(file.state is FileState.DONE for file in files)
    run.failed = {file.filename: file.error for file in files if file.state is FileState.FAILED}
    run.lost = [
        file.filename
        for file in files
        if not (file.result if file.state is FileState.DONE else file.error)
    ]
    run.attempts = {str(n): of for n, of in sorted(Counter(f.attempts for f in files).items())}
    found = [findings.read(file.result) for file in files if file.result]
    run.asked = sum(one.windows + one.retries for one in found)
    run.answered = backends.total(*_ANSWERED)
    run.broken_off = backends.total("cancelled", "error", "deadline")


class _Command:
    """The command `extract` as a child that can be killed and begun again."""

    def __init__(self, system: System, documents: Path, fields: Path, out: Path) -> None:
        self.out = out
        self._environment = system.environment
        self._arguments = [
            "extract", str(documents), "--fields", str(fields), "--out", str(out), "--quiet",
        ]  # fmt: skip
        self._log = system.folder / "durability.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Begins the job, or goes on with it."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "frontend.cli", *self._arguments],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def status(self) -> int | None:
        """How it ended; None while it works."""
        assert self._process is not None
        return self._process.poll()

    def kill(self) -> None:
        """As `kill -9` does."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def end(self) -> None:
        """Whatever it was doing."""
        if self._process is not None and self._process.poll() is None:
            self.kill()


class _Backends:
    """One backend after the other at the same address, and the sum of what they counted."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._client = Client(system.address)
        self._earlier: Counter[str] = Counter()
        self._latest: Counter[str] = Counter()
        self._running = False

    def start(self) -> None:
        """Returns once it answers."""
        self._system.start("backend")
        self._running = True
        end = time.monotonic() + 180
        while time.monotonic() < end:
            try:
                if self._client.status().phase is Phase.READY:
                    return
            except BackendError:
                pass
            time.sleep(_LOOK)
        raise TimeoutError(f"the backend is not ready:\n{self._system.last_words('backend')}")

    def look(self) -> None:
        """Notes its counters."""
        try:
            self._latest = Counter(self._client.stats().requests)
        except BackendError:
            return  # busy: the next look tells

    def total(self, *outcomes: str) -> int:
        """Requests that ended so, at all backends."""
        return sum(self._earlier[one] + self._latest[one] for one in outcomes)

    def kill(self) -> None:
        """As `kill -9` does, after a last look at its counters; its workers end with it."""
        workers = psutil.Process(self._system.pid("backend")).children(recursive=True)
        self.look()
        self._system.end("backend", signal.SIGKILL)
        self._running = False
        self._earlier += self._latest
        self._latest = Counter()
        _, alive = psutil.wait_procs(workers, timeout=20)
        assert not alive, "workers outlive a backend that was killed"

    def end(self) -> None:
        """In good order."""
        self._client.close()
        if self._running:
            self._system.end("backend")
