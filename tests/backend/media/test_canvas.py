"""Pixels cross between processes; what was taken over stays whole."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from backend.media.canvas import Canvas, draw


def test_what_another_process_draws_is_seen_here() -> None:
    data = bytes(range(256)) * 9
    with ProcessPoolExecutor(1, get_context("spawn")) as others, Canvas() as canvas:
        others.submit(draw, canvas.path, data).result()
        pixels = canvas.pixels(32, 24)
    assert (pixels.width, pixels.height) == (32, 24)
    assert bytes(pixels.data) == data  # the canvas itself is gone


def test_nobody_changes_it_afterwards() -> None:
    with Canvas() as canvas:
        draw(canvas.path, bytes(12))
        pixels = canvas.pixels(2, 2)
        with pytest.raises(PermissionError):
            draw(canvas.path, b"x")
        with pytest.raises(PermissionError), canvas.path.open("r+b") as file:
            file.truncate(0)
    assert bytes(pixels.data) == bytes(12)


def test_a_picture_that_is_not_whole_is_refused() -> None:
    with Canvas() as canvas:
        draw(canvas.path, bytes(11))
        with pytest.raises(ValueError, match="11 bytes"):
            canvas.pixels(2, 2)


def test_it_leaves_nothing_open() -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        with Canvas() as canvas:
            draw(canvas.path, bytes(3))
            canvas.pixels(1, 1)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
