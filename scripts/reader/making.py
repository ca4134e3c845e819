"""Makes lessons on all processors and lays them down in files, for whoever learns meanwhile."""

from __future__ import annotations

import argparse
import multiprocessing
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from scripts.reader import agreements, lessons, shelf
from scripts.reader.agreements import Agreement
from scripts.reader.lessons import Desk, Plan

EOS = 2  # <|im_end|>
_PART = 128  # lessons in a file


def make(model: Path, labelled: Path, plan: Plan, seed: int, workers: int, folder: Path) -> None:
    """Writes all lessons of a plan to files in a folder, and then that it is done."""
    folder.mkdir(parents=True, exist_ok=True)
    count = len(_room(model, labelled)[1])
    todo = lessons.tasks(plan, count, seed)
    parts = [
        (model, labelled, folder / f"{number:05}.npz", todo[at : at + _PART])
        for number, at in enumerate(range(0, len(todo), _PART))
    ]
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        pool.starmap(_make, parts, chunksize=1)
    (folder / shelf.DONE).touch()


def begin(
    model: Path, labelled: Path, plan: Plan, seed: int, workers: int, folder: Path
) -> multiprocessing.process.BaseProcess:
    """The same in a process of its own, which has been started."""
    process = multiprocessing.get_context("spawn").Process(
        target=make, args=(model, labelled, plan, seed, workers, folder)
    )
    process.start()
    return process


def _make(model: Path, labelled: Path, target: Path, todo: Sequence[tuple[str, int, int]]) -> None:
    desk, training = _room(model, labelled)
    given = [lessons.give(desk, task, training) for task in todo]
    partial = target.with_name(f"_{target.name}")
    shelf.put(partial, given)
    partial.rename(target)


@cache
def _room(model: Path, labelled: Path) -> tuple[Desk, list[Agreement]]:
    return Desk.of(model, EOS), agreements.split(agreements.read(labelled)).training


def main() -> None:
    """Makes lessons for runs that share them."""
    ask = argparse.ArgumentParser(prog="python -m scripts.reader.making", description=__doc__)
    ask.add_argument("model", type=Path)
    ask.add_argument("agreements", type=Path, help="a file that scripts.reader.archive made")
    ask.add_argument("folder", type=Path, help="where the lessons go")
    for name in ("english", "chinese", "rounds", "seed", "workers"):
        ask.add_argument(f"--{name}", type=int, required=True)
    given = ask.parse_args()
    plan = Plan(given.english, given.chinese, given.rounds)
    make(given.model, given.agreements, plan, given.seed, given.workers, given.folder)


if __name__ == "__main__":
    main()
