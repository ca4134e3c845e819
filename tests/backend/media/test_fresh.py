"""Fresh pictures are there for a while, within their room."""

from __future__ import annotations

import asyncio

import pytest

from backend.media import fresh
from backend.media.fresh import Fresh
from backend.prompt.picture import Pixels


async def test_the_oldest_makes_room() -> None:
    kept = Fresh(30)
    pixels = {name: Pixels(bytes(12), 2, 2) for name in "abc"}
    for name in "abc":
        kept.keep(name, pixels[name])
    assert kept.find("a") is None
    assert (kept.find("b"), kept.find("c")) == (pixels["b"], pixels["c"])
    assert kept.bytes == 24
    kept.drop("b")
    kept.keep("c", pixels["c"])
    assert kept.bytes == 12
    kept.keep("large", Pixels(bytes(48), 4, 4))
    assert (kept.find("large"), kept.bytes) == (None, 0)


async def test_they_go_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fresh, "_SECONDS", 0.01)
    kept = Fresh(100)
    kept.keep("a", Pixels(bytes(3), 1, 1))
    await asyncio.sleep(0.05)
    assert (kept.find("a"), kept.bytes) == (None, 0)
