"""What benchmarks share: figures beside goals, the conditions they hold for, a made-up backend."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from scripts.lib.system import ROOT, free_ports

PACKAGES = ("torch", "transformers", "onnxruntime", "rapidocr", "streamlit", "grpcio")
FAKE_BACKEND = """
import sys
from tests.fakes.backend import FakeBackend
fake = FakeBackend(answer=" ".join(["word"] * int(sys.argv[1])))
fake._port = int(sys.argv[2])
fake.token_delay = float(sys.argv[3])
with fake:
    print("listening", flush=True)
    sys.stdin.read()
"""


@dataclass(frozen=True)
class Figure:
    """One measured value beside what it should be."""

    name: str
    value: float | None  # None: could not be measured here
    unit: str
    goal: float | None = None
    at_least: bool = False  # whether more is better
    how: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None where there is none or no value."""
        if self.value is None or self.goal is None:
            return None
        return self.value >= self.goal if self.at_least else self.value <= self.goal


@contextmanager
def fake_backend(tokens: int, pace: float | None = None) -> Iterator[str]:
    """Address of a backend in a process of its own that computes nothing and answers so many words,
    at once or so many a second."""
    (port,) = free_ports(1)
    with subprocess.Popen(
        [sys.executable, "-c", FAKE_BACKEND, str(tokens), str(port), str(1 / pace if pace else 0)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield f"127.0.0.1:{port}"
        process.terminate()


def busy_seconds(process: psutil.Process) -> float:
    """Processor time that a process has used."""
    times = process.cpu_times()
    return times.user + times.system


def conditions() -> dict[str, str]:
    """What the figures hold for."""
    processor = platform.processor() or platform.machine()
    details = Path("/proc/cpuinfo")
    if details.exists():
        names = [line for line in details.read_text().splitlines() if line.startswith("model name")]
        processor = names[0].partition(":")[2].strip() if names else processor
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True
    ).stdout.strip()
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "commit": commit,
        "processor": processor,
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "load before": f"{os.getloadavg()[0]:.1f}",
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in PACKAGES},
    }


def shown(figures: Iterable[Figure]) -> None:
    """The table, line by line."""
    print(f"{'what':<44}{'measured':>16}  {'goal':<14}how")
    for figure in figures:
        measured = "-" if figure.value is None else f"{figure.value:.3g} {figure.unit}"
        sign = ">=" if figure.at_least else "<="
        goal = "" if figure.goal is None else f"{sign} {figure.goal:g}"
        verdict = {True: " met", False: " MISSED", None: ""}[figure.met]
        print(f"{figure.name:<44}{measured:>16}  {goal + verdict:<14}{figure.how}", flush=True)
