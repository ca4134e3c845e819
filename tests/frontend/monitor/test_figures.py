"""The rows of the charts, from samples made by hand."""

from __future__ import annotations

import pytest

from frontend.messages import CacheFigures, Distribution, OwnerUse
from frontend.monitor.figures import (
    Row,
    blocks,
    first_token,
    found,
    layers,
    memory,
    owners,
    refusals,
    routes,
    waits,
    work,
)
from frontend.monitor.samples import Sample
from tests.fakes.figures import figures


def values(rows: list[Row], name: str) -> list[float | None]:
    return [row.value for row in rows if row.name == name]


def test_a_gap_is_no_zero() -> None:
    samples = [Sample(10, figures(running=2, queued=1)), Sample(12, None), Sample(14, figures())]
    rows = work(samples, now=14)
    assert values(rows, "running") == [2, None, 0]
    assert values(rows, "queued") == [1, None, 0]
    assert [row.age for row in rows][::2] == [-4, -2, 0]


def test_rates_are_of_the_last_minute() -> None:
    samples = [
        Sample(float(at), figures(uptime_seconds=100.0 + at, routes={"text": count}))
        for at, count in ((0, 0), (30, 6), (60, 6), (90, 6), (120, 6))
    ]
    assert values(routes(samples, 120), "text") == [0, 12, 6, 0, 0]
    assert values(routes(samples, 120), "image_batch") == [0] * 5


def test_one_request_after_a_start_is_no_storm() -> None:
    samples = [
        Sample(0, figures(uptime_seconds=1.0)),
        Sample(2, figures(uptime_seconds=3.0, routes={"text": 1})),
    ]
    assert values(routes(samples, 2), "text")[-1] == pytest.approx(6)


def test_refusals_have_a_line_for_each_code_that_came() -> None:
    samples = [
        Sample(0, figures(uptime_seconds=10.0)),
        Sample(60, figures(uptime_seconds=70.0, refusals={"queue_full": 3})),
    ]
    assert {row.name for row in refusals(samples, 60)} == {"queue_full"}
    assert values(refusals(samples, 60), "queue_full")[-1] == 3
    assert refusals(samples[:1], 0) == []


def test_waits_are_those_of_the_last_minute() -> None:
    slow = Distribution((1.0, 10.0), (0, 10, 0))
    then_fast = Distribution((1.0, 10.0), (4, 10, 0))
    samples = [
        Sample(0, figures(uptime_seconds=100.0, first_token=slow)),
        Sample(60, figures(uptime_seconds=160.0, first_token=then_fast)),
        Sample(130, figures(uptime_seconds=230.0, first_token=then_fast)),
    ]
    assert values(waits(samples, 130), "p50") == [None, pytest.approx(0.5), None]
    assert first_token(samples[:2], 0.5) == pytest.approx(0.5)
    assert first_token(samples, 0.5) == pytest.approx(3.7), "none lately: of all"
    assert first_token((), 0.5) is None
    assert first_token([Sample(0, None)], 0.5) is None


def test_shares_of_caches() -> None:
    def sample(at: float, hits: int, misses: int) -> Sample:
        caches = {"prefix": CacheFigures(hits, misses, 1.5, 2)}
        return Sample(at, figures(uptime_seconds=at + 1, caches=caches))

    samples = [sample(0, 10, 0), sample(60, 13, 1), sample(120, 13, 1)]
    assert values(found(samples, 120), "prefix") == [None, 0.75, None]
    assert values(found(samples, 120), "pages") == [None, None, None]
    of = {one.layer: one for one in layers(samples[-1].stats or figures())}
    assert list(of) == ["pages", "embeddings", "prefix", "answers"]
    assert of["prefix"].share == pytest.approx(13 / 14)
    assert of["pages"].share is None


def test_a_gpu_has_a_line_where_there_is_one() -> None:
    cpu = [Sample(0, figures(memory_bytes=2_000_000_000, available_bytes=8_000_000_000))]
    assert [(row.name, row.value) for row in memory(cpu, 0)] == [("resident", 2), ("left", 8)]
    gpu = [Sample(0, figures(device_bytes=10**9, device_bytes_limit=24 * 10**9))]
    assert values(memory(gpu, 0), "device") == [1]


def test_blocks() -> None:
    rows = blocks([Sample(0, figures(blocks_used=3, blocks_cached=4, blocks_total=10))], 0)
    assert [(row.name, row.value) for row in rows] == [("used", 3), ("known", 4)]


def test_nobody_sees_what_others_use() -> None:
    ann, bo = OwnerUse("ann", 1, 0, 10, 5, 0), OwnerUse("bo", 9, 0, 90, 5, 0)
    stats = figures(owners=(ann, bo))
    assert owners(stats, "ann", may_see_all=False) == (ann,)
    assert owners(stats, "eve", may_see_all=False) == ()
    assert owners(stats, "ann", may_see_all=True) == (bo, ann)
