"""What this machine has to compute with, found without loading torch."""

from __future__ import annotations

import os
import shutil
import subprocess

_SECONDS = 10.0


class UnfitDevice(Exception):
    """This machine cannot compute as the operator asks; the sentence says what it lacks."""


def gpu_memory() -> int | None:
    """Bytes of the first GPU's memory; None without a GPU that answers."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    query = [program, "--query-gpu=memory.total", "--format=csv,noheader,nounits", "--id=0"]
    try:
        found = subprocess.run(  # noqa: S603  # a fixed command line
            query, capture_output=True, text=True, timeout=_SECONDS, check=True
        )
        return int(found.stdout.split()[0]) << 20
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return None


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
