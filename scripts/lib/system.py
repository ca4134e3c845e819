"""The whole product as two child processes on free ports, for the benchmark and the tests."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parents[2]


def models_folder() -> Path:
    """Where the embedded model is kept."""
    return Path(os.environ.get("MODELS_DIR") or ROOT / ".models").resolve()


def free_ports(count: int) -> list[int]:
    """Ports of the loopback address that nobody listens on."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


class System:
    """A backend and a web process with a data folder of their own; both end with the `with`."""

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str] | None = None,
        *,
        backend: str = "backend",
        seen_at: str | None = None,
    ) -> None:
        """`backend` is the module that is run. The web process looks for the backend at `seen_at`,
        if that is not where it listens."""
        self.folder = folder
        self._modules = {"backend": backend, "frontend": "frontend"}
        self._seen_at = seen_at
        self.port, backend_port = free_ports(2)
        self.address = f"127.0.0.1:{backend_port}"
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "HF_HUB_OFFLINE": "1",
            "DATA_DIR": str(folder / "data"),
            "MODELS_DIR": str(models_folder()),
            "MODEL": "embedded",
            "PORT": str(self.port),
            "BACKEND_ADDRESS": self.address,
            **(environment or {}),
        }
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, *names: str) -> None:
        """Starts `backend`, `frontend` or, unnamed, both."""
        for name in names or ("backend", "frontend"):
            elsewhere = {"BACKEND_ADDRESS": self._seen_at} if self._seen_at is not None else {}
            with self.log(name).open("ab") as log:
                self._running[name] = subprocess.Popen(
                    [sys.executable, "-m", self._modules[name]],
                    cwd=ROOT,
                    env=self.environment | (elsewhere if name == "frontend" else {}),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )

    def wait_until_ready(self, seconds: float = 60) -> None:
        """Returns when /ready answers 200; says what the logs say if it never does."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            status, said = self.get("/ready") or (None, "")
            if status == 200:
                return
            if '"failed"' in said:
                raise RuntimeError(f"the model could not be loaded:\n{self.last_words('backend')}")
            for name, process in self._running.items():
                if process.poll() is not None:
                    raise RuntimeError(f"{name} ended early:\n{self.last_words(name)}")
            time.sleep(0.1)
        words = "\n".join(self.last_words(name) for name in self._running)
        raise TimeoutError(f"not ready after {seconds:.0f} s:\n{words}")

    def status(self, path: str) -> int | None:
        """The HTTP status of a page; None if nobody listens."""
        answer = self.get(path)
        return None if answer is None else answer[0]

    def get(self, path: str) -> tuple[int, str] | None:
        """The HTTP status and body of a page; None if nobody listens."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode(errors="replace")
        except OSError:
            return None
        finally:
            connection.close()

    def pid(self, name: str) -> int:
        """The process id of `backend`, which may be its supervisor's, or `frontend`."""
        return self._running[name].pid

    def supervised_pid(self) -> int | None:
        """The process id of the backend that is supervised, if one runs just now."""
        children = Path(f"/proc/{self.pid('backend')}/task/{self.pid('backend')}/children")
        found = children.read_text().split()
        return int(found[0]) if found else None

    def is_running(self, name: str) -> bool:
        """Whether `backend` or `frontend` is alive."""
        return self._running[name].poll() is None

    def log(self, name: str) -> Path:
        """What `backend` or `frontend` prints goes there."""
        return self.folder / f"{name}.log"

    def last_words(self, name: str) -> str:
        """The end of a log."""
        return self.log(name).read_text(errors="replace")[-3000:]

    def end(self, name: str, with_signal: signal.Signals = signal.SIGTERM) -> int:
        """Ends `backend` or `frontend` and answers its exit status."""
        process = self._running.pop(name)
        process.send_signal(with_signal)
        try:
            return process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for name in list(self._running):
            self.end(name)
