"""What of this machine is left: memory for its processes, room on a disk."""

from __future__ import annotations

import shutil
from pathlib import Path

_MEMINFO = Path("/proc/meminfo")
_CGROUP = Path("/sys/fs/cgroup")


def available_bytes() -> int:
    """Memory that can be taken without swapping, within a container's bound; 0 if unknown."""
    found = [one for one in (_of_machine(_MEMINFO), _of_container(_CGROUP)) if one is not None]
    return min(found, default=0)


def free_bytes(folder: Path) -> int:
    """Room on the disk of a folder; 0 if unknown."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return 0


def _of_machine(meminfo: Path) -> int | None:
    try:
        for line in meminfo.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) << 10
    except (OSError, ValueError, IndexError):
        pass
    return None


def _of_container(cgroup: Path) -> int | None:
    """None where there is no bound. Cached files count as free: they give way."""
    try:
        most = int((cgroup / "memory.max").read_text())
        taken = int((cgroup / "memory.current").read_text())
        counts = dict(line.split() for line in (cgroup / "memory.stat").read_text().splitlines())
        return max(0, most - taken + int(counts.get("inactive_file", 0)))
    except (OSError, ValueError):
        return None
