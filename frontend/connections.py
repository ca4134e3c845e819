"""How many connections the web process can hold: as many as its file descriptors leave."""

from __future__ import annotations

import resource
from typing import Final

_OWN: Final = 40  # descriptors for the process itself: about 21, and bodies that wait in files
_LEAST: Final = 8
_MOST: Final = 10_000


def most() -> int:
    """So many connections at a time; takes as many descriptors as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        hard = max(soft, _MOST + _OWN)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return max(_LEAST, min(_MOST, hard - _OWN))
