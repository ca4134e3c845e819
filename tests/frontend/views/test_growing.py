"""How an answer is drawn while it grows."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any, cast

import pytest

from frontend.components import dialogs
from frontend.history.records import Message
from frontend.views import growing


@pytest.mark.parametrize(("is_open", "seconds"), [(False, 3.0), (True, 1.0)])
def test_a_run_looks_for_a_while_and_a_short_one_while_a_dialog_may_be_open(
    monkeypatch: pytest.MonkeyPatch, is_open: bool, seconds: float
) -> None:
    clock, looks = [0.0], list[float]()

    def sleep(pause: float) -> None:
        clock[0] += pause

    monkeypatch.setattr(growing, "time", SimpleNamespace(monotonic=lambda: clock[0], sleep=sleep))
    monkeypatch.setattr(growing, "_look", lambda *_: looks.append(clock[0]))
    monkeypatch.setattr(dialogs, "may_be_open", lambda: is_open)
    random.seed(0)
    places: Any = SimpleNamespace(length=0)
    growing._follow(cast(Message, None), places)
    assert looks[-1] == pytest.approx(seconds)
    assert len(looks) == pytest.approx(seconds / growing.LOOK_EVERY, abs=3)


def test_who_looks_long_looks_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, looks = [0.0], list[float]()

    def sleep(pause: float) -> None:
        clock[0] += pause

    def look(*_: object) -> None:
        looks.append(clock[0])
        clock[0] += 0.4  # many others look as well

    monkeypatch.setattr(growing, "time", SimpleNamespace(monotonic=lambda: clock[0], sleep=sleep))
    monkeypatch.setattr(growing, "_look", look)
    places: Any = SimpleNamespace(length=0)
    growing._follow(cast(Message, None), places)
    assert len(looks) <= 5
