"""Lessons kept in files, so that they can be made by one process and learnt by others meanwhile."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from scripts.reader.lessons import Lesson

DONE = "done"  # a file that says that no more will come
_PAUSE = 0.2  # seconds between looks at a folder


def put(path: Path, given: Sequence[Lesson]) -> None:
    """Writes lessons; a vocabulary of up to 65,536 tokens fits."""
    tokens = [token for one in given for token in (*one.prompt, *one.answer)]
    sizes = [(len(one.prompt), len(one.answer)) for one in given]
    weights = [one.weight for one in given]
    np.savez(
        path,
        tokens=np.array(tokens, np.uint16),
        sizes=np.array(sizes, np.int32),
        weights=np.array(weights, np.float32),
    )


def take(path: Path) -> Iterator[Lesson]:
    """Reads lessons back."""
    with np.load(path) as kept:
        tokens, sizes, weights = kept["tokens"].tolist(), kept["sizes"].tolist(), kept["weights"]
    at = 0
    for (prompt, answer), weight in zip(sizes, weights.tolist(), strict=True):
        yield Lesson(tokens[at : at + prompt], tokens[at + prompt : at + prompt + answer], weight)
        at += prompt + answer


def follow(folder: Path) -> Iterator[Lesson]:
    """Every lesson of a folder once, those that are still to come awaited."""
    seen: set[Path] = set()
    while True:
        is_done = (folder / DONE).exists()
        fresh = sorted(set(folder.glob("[0-9]*.npz")) - seen)
        for path in fresh:
            yield from take(path)
            seen.add(path)
        if not fresh:
            if is_done:
                return
            time.sleep(_PAUSE)
