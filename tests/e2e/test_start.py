"""scripts/start.sh as a stranger runs it: from anywhere, with no HOME, ended by a signal."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import httpx
import psutil
import pytest

from scripts.lib.system import free_ports, models_folder
from tests.fakes import checkpoints

ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.recipes,
    pytest.mark.skipif(
        not (ROOT / ".venv/set-up").exists() or (ROOT / ".venv").is_symlink(),
        reason="not set up here: run scripts/test.sh",
    ),
]


class Started:
    """A running start.sh, what it printed, and the processes it made."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.port, backend_port = free_ports(2)
        self.url = f"http://127.0.0.1:{self.port}"
        self.lines: list[str] = []
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            [ROOT / "scripts/start.sh"],
            cwd=folder,
            env={
                "PATH": os.environ["PATH"],
                "PORT": str(self.port),
                "BACKEND_ADDRESS": f"127.0.0.1:{backend_port}",
                "DATA_DIR": "data folder",
                "MODELS_DIR": str(models_folder()),
                "MODEL": "embedded",
                **environment,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.family: list[psutil.Process] = []

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.lines.extend(iter(self.process.stdout.readline, ""))

    @property
    def printed(self) -> str:
        """Everything printed so far."""
        return "".join(self.lines)

    def wait_until_ready(self) -> None:
        """Returns when the line that names the page's address is printed."""
        end = self.began + 120
        while time.monotonic() < end and self.process.poll() is None:
            if re.search(rf"^ready .*http://127\.0\.0\.1:{self.port}$", self.printed, re.M):
                self.family = psutil.Process(self.process.pid).children(recursive=True)
                return
            time.sleep(0.1)
        raise AssertionError(f"never ready:\n{self.printed}")

    def end(self, number: signal.Signals) -> int:
        """Signals the whole group, as a terminal or a supervisor does; the exit status."""
        os.killpg(self.process.pid, number)
        return self.process.wait(timeout=20)

    def heard_all(self) -> None:
        """Returns when the last line is read."""
        self._reader.join(timeout=20)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def survivors(self) -> list[str]:
        """What is still alive of all that was started, a moment after the end."""
        _, alive = psutil.wait_procs(self.family, timeout=20)
        return [" ".join(process.cmdline()) for process in alive]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.family:
            if process.is_running():
                process.kill()
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.heard_all()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a model that is loaded sooner than the embedded one."""
    made = tmp_path_factory.mktemp("tiny")
    checkpoints.save("llama", made)
    return {"MODEL": str(made), "MAX_MODEL_LEN": "512"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that is not the project's, with a space in its name."""
    made = tmp_path / "somewhere else"
    made.mkdir()
    return made


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGKILL, -9)]
)
def test_it_serves_until_a_signal_and_leaves_nothing(
    folder: Path, tiny: dict[str, str], number: signal.Signals, status: int
) -> None:
    with Started(folder, {} if number == signal.SIGTERM else tiny) as started:
        started.wait_until_ready()
        assert httpx.get(f"{started.url}/ready").status_code == 200
        assert httpx.get(started.url).status_code == 200
        assert len(started.family) >= 2
        assert started.end(number) == status
        assert started.survivors() == []
        assert (folder / "data folder").is_dir(), "DATA_DIR counts from where one stood"
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", started.port)) != 0


def test_keys_shut_the_api_and_leave_the_page_open(folder: Path, tiny: dict[str, str]) -> None:
    with Started(folder, {**tiny, "API_KEYS": "key-of-ada,key-of-tom"}) as started:
        started.wait_until_ready()
        models = f"{started.url}/v1/models"
        shut = httpx.get(models)
        assert shut.status_code == 401
        assert shut.headers["www-authenticate"].startswith("Bearer")
        assert httpx.get(models, headers={"Authorization": "Bearer key-of-tom"}).status_code == 200
        assert httpx.get(started.url).status_code == 200
        assert "key-of-ada" not in started.printed


@pytest.mark.parametrize("name", ["web", "backend"])
def test_the_death_of_one_ends_the_other_with_the_cause_in_sight(
    folder: Path, tiny: dict[str, str], name: str
) -> None:
    """Of `backend` it is the supervisor that dies here."""
    with Started(folder, tiny) as started:
        started.wait_until_ready()
        told = re.search(rf"{name} started \(pid=(\d+)\)", started.printed)
        assert told is not None
        os.kill(int(told.group(1)), signal.SIGKILL)
        assert started.process.wait(timeout=20) != 0
        assert started.survivors() == []
        assert f"{name} stopped (rc=-9)" in started.printed


def test_a_killed_backend_is_started_again(folder: Path, tiny: dict[str, str]) -> None:
    with Started(folder, tiny) as started:
        started.wait_until_ready()
        (first,) = (one for one in started.family if one.cmdline()[-2:] == ["-m", "backend"])
        first.kill()
        end = time.monotonic() + 90
        while httpx.get(f"{started.url}/ready").status_code == 200:  # not noticed yet
            assert time.monotonic() < end
        while httpx.get(f"{started.url}/ready").status_code != 200:
            assert time.monotonic() < end, started.printed
            time.sleep(0.2)
        started.family = psutil.Process(started.process.pid).children(recursive=True)
        started.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        started.process.send_signal(signal.SIGTERM)
        assert started.process.wait(timeout=20) == 143
        assert started.survivors() == []


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"PORT": "eighty"}, "PORT"),
        ({"PORT": "70000"}, "PORT"),
        ({"MODEL": "no-such-model"}, "MODEL"),
        ({"DATA_DIR": "/dev/null/data"}, "DATA_DIR"),
        ({"MAX_QUEUE": "many"}, "MAX_QUEUE"),
    ],
)
def test_a_mistake_is_one_line_and_status_two(
    folder: Path, environment: dict[str, str], says: str
) -> None:
    with Started(folder, environment) as started:
        assert started.process.wait(timeout=20) == 2
        started.heard_all()
        assert len([line for line in started.lines if says in line]) == 1, started.printed
        assert "Traceback" not in started.printed


def test_a_taken_port_is_one_line(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with Started(folder, {"PORT": str(port)}) as started:
            assert started.process.wait(timeout=20) == 2
            started.heard_all()
            assert len(started.lines) == 1
            assert str(port) in started.lines[0]
