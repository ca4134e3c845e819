"""What two moments tell: growth, quantiles, windows; and what a restart in between does to it."""

from __future__ import annotations

from itertools import pairwise

import pytest

from frontend.messages import Distribution
from frontend.monitor.samples import Sample, grown, newer, quantile, since, thinned, window
from tests.fakes.figures import figures

NONE = Distribution((1.0, 2.0, 4.0), (0, 0, 0, 0))


def waits(*counts: int) -> Distribution:
    return Distribution((1.0, 2.0, 4.0), counts)


def test_growth() -> None:
    assert grown({"a": 2}, {"a": 5, "b": 1}) == {"a": 3, "b": 1}
    assert grown({"a": 9}, {"a": 4}) == {"a": 4}, "it began anew"


@pytest.mark.parametrize(
    ("counts", "share", "value"),
    [
        ((4, 0, 0, 0), 0.5, 0.5),
        ((2, 2, 0, 0), 0.5, 1.0),
        ((0, 4, 0, 0), 0.25, 1.25),
        ((0, 0, 2, 0), 0.95, 3.9),
        ((1, 0, 0, 3), 0.95, 4.0),  # beyond the last bound nothing is known
        ((0, 0, 0, 0), 0.5, None),
    ],
)
def test_quantiles(counts: tuple[int, ...], share: float, value: float | None) -> None:
    found = quantile(waits(*counts), share)
    assert found == (value if value is None else pytest.approx(value))


def test_without_bounds_there_is_no_quantile() -> None:
    assert quantile(Distribution(), 0.5) is None


def test_what_was_observed_in_between() -> None:
    assert newer(waits(1, 2, 3, 4), waits(2, 2, 5, 4)).counts == (1, 0, 2, 0)
    assert newer(waits(9, 0, 0, 0), waits(1, 0, 0, 0)).counts == (1, 0, 0, 0), "it began anew"
    assert newer(Distribution(), waits(1, 0, 0, 0)).counts == (1, 0, 0, 0), "nothing was before"


def test_the_latest_stay_when_samples_are_thinned() -> None:
    samples = [Sample(float(at), None) for at in range(1000)]
    kept = thinned(samples, 100)
    assert len(kept) == 100
    assert kept[-1].at == 999
    ages = [sample.at for sample in kept]
    assert ages == sorted(ages)
    assert {late - early for early, late in pairwise(ages)} == {10.0}
    assert thinned(samples[:5], 100) == tuple(samples[:5])


def test_the_last_minutes() -> None:
    samples = [Sample(at, None) for at in (10.0, 20.0, 30.0)]
    assert [sample.at for sample in since(samples, 15, now=31)] == [20.0, 30.0]


def test_a_window_reaches_back_and_stops_at_gaps_and_restarts() -> None:
    def sample(at: float, uptime: float) -> Sample:
        return Sample(at, figures(uptime_seconds=uptime))

    steady = [sample(at, at) for at in (0.0, 30.0, 60.0, 90.0)]
    both = window(steady, 3, 60)
    assert both is not None
    assert (both[0].uptime_seconds, both[1].uptime_seconds) == (30.0, 90.0)
    again = [sample(0, 500), sample(30, 2), sample(60, 32)]
    both = window(again, 2, 60)
    assert both is not None
    assert both[0].uptime_seconds == 2
    gap = [sample(0, 0), Sample(30, None), sample(60, 60)]
    both = window(gap, 2, 60)
    assert both is not None
    assert both[0] is both[1]
    assert window(gap, 1, 60) is None
