"""Kept answers: a broken run goes on, another adapter or question begins anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scripts.contracts.kept import Kept


class Model:
    """Answers with how often it was asked, and breaks off after `room` answers."""

    def __init__(self, room: int = 100) -> None:
        self.asked: list[str] = []
        self.room = room

    def __call__(self, name: str) -> dict[str, Any]:
        if len(self.asked) == self.room:
            raise KeyboardInterrupt
        self.asked.append(name)
        return {"text": f"甲方 {name}"}


def silent(told: str) -> None:
    pass


def run(folder: Path, model: Model, adapter: str = "one", asked: str = "?") -> list[Any]:
    return Kept(folder, "part", adapter, asked).rows(["a", "b", "c"], model, silent)


def test_a_run_that_was_broken_off_goes_on(tmp_path: Path) -> None:
    first, second = Model(room=2), Model()
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, first)
    rows = run(tmp_path, second)

    assert (first.asked, second.asked) == (["a", "b"], ["c"])
    assert rows == [{"name": name, "text": f"甲方 {name}"} for name in "abc"]


def test_a_line_that_was_not_written_whole_is_asked_for_again(tmp_path: Path) -> None:
    run(tmp_path, Model())
    (path,) = (tmp_path / "answers").iterdir()
    path.write_bytes(path.read_bytes()[:-9])
    again = Model()

    rows = run(tmp_path, again)

    assert again.asked == ["c"]
    assert [row["name"] for row in rows] == ["a", "b", "c"]
    assert run(tmp_path, Model(room=0)) == rows


def test_another_adapter_and_another_question_have_answers_of_their_own(tmp_path: Path) -> None:
    models = [Model(), Model(), Model()]
    run(tmp_path, models[0])
    run(tmp_path, models[1], adapter="two")
    run(tmp_path, models[2], asked="!")

    assert [model.asked for model in models] == [["a", "b", "c"]] * 3
