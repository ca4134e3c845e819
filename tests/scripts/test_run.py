"""The runner of the Procfile, over processes that end and that do not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.waiting import PATIENCE

pytestmark = pytest.mark.recipes

ROOT = Path(__file__).parents[2]


@pytest.fixture
def started(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A runner of the given two commands, once both have said that they run."""
    lines = (f"{name}: {command}" for name, command in zip("ab", request.param, strict=True))
    (tmp_path / "Procfile").write_text("\n".join(lines) + "\n")
    process = subprocess.Popen(
        [sys.executable, ROOT / "scripts/lib/run.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for _ in range(2):
        next(line for line in process.stdout if "runs" in line)
    yield process
    if process.poll() is None:
        process.kill()
    process.communicate()


STUBBORN = "trap '' TERM INT; echo it runs; while true; do sleep 0.1; done"
WILLING = "echo it runs; exec sleep 600"


@pytest.mark.parametrize("started", [(WILLING, WILLING)], indirect=True)
@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_all(
    started: subprocess.Popen[str], number: signal.Signals, status: int
) -> None:
    started.send_signal(number)
    assert started.wait(PATIENCE) == status


@pytest.mark.parametrize("started", [(STUBBORN, STUBBORN)], indirect=True)
def test_a_second_signal_kills_what_does_not_end(started: subprocess.Popen[str]) -> None:
    started.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    assert started.poll() is None
    began = time.monotonic()
    started.send_signal(signal.SIGTERM)
    assert started.wait(PATIENCE) == 143
    assert time.monotonic() - began < 10, "before the time for ending is over, which is 12 s"


@pytest.mark.parametrize("started", [("echo it runs; sleep 1; exit 7", WILLING)], indirect=True)
def test_the_end_of_one_is_the_end_of_all(started: subprocess.Popen[str]) -> None:
    assert started.wait(PATIENCE) == 7
    assert started.stdout is not None
    assert "a stopped (rc=7)" in started.stdout.read()
