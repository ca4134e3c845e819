"""Figures at moments, and what follows from two of them: rates, shares and quantiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from frontend.messages import Distribution, Stats


@dataclass(frozen=True)
class Sample:
    """The figures at one moment; without stats the backend did not answer."""

    at: float  # unix seconds
    stats: Stats | None


def since(samples: Sequence[Sample], seconds: float, now: float) -> tuple[Sample, ...]:
    """Those of the last so many seconds."""
    return tuple(sample for sample in samples if sample.at >= now - seconds)


def thinned(samples: Sequence[Sample], most: int) -> tuple[Sample, ...]:
    """At most so many, evenly chosen, the latest among them. Totals lose nothing by it."""
    if len(samples) <= most:
        return tuple(samples)
    step = len(samples) / most
    return tuple(samples[len(samples) - 1 - int(place * step)] for place in reversed(range(most)))


def is_restart(before: Stats, after: Stats) -> bool:
    """Whether totals began anew in between."""
    return after.uptime_seconds < before.uptime_seconds


def grown(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    """How much each total grew; one that shrank began anew."""
    return {
        key: value - before.get(key, 0) if value >= before.get(key, 0) else value
        for key, value in after.items()
    }


def newer(before: Distribution, after: Distribution) -> Distribution:
    """What was observed in between."""
    if before.bounds != after.bounds or any(
        late < early for early, late in zip(before.counts, after.counts, strict=True)
    ):
        return after
    counts = tuple(late - early for early, late in zip(before.counts, after.counts, strict=True))
    return Distribution(after.bounds, counts, after.sum - before.sum)


def quantile(of: Distribution, share: float) -> float | None:
    """The value that such a share of all lies under; None if there are none.

    Within a bucket values are taken to lie evenly; beyond the last bound, at the bound.
    """
    total = sum(of.counts)
    if not total or not of.bounds:
        return None
    wanted, below, low = share * total, 0.0, 0.0
    for bound, count in zip(of.bounds, of.counts, strict=False):
        if count and below + count >= wanted:
            return low + (bound - low) * max(0.0, wanted - below) / count
        below, low = below + count, bound
    return of.bounds[-1]


def window(samples: Sequence[Sample], place: int, seconds: float) -> tuple[Stats, Stats] | None:
    """The figures at a place and those so many seconds before, of one process."""
    latest = samples[place]
    if latest.stats is None:
        return None
    first = latest.stats
    for earlier in reversed(samples[:place]):
        if earlier.stats is None or is_restart(earlier.stats, latest.stats):
            break
        first = earlier.stats
        if earlier.at <= latest.at - seconds:
            break
    return first, latest.stats
