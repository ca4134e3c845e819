"""How fast something goes."""

from __future__ import annotations

import time

import pytest

from backend.rates import Flow, Rate


def test_a_rate_is_unknown_until_something_was_measured() -> None:
    rate = Rate()
    rate.add(0, 1.0)
    assert rate.per_second == 0.0
    rate.add(50, 0.5)
    assert rate.per_second == pytest.approx(100)


def test_many_units_weigh_more_than_few() -> None:
    rate = Rate()
    rate.add(1000, 1.0)
    rate.add(10, 0.1)  # as slow as small things are

    assert rate.per_second > 850


def test_a_rate_follows_the_machine() -> None:
    rate = Rate()
    for speed in (1000, 100):
        for _ in range(30):
            rate.add(100, 100 / speed)
    assert rate.per_second == pytest.approx(100, rel=0.01)


def test_a_flow_forgets_what_is_long_past() -> None:
    flow = Flow(window=0.1)
    assert flow.per_second == 0.0
    flow.add(3)
    flow.add(2)
    assert flow.per_second == pytest.approx(50)
    time.sleep(0.12)
    assert flow.per_second == 0.0
