"""What this machine has to compute with, found without loading torch."""

from __future__ import annotations

import os
import shutil
import subprocess

_SECONDS = 10.0


class UnfitDevice(Exception):
    """This machine cannot compute as the operator asks; the sentence says what it lacks."""


def gpu_memories() -> list[int]:
    """Bytes of each GPU's memory; empty without a GPU that answers."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    query = [program, "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    try:
        found = subprocess.run(  # noqa: S603  # a fixed command line
            query, capture_output=True, text=True, timeout=_SECONDS, check=True
        )
        return [int(line) << 20 for line in found.stdout.split()]
    except (OSError, subprocess.SubprocessError, ValueError):
        return []


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
