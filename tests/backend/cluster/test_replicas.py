"""Replicas that answer, are gone, or say nothing, behind a handle like Ray's."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from backend.cluster.calls import Call, Refusal, Reply
from protos import inference_pb2 as pb

pytestmark = [
    pytest.mark.recipes,
    pytest.mark.filterwarnings("ignore"),  # Ray's own, while it is imported
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="ray is not installed"),
]

CALL = Call("/inference.v1.Inference/Cancel", b"", "ann")


class Answer:
    """One replica's answer to come: a value, an exception, or nothing ever."""

    def __init__(self, said: object) -> None:
        self._said = said

    async def get_async(self) -> object:
        if self._said is None:
            await asyncio.Event().wait()
        if isinstance(self._said, Exception):
            raise self._said
        return self._said


class Stream:
    """What a replica streams; an exception ends it."""

    def __init__(self, items: list[object]) -> None:
        self._items = items

    async def __aiter__(self) -> AsyncIterator[object]:
        for item in self._items:
            if isinstance(item, Exception):
                raise item
            yield item

    def cancel(self) -> None:
        """Nothing runs."""


class Handle:
    """Stands for Ray's handle of three replicas: what each says to whatever all are asked."""

    def __init__(self, *said: object) -> None:
        self.said = said
        self.streams: list[list[object]] = []  # what the next streams bring
        self.calls: list[Call] = []

    def options(self, **_: object) -> Handle:
        return self

    @property
    def stream(self) -> Handle:
        return self

    def remote(self, call: Call) -> Stream:
        self.calls.append(call)
        return Stream(self.streams.pop(0))

    def broadcast(self, *_: object) -> Handle:
        return self

    async def _fetch_replica_results_async(self) -> list[Answer]:
        return [Answer(each) for each in self.said]


def replicas(monkeypatch: pytest.MonkeyPatch, *said: object) -> Any:
    """Ray takes seconds to import."""
    from backend.cluster import replicas as module

    monkeypatch.setattr(module, "QUICK_SECONDS", 0.05)
    monkeypatch.setattr(module, "BEAT_SECONDS", -1.0)
    handle: Any = Handle(*said)
    return module.Replicas(handle)


def gone() -> Exception:
    from ray.exceptions import ActorUnavailableError

    error: Exception = ActorUnavailableError("it is gone", b"0" * 16)
    return error


async def test_one_that_says_nothing_takes_nothing_from_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    a, b = Reply("a", b"1"), Reply("b", b"2")
    heard = await replicas(monkeypatch, a, None, b).everywhere(CALL)
    assert (heard.replies, heard.is_complete) == ([a, b], False)
    heard = await replicas(monkeypatch, a, gone(), b).everywhere(CALL)
    assert (heard.replies, heard.is_complete) == ([a, b], True)


async def test_when_none_answers_it_is_said_whether_one_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from backend.cluster.refusals import NONE_READY, SILENT

    assert await replicas(monkeypatch, None, gone()).everywhere(CALL) == SILENT
    assert await replicas(monkeypatch, gone()).everywhere(CALL) == NONE_READY
    wrong = Refusal("INVALID_ARGUMENT", "no")
    assert await replicas(monkeypatch, gone(), wrong).everywhere(CALL) == wrong


async def test_a_generation_may_be_where_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    from backend.cluster.refusals import SILENT

    assert await replicas(monkeypatch, "", "b", None).that_took("ann", "it") == "b"
    assert await replicas(monkeypatch, "", None).that_took("ann", "it") == SILENT
    missing = await replicas(monkeypatch, "", gone()).that_took("ann", "it")
    assert missing.status == "NOT_FOUND"


async def test_figures_are_those_of_the_replicas_that_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ready = pb.Stats(phase=pb.PHASE_READY, running=2, prompt_tokens_total=7)
    one = Reply("a", ready.SerializeToString())
    those = replicas(monkeypatch, one, None)
    assert (await those.stats()).phase == pb.PHASE_READY
    those._handle.said = (one, Reply("b", ready.SerializeToString()))
    assert (await those.stats()).prompt_tokens_total == 14
    those._handle.said = (None, Reply("b", ready.SerializeToString()))
    later = await those.stats()
    assert (later.running, later.prompt_tokens_total) == (2, 14)
    those._handle.said = (one, Reply("b", ready.SerializeToString()))
    assert (await those.stats()).prompt_tokens_total == 14


ASKED = Call("/inference.v1.Inference/Generate", b"", "ann", words="who are the parties?")


def died(number: int) -> Exception:
    from ray.exceptions import RayActorError

    error: Exception = RayActorError(f"actor {number}", "it died")
    return error


async def streamed(replicas: Any, call: Call) -> list[Any]:
    return [item async for item in replicas.stream(call)]


async def test_what_two_replicas_died_over_is_not_tried_on_a_third(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    those = replicas(monkeypatch, Reply("a", b""))
    from backend.cluster.refusals import GONE

    those._handle.streams = [[replace(GONE, lost="a", died="a")], [died(2)], [b"never"]]
    (refused,) = await streamed(those, ASKED)
    assert dict(refused.trailers)["error-code"] == "request_quarantined"
    assert len(those._handle.calls) == 2
    (refused,) = await streamed(those, ASKED)
    assert dict(refused.trailers)["error-code"] == "request_quarantined"
    assert len(those._handle.calls) == 2, "it was not tried"
    assert await streamed(those, replace(ASKED, words="what else?")) == [b"never"]


async def test_an_answer_ends_the_suspicion_and_one_death_counts_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    those = replicas(monkeypatch, Reply("a", b""))
    from backend.cluster.refusals import GONE

    gone = replace(GONE, lost="a", died="a")
    those._handle.streams = [[b"Th", gone], [b"Th", gone], [b"The parties"]]
    for _ in range(2):  # two who were told of the same death
        assert (await streamed(those, ASKED))[-1] == gone
    assert await streamed(those, ASKED) == [b"The parties"]
    those._handle.streams = [[died(1)], [b"The parties"]]
    assert await streamed(those, ASKED) == [b"The parties"], "as if it had never been suspected"


async def test_a_replica_that_only_goes_down_is_no_death(monkeypatch: pytest.MonkeyPatch) -> None:
    from backend.cluster.refusals import GONE

    those = replicas(monkeypatch, Reply("a", b""))
    those._handle.streams = [[replace(GONE, lost="a")], [replace(GONE, lost="b")], [gone()]]
    assert await streamed(those, ASKED) == [GONE]
    assert [call.avoid for call in those._handle.calls] == [set(), {"a"}, {"a", "b"}]
