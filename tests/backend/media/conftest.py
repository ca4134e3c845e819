"""A library in an empty folder, and ways to hand it files."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path

import pytest

from backend.media.library import Library
from backend.media.limits import MB, MediaLimits
from backend.media.media import Media

LIMITS = MediaLimits(document_seconds=4, quota_bytes=60 * MB)

Put = Callable[..., Coroutine[None, None, Media]]


async def chunks(data: bytes, size: int = 100_000) -> AsyncIterator[bytes]:
    """The bytes in pieces, as they come over the wire."""
    for start in range(0, len(data), size):
        yield data[start : start + size]


@pytest.fixture
async def library(tmp_path: Path) -> AsyncIterator[Library]:
    """A library of its own."""
    library = Library(tmp_path / "media", LIMITS)
    yield library
    await library.close()


@pytest.fixture
def put(library: Library) -> Put:
    """Puts bytes for the owner "ann" unless told otherwise."""

    async def put(data: bytes, owner: str = "ann", **announced: object) -> Media:
        return await library.put(owner, chunks(data), **announced)  # type: ignore[arg-type]

    return put
