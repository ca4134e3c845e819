"""Starts the whole system in the background, waits until it answers, stops it, tells how it is.

What runs is remembered in DATA_DIR/run, what it prints is in DATA_DIR/logs. Needs nothing but
Python, so that `stop` and `status` work whatever became of the environment.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import select
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from scripts.lib.announce import asked  # noqa: E402

START_SECONDS = 1800  # for a large model to be loaded
STOP_SECONDS = 20
ASK_SECONDS = 0.5  # between two questions
LAST_LINES = 20
NOT_RUNNING = 3  # exit status, as of services

_SAID = re.compile(r"\S+ (\S+) +\| (.*)")
_ENDED = re.compile(r"(\S+) stopped \(rc=(?!0\)).*\)")


@dataclass(frozen=True)
class Running:
    """A system that was started here."""

    pid: int  # of scripts/start.sh, which leads its process group
    born: str  # when the process began, so that another one of the same number is not taken for it
    host: str
    port: int
    url: str

    @property
    def is_alive(self) -> bool:
        """Whether it still runs."""
        return born(self.pid) == self.born


class Desk:
    """The folders of one system."""

    def __init__(self, data: Path) -> None:
        self._record = data / "run" / "system.json"
        self.log = data / "logs" / "system.log"
        self._record.parent.mkdir(parents=True, exist_ok=True)
        self.log.parent.mkdir(parents=True, exist_ok=True)

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Two commands at once go one after the other."""
        with (self._record.parent / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def running(self) -> Running | None:
        """What was started and still runs."""
        try:
            known = Running(**json.loads(self._record.read_text()))
        except (OSError, ValueError, TypeError):
            return None
        return known if known.is_alive else None

    def remember(self, running: Running) -> None:
        """Writes down what runs."""
        self._record.write_text(json.dumps(asdict(running)))

    def forget(self) -> None:
        """Nothing runs."""
        self._record.unlink(missing_ok=True)

    def last_lines(self) -> str:
        """The end of the log."""
        try:
            lines = self.log.read_text(errors="replace").splitlines()
        except OSError:
            return ""
        return "\n".join(f"   {line}" for line in lines[-LAST_LINES:])


def born(pid: int) -> str | None:
    """When a process began, in the kernel's ticks; None if there is none, or only its remains."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]


def start(desk: Desk) -> int:
    """Starts, and returns when the first answer was produced or there will be none."""
    if (known := desk.running()) is not None:
        print(f"✅ already running: {known.url}")
        return wait(desk, known)
    if desk.log.exists():
        desk.log.replace(desk.log.with_suffix(".log.1"))
    host, port = os.environ["HOST"], int(os.environ["PORT"])
    pid = spawn(ROOT / "scripts" / "start.sh", desk.log)
    running = Running(pid, born(pid) or "", host, port, url_of(host, port))
    desk.remember(running)
    print(f"   log: {desk.log}", flush=True)
    return wait(desk, running, is_child=True)


def spawn(script: Path, log: Path) -> int:
    """Runs a script that outlives this process, in a session of its own; its process id."""
    mode = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    return os.posix_spawn(
        script,
        [str(script)],
        os.environ,
        setsid=True,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), mode, 0o644),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
    )


def wait(desk: Desk, running: Running, *, is_child: bool = False) -> int:
    """Asks until it is ready, has failed, or has ended."""
    end = time.monotonic() + START_SECONDS
    told = ""
    while time.monotonic() < end:
        if not running.is_alive:
            desk.forget()
            ended = "it ended"
            if is_child:
                _, status = os.waitpid(running.pid, 0)
                ended += f" with status {os.waitstatus_to_exitcode(status)}"
            return failed(desk, ended, cause_of(desk))
        status_code, said = asked(reachable(running.host), running.port)
        if status_code == 200:
            print(f"✅ ready: {running.url}")
            return 0
        detail = str(said.get("detail") or "")
        if said.get("phase") == "failed":
            end_it(running)
            desk.forget()
            return failed(desk, "the model could not be brought in", detail)
        if detail and detail != told:
            told = detail
            print(f"   {detail}", flush=True)
        pause(running, ASK_SECONDS)
    return failed(desk, f"not ready after {START_SECONDS} s; it still runs", told)


def stop(desk: Desk) -> int:
    """Ends what was started here, with all its processes."""
    running = desk.running()
    if running is None:
        desk.forget()
        print("✅ not running")
        return 0
    is_killed = end_it(running)
    desk.forget()
    print("✅ stopped" + (" (it had to be killed)" if is_killed else ""))
    return 0


def status(desk: Desk) -> int:
    """Tells how it is: 0 ready, 1 running and not ready, 3 not running."""
    running = desk.running()
    if running is None:
        print("❌ not running")
        return NOT_RUNNING
    code, said = asked(reachable(running.host), running.port)
    if code == 200:
        print(f"✅ ready: {running.url} (pid {running.pid}, log {desk.log})")
        return 0
    print(f"⏳ not ready: {said.get('detail') or 'nobody answers yet'} (log {desk.log})")
    return 1


def end_it(running: Running) -> bool:
    """SIGTERM to the group, SIGKILL if that is not enough; whether it was not."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(running.pid, signal.SIGTERM)
    if pause(running, STOP_SECONDS):
        return False
    with contextlib.suppress(ProcessLookupError):
        os.killpg(running.pid, signal.SIGKILL)
    pause(running, STOP_SECONDS)
    return True


def pause(running: Running, seconds: float) -> bool:
    """Waits so long at most; whether the process has ended, which is known at once."""
    try:
        descriptor = os.pidfd_open(running.pid)
    except OSError:
        return True
    try:
        return bool(select.select([descriptor], [], [], seconds)[0])
    finally:
        os.close(descriptor)


def failed(desk: Desk, what: str, cause: str) -> int:
    """One line with the cause, and the end of the log."""
    print(f"❌ {what}{f': {cause}' if cause else ''}")
    print(f"   the last lines of {desk.log}:\n{desk.last_lines()}")
    return 1


def cause_of(desk: Desk) -> str:
    """The set-up's error, or the last words of the process that failed first."""
    try:
        lines = desk.log.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    words: dict[str, str] = {}
    for line in lines:
        if line.startswith("error: "):
            return line.removeprefix("error: ")
        if (said := _SAID.fullmatch(line)) is None:
            continue
        name, text = said.groups()
        if (ended := _ENDED.fullmatch(text)) is not None and name == "system":
            return words.get(ended[1], "")
        words[name] = text
    return ""


def reachable(host: str) -> str:
    """Where a service that listens on `host` is asked from here."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared


def url_of(host: str, port: int) -> str:
    """The page's address."""
    name = reachable(host)
    path = os.environ.get("BASE_PATH", "").strip("/")
    return f"http://{f'[{name}]' if ':' in name else name}:{port}/{path}".rstrip("/")


def main() -> int:
    """The exit status of a command."""
    desk = Desk(Path(os.environ["DATA_DIR"]))
    match sys.argv[1]:
        case "status":
            return status(desk)
        case "stop":
            with desk.alone():
                return stop(desk)
        case "restart":
            with desk.alone():
                return stop(desk) or start(desk)
        case _:
            with desk.alone():
                return start(desk)


if __name__ == "__main__":
    sys.exit(main())
