"""Values by bucket."""

from __future__ import annotations

from backend.histogram import SECONDS, Histogram


def test_a_bucket_takes_in_its_upper_bound_and_the_last_one_all_above() -> None:
    histogram = Histogram((0.1, 1))
    for value in (0.0, 0.1, 0.100001, 1, 7):
        histogram.observe(value)
    histogram.observe(0.5, times=3)

    assert histogram.counts == [2, 5, 1]
    assert histogram.total == 8
    assert abs(histogram.sum - 9.700001) < 1e-9


def test_the_usual_bounds_reach_from_a_fast_token_to_a_long_wait() -> None:
    assert list(SECONDS) == sorted(set(SECONDS))
    assert (SECONDS[0], SECONDS[-1]) == (0.005, 60)
