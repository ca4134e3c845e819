"""What is counted, and what the caches are said to have saved."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backend.kept_answers import KeptAnswers
from backend.metrics import Layer, Metrics
from backend.prompt.events import Finished, PageRead, PageUse, Started, Timing, Usage
from backend.prompt.prompt import FinishReason, ReadingMethod, Route
from backend.work import EngineStats

KEPT = KeptAnswers(0)
ENGINE = EngineStats(
    queued=0,
    running=0,
    blocks_used=0,
    blocks_total=10,
    tokens_per_second=0.0,
    prompt_tokens_total=0,
    completion_tokens_total=0,
    preemptions_total=0,
)
STARTED = Started(
    request_id="a",
    model="tiny",
    route=Route.MULTIMODAL,
    route_reason="",
    prompt_tokens=100,
    cached_tokens=48,
    pages=(
        PageUse("f", 1, ReadingMethod.VISION, words=0, tokens=30),
        PageUse("f", 2, ReadingMethod.VISION, words=0, tokens=0),
        PageUse("f", 3, ReadingMethod.OCR, words=9, tokens=12),
    ),
    queue_seconds=0.2,
    reading_seconds=0.0,
    answer_cached=False,
    seed=0,
)


def read(method: ReadingMethod, *, cached: bool = False) -> PageRead:
    return PageRead("f", 1, 1, method, cached)


def test_prompts_are_counted_by_route_with_their_pictures() -> None:
    metrics = Metrics()
    metrics.started(STARTED)
    metrics.started(replace(STARTED, answer_cached=True, cached_tokens=100, route=Route.TEXT))

    assert metrics.routes == {"multimodal": 1, "text": 1}
    assert (metrics.prompt_tokens, metrics.cached_tokens, metrics.image_tokens) == (200, 148, 60)
    assert metrics.queue.total == 1, "an answer that is known waits in no queue"


def test_a_request_counts_under_its_gravest_end() -> None:
    metrics = Metrics()
    timing = Timing(0, 0, 0, 0)
    metrics.finished(Finished((FinishReason.STOP, FinishReason.LENGTH), Usage(1, 2), timing), "ann")
    assert dict(metrics.owners)["ann"].completion_tokens == 2
    metrics.refused("queue_full")

    assert (metrics.requests["length"], metrics.requests["stop"]) == (1, 0)
    assert (metrics.requests["refused"], metrics.refusals["queue_full"]) == (1, 1)


def test_a_known_page_saves_what_pages_of_its_kind_took() -> None:
    metrics = Metrics()
    metrics.page_read(read(ReadingMethod.OCR, cached=True), 0.01)  # nothing to compare it with
    assert metrics.layers(KEPT, None)["pages"] == Layer(1, 0, 0.0)
    metrics.page_read(read(ReadingMethod.OCR), 1.0)
    metrics.page_read(read(ReadingMethod.OCR), 3.0)
    metrics.page_read(read(ReadingMethod.TEXT_LAYER), 0.1)
    metrics.page_read(read(ReadingMethod.OCR, cached=True), 0.0)

    pages = metrics.layers(KEPT, None)["pages"]
    assert (pages.hits, pages.misses) == (2, 3)
    assert pages.saved_seconds == pytest.approx(2.0)
    assert metrics.pages == {"cached": 2, "ocr": 2, "text_layer": 1}


def test_a_picture_that_is_known_is_no_page_that_was_read_before() -> None:
    metrics = Metrics()
    metrics.page_read(read(ReadingMethod.VISION), 1.0)
    metrics.page_read(read(ReadingMethod.VISION, cached=True), 0.0)

    assert metrics.layers(KEPT, None)["pages"] == Layer(0, 0, 0.0)
    assert metrics.pages == {"vision": 1, "cached": 1}


def test_prefixes_and_embeddings_are_valued_at_the_rates_of_their_time() -> None:
    metrics = Metrics()
    metrics.started(STARTED)  # one picture of 30 tokens
    slow = replace(
        ENGINE,
        prefix_hits_total=200,
        prefix_misses_total=7,
        embedding_hits_total=2,
        prefill_tokens_per_second=100.0,
        encode_tokens_per_second=15.0,
    )
    layers = metrics.layers(KEPT, slow)
    assert (layers["prefix"].hits, layers["prefix"].misses) == (200, 7)
    assert layers["prefix"].saved_seconds == pytest.approx(2.0)
    assert layers["embeddings"].saved_seconds == pytest.approx(4.0)

    fast = replace(
        slow,
        prefix_hits_total=1200,
        embedding_hits_total=3,
        prefill_tokens_per_second=1000.0,
        encode_tokens_per_second=30.0,
    )
    layers = metrics.layers(KEPT, fast)
    assert layers["prefix"].saved_seconds == pytest.approx(3.0)
    assert layers["embeddings"].saved_seconds == pytest.approx(5.0)
    assert metrics.layers(KEPT, fast) == layers, "looking again adds nothing"


def test_without_a_rate_nothing_is_claimed_until_there_is_one() -> None:
    metrics = Metrics()
    hit = replace(ENGINE, prefix_hits_total=10)
    assert metrics.layers(KEPT, hit)["prefix"].saved_seconds == 0.0
    rated = replace(hit, prefill_tokens_per_second=10.0)
    assert metrics.layers(KEPT, rated)["prefix"].saved_seconds == pytest.approx(1.0)
    assert metrics.layers(KEPT, hit)["prefix"].saved_seconds == pytest.approx(1.0)
