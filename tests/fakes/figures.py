"""Figures of a backend, zero but for what a test names."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from frontend.messages import Phase, Stats

_NOTHING = Stats(
    phase=Phase.READY,
    queued=0,
    running=0,
    blocks_used=0,
    blocks_total=0,
    requests={},
    refusals={},
    routes={},
    pages={},
    prompt_tokens=0,
    completion_tokens=0,
    cached_tokens=0,
    media_bytes=0,
    media_bytes_limit=0,
    memory_bytes=0,
    uptime_seconds=0.0,
    tokens_per_second=0.0,
)


def figures(**changes: Any) -> Stats:
    """All of it."""
    return replace(_NOTHING, **changes)
