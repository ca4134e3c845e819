"""What the charts show: rows made of samples, each with its age in seconds. Free of streamlit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from frontend.messages import CacheFigures, OwnerUse, Stats
from frontend.monitor.samples import Sample, grown, newer, quantile, window

LATELY: Final = 60.0  # seconds that a rate, a share or a quantile is taken over
SHORTEST: Final = 10.0  # seconds of a rate: one request after a start is no storm
NO_USE: Final = CacheFigures(0, 0, 0.0, None)
LAYERS: Final = ("pages", "embeddings", "prefix", "answers")
ROUTES: Final = ("text", "multimodal", "image_batch")
LINES: Final[dict[str, tuple[str, ...]]] = {  # of each chart, in order
    "work": ("running", "queued"),
    "waits": ("p50", "p95"),
    "speed": ("tokens",),
    "routes": ROUTES,
    "blocks": ("used", "known"),
    "memory": ("resident", "left", "device"),
    "found": LAYERS,
}


@dataclass(frozen=True)
class Row:
    """One value of one line; None leaves a gap."""

    age: float  # seconds before now, negative
    name: str
    value: float | None


@dataclass(frozen=True)
class LayerUse:
    """What one cache was good for since the backend started."""

    layer: str
    hits: int
    misses: int
    saved_seconds: float
    evictions: int | None

    @property
    def share(self) -> float | None:
        """Of what was looked for, found; None if nothing was."""
        asked = self.hits + self.misses
        return self.hits / asked if asked else None


Read = Callable[[Stats], float]


def lines(samples: Sequence[Sample], now: float, **reads: Read) -> list[Row]:
    """One line for each of the reads."""
    return [
        Row(sample.at - now, name, None if sample.stats is None else read(sample.stats))
        for sample in samples
        for name, read in reads.items()
    ]


def work(samples: Sequence[Sample], now: float) -> list[Row]:
    """Requests computed and waiting."""
    return lines(samples, now, running=lambda s: s.running, queued=lambda s: s.queued)


def waits(samples: Sequence[Sample], now: float) -> list[Row]:
    """Half and nineteen of twenty first tokens came within so many seconds, lately."""
    rows = []
    for place, sample in enumerate(samples):
        both = window(samples, place, LATELY)
        lately = None if both is None else newer(both[0].first_token, both[1].first_token)
        for name, share in (("p50", 0.5), ("p95", 0.95)):
            value = None if lately is None else quantile(lately, share)
            rows.append(Row(sample.at - now, name, value))
    return rows


def speed(samples: Sequence[Sample], now: float) -> list[Row]:
    """Tokens written a second."""
    return lines(samples, now, tokens=lambda s: s.tokens_per_second)


def routes(samples: Sequence[Sample], now: float) -> list[Row]:
    """Requests a minute by route, lately."""
    return _a_minute(samples, now, lambda before, after: grown(before.routes, after.routes), ROUTES)


def refusals(samples: Sequence[Sample], now: float) -> list[Row]:
    """Requests refused a minute, by error code, lately; codes that never came have no line."""
    codes = sorted({code for one in samples if one.stats for code in one.stats.refusals})
    return _a_minute(
        samples, now, lambda before, after: grown(before.refusals, after.refusals), codes
    )


def found(samples: Sequence[Sample], now: float) -> list[Row]:
    """Of what was looked for in each cache lately, the share that was there."""
    rows = []
    for place, sample in enumerate(samples):
        both = window(samples, place, LATELY)
        for layer in LAYERS:
            share = None if both is None else _share(both[0], both[1], layer)
            rows.append(Row(sample.at - now, layer, share))
    return rows


def blocks(samples: Sequence[Sample], now: float) -> list[Row]:
    """KV blocks: held by answers, and free but holding a known prefix."""
    return lines(samples, now, used=lambda s: s.blocks_used, known=lambda s: s.blocks_cached)


def memory(samples: Sequence[Sample], now: float) -> list[Row]:
    """Gigabytes: the backend's, the machine's that are left, and the GPU's where there is one."""
    rows = lines(
        samples,
        now,
        resident=lambda s: s.memory_bytes / 1e9,
        left=lambda s: s.available_bytes / 1e9,
    )
    if any(sample.stats and sample.stats.device_bytes_limit for sample in samples):
        rows += lines(samples, now, device=lambda s: s.device_bytes / 1e9)
    return rows


def layers(stats: Stats) -> tuple[LayerUse, ...]:
    """The caches in the order of a request's journey."""
    return tuple(
        LayerUse(layer, use.hits, use.misses, use.saved_seconds, use.evictions)
        for layer in LAYERS
        for use in [stats.caches.get(layer, NO_USE)]
    )


def owners(stats: Stats, owner: str, *, may_see_all: bool) -> tuple[OwnerUse, ...]:
    """The busiest first; somebody who may not see all sees nobody else."""
    seen = [use for use in stats.owners if may_see_all or use.owner == owner]
    return tuple(sorted(seen, key=lambda use: -(use.prompt_tokens + use.completion_tokens)))


def first_token(samples: Sequence[Sample], share: float) -> float | None:
    """The quantile of the latest first tokens; of all since the start if none came lately."""
    both = window(samples, len(samples) - 1, LATELY) if samples else None
    if both is None:
        return None
    lately = quantile(newer(both[0].first_token, both[1].first_token), share)
    return quantile(both[1].first_token, share) if lately is None else lately


def _a_minute(
    samples: Sequence[Sample],
    now: float,
    growth: Callable[[Stats, Stats], Mapping[str, int]],
    names: Sequence[str],
) -> list[Row]:
    rows = []
    for place, sample in enumerate(samples):
        both = window(samples, place, LATELY)
        if both is None:
            rows += [Row(sample.at - now, name, None) for name in names]
            continue
        more = growth(*both) if both[0] is not both[1] else {}
        minutes = max(both[1].uptime_seconds - both[0].uptime_seconds, SHORTEST) / 60
        rows += [Row(sample.at - now, name, more.get(name, 0) / minutes) for name in names]
    return rows


def _share(before: Stats, after: Stats, layer: str) -> float | None:
    early = before.caches.get(layer, NO_USE)
    late = after.caches.get(layer, NO_USE)
    hits, misses = late.hits - early.hits, late.misses - early.misses
    return hits / (hits + misses) if hits + misses > 0 and min(hits, misses) >= 0 else None
