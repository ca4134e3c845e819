"""The rate at which tokens come."""

from __future__ import annotations

import pytest

from frontend.pace import SHORTEST, WINDOW, Pace


def test_a_moment_says_nothing() -> None:
    pace = Pace()
    assert pace.hear(10.0, 1) is None
    assert pace.hear(10.0 + SHORTEST / 2, 9) is None


def test_the_rate_is_of_the_last_seconds_alone() -> None:
    pace = Pace()
    for tenth in range(40):  # ten a second
        slow = pace.hear(tenth / 10, tenth)
    assert slow == pytest.approx(10)
    for tenth in range(40):  # a hundred a second
        fast = pace.hear(4 + tenth / 10, 40 + 10 * tenth)
    assert fast == pytest.approx(100)
    assert pace.hear(8 + 2 * WINDOW, 500) is None  # the first after a long silence
