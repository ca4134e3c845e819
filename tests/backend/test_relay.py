"""What the engine says of one request, with the moments at which it said it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from backend.errors import DeadlineExceeded, EngineLost, Internal, RequestError, Unavailable
from backend.generations import Generation
from backend.metrics import Metrics
from backend.prompt.boxes import Target
from backend.prompt.events import Box, Delta, Mark, PageUse, Started
from backend.prompt.prompt import FinishReason, Prompt, ReadingMethod, Route
from backend.quarantine import Quarantine
from backend.relay import Relay
from tests.fakes.calls import Calls

PLANNED = Started(
    request_id="a",
    model="tiny",
    route=Route.MULTIMODAL,
    route_reason="",
    prompt_tokens=50,
    cached_tokens=0,
    pages=(PageUse("f", 1, ReadingMethod.VISION, words=0, tokens=20),),
    queue_seconds=0.0,
    reading_seconds=0.5,
    answer_cached=False,
    seed=0,
)
PROMPT = Prompt("a", "me", "", ())


class Told:
    """A relay, and what it tells."""

    def __init__(self, targets: Sequence[Target] = (), folder: Path | None = None) -> None:
        self.began = time.monotonic()
        self.metrics = Metrics()
        self.generation = Generation("me", "a", frozenset())
        loop = asyncio.get_running_loop()
        self.quarantine = Quarantine(folder)
        suspect = self.quarantine.suspect(PROMPT)
        now = time.monotonic()
        self.relay = Relay(loop, self.generation, PLANNED, self.metrics, suspect, now, targets)


def hold_up_the_loop(compute: Callable[[], None]) -> float:
    """Computes on another thread and gives the loop nothing to do until later; when it was done."""
    engine = threading.Thread(target=compute)
    engine.start()
    engine.join()
    ended = time.monotonic()
    time.sleep(0.2)
    return ended


async def test_times_are_those_of_the_engine_however_late_the_loop_hears() -> None:
    told = Told()
    relay = told.relay

    def compute() -> None:
        relay.started(16, 0.001)
        for index in (0, 1):
            relay.delta(Delta(index, "a", 1))
        time.sleep(0.04)
        relay.delta(Delta(0, "bc", 2))
        relay.delta(Delta(0, "", 0))
        relay.finished((FinishReason.STOP,) * 2, 4, "", None)

    ended = hold_up_the_loop(compute) - told.began
    finished = await relay.end

    assert finished.timing.first_token <= ended - 0.04
    assert 0.04 <= finished.timing.total <= ended
    assert told.metrics.first_token.total == 1
    assert told.metrics.inter_token.total == 2, "two tokens after the first of answer 0"
    gap = told.metrics.inter_token.sum / 2
    assert 0.02 <= gap <= ended / 2, "each took half of the time since the first"
    assert told.metrics.completion_tokens == finished.usage.completion_tokens == 4


async def test_usage_tells_cached_picture_and_reasoning_tokens() -> None:
    told = Told()
    told.relay.started(16, 0.0)
    told.relay.delta(Delta(0, "", 3, reasoning="hm", reasoning_tokens=3))
    told.relay.delta(Delta(0, "Yes.", 2))
    told.relay.finished((FinishReason.STOP,), 5, "", None)

    usage = (await told.relay.end).usage
    assert (usage.prompt_tokens, usage.cached_tokens, usage.image_tokens) == (50, 16, 20)
    assert (usage.completion_tokens, usage.reasoning_tokens) == (5, 3)
    assert (told.metrics.completion_tokens, told.metrics.reasoning_tokens) == (5, 3)
    started = told.generation.events[0]
    assert isinstance(started, Started)
    assert started.cached_tokens == 16


async def test_an_answer_first_taken_for_reasoning_costs_no_reasoning() -> None:
    told = Told()
    told.relay.started(0, 0.0)
    for index in (0, 1):
        told.relay.delta(Delta(index, "", 3, reasoning="Yes.", reasoning_tokens=3))
    told.relay.delta(Delta(0, "Yes.", 0, is_retold=True))
    told.relay.finished((FinishReason.STOP,) * 2, 6, "", None)
    assert (await told.relay.end).usage.reasoning_tokens == 3, "the other answer's"


async def test_places_that_answers_name_are_told_at_the_end() -> None:
    told = Told([Target("f", 1, "scan.png", 2000, 1000)])
    told.relay.started(0, 0.0)
    told.relay.delta(Delta(1, "a", 1, marks=(Mark("seal", 0, 0, 500, 500),)))
    told.relay.delta(Delta(1, "b", 1, marks=(Mark("name", 500, 500, 1000, 1000),)))
    told.relay.finished((FinishReason.STOP,) * 2, 2, "", None)
    none, two = (await told.relay.end).boxes
    assert none == ()
    assert two == (
        Box("f", 1, "seal", 0, 0, 1000, 500),
        Box("f", 1, "name", 1000, 500, 2000, 1000),
    )


async def test_without_places_there_is_nothing_to_tell() -> None:
    told = Told()
    told.relay.delta(Delta(0, "a", 1, marks=(Mark("seal", 0, 0, 500, 500),)))
    told.relay.finished((FinishReason.STOP,), 1, "", None)
    assert (await told.relay.end).boxes == ()


async def test_a_deadline_before_any_token_is_an_error() -> None:
    told = Told()
    told.relay.finished((FinishReason.DEADLINE,), 0, "", None)
    with pytest.raises(DeadlineExceeded):
        await told.relay.end
    assert told.metrics.first_token.total == 0


async def test_a_failure_that_may_pass_is_told_as_such() -> None:
    told = Told()
    error = Unavailable("No memory.", retry_after=5)
    told.relay.finished((FinishReason.ERROR,), 0, "", error)
    with pytest.raises(Unavailable) as failure:
        await told.relay.end
    assert failure.value is error


async def test_any_other_failure_is_an_end_with_a_sentence() -> None:
    told = Told()
    told.relay.finished((FinishReason.ERROR,), 3, "", Internal("It broke."))
    finished = await told.relay.end
    assert finished.reasons == (FinishReason.ERROR,)
    assert finished.error == "It broke."


async def test_the_last_token_costs_the_engine_and_the_loop_no_more_than_the_first() -> None:
    counts, calls = (10, 1_000), []
    for count in counts:
        told = Told()
        told.relay.started(0, 0.0)
        with Calls() as made:
            for _ in range(count):
                told.relay.delta(Delta(0, "word ", 1))
            told.relay.finished((FinishReason.STOP,), count, "", None)
            await told.relay.end
        assert told.metrics.inter_token.total == count - 1
        calls.append(made.number)
    few, many = (made / count for made, count in zip(calls, counts, strict=True))
    assert many <= few < 80


def marks(folder: Path) -> int:
    """How many requests are marked as being computed."""
    return len(list(folder.iterdir()))


@pytest.mark.parametrize(
    ("reason", "error", "is_marked"),
    [
        (FinishReason.STOP, None, False),
        (FinishReason.CANCELLED, None, False),
        (FinishReason.ERROR, Internal("The answer could not be computed."), False),
        (FinishReason.ERROR, EngineLost("The GPU has failed."), True),
    ],
)
async def test_the_mark_of_what_is_computed_outlives_a_lost_device_only(
    tmp_path: Path, reason: FinishReason, error: RequestError | None, is_marked: bool
) -> None:
    relay = Told(folder=tmp_path).relay
    assert marks(tmp_path) == 0, "it waits"
    relay.started(0, 0.0)
    assert marks(tmp_path) == 1, "at once: the next step may be the last one"
    relay.finished((reason,), 0, "", error)
    assert marks(tmp_path) == is_marked
    await asyncio.wait({relay.end})
    if error is not None and is_marked:
        assert relay.end.exception() is error
