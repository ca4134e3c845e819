"""A request whose backend goes away: asked once more, or told, but never both."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from protos import inference_pb2
from tests.fakes.asking import text, user
from tests.fakes.backend import FakeBackend, Refusal
from tests.fakes.waiting import wait_until
from tests.fakes.web import Answered, Web


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as made:
        yield made


def begun(backend: FakeBackend, said: int) -> Callable[[], bool]:
    """Whether an answer is under way of which so many tokens are out."""
    return lambda: any(
        len(one.events) > said and not one.done for one in list(backend.generations.values())
    )


def restart(backend: FakeBackend) -> None:
    backend.stop()
    backend.token_delay = 0.0
    backend.start()


@pytest.mark.parametrize("stream", [False, True])
def test_what_has_said_nothing_is_asked_again_unnoticed(
    web: Web, backend: FakeBackend, pool: ThreadPoolExecutor, stream: bool
) -> None:
    backend.token_delay = 300.0
    asked = pool.submit(web.chat, messages=user(text("one two three")), stream=stream)
    wait_until(begun(backend, 0))
    restart(backend)
    answered = asked.result()
    assert answered.status == 200
    if stream:
        roles = [chunk["choices"][0]["delta"].get("role") for chunk in answered.chunks]
        assert roles.count("assistant") == 1
        assert all("error" not in chunk for chunk in answered.chunks)
    first, second = backend.requests
    assert first.messages == second.messages
    assert second.request_id == f"{first.request_id}-2"
    assert web.chat(messages=user(text("one two three"))).status == 200, "one death is no reason"


def test_what_has_said_something_is_told(
    web: Web, backend: FakeBackend, pool: ThreadPoolExecutor
) -> None:
    backend.token_delay = 0.3
    words = user(text("word " * 500))
    streamed = pool.submit(web.chat, messages=words, stream=True)
    whole = pool.submit(web.chat, messages=words)
    wait_until(lambda: backend.running == 2)
    wait_until(lambda: all(len(one.events) > 2 for one in backend.generations.values()))
    restart(backend)
    assert streamed.result().chunks[-1]["error"]["code"] == "backend_unavailable"
    told = whole.result()
    assert (told.status, told.error["code"]) == (503, "backend_unavailable")
    assert int(told.headers["retry-after"]) >= 1
    assert len(backend.requests) == 2


def test_a_second_time_is_told(web: Web, backend: FakeBackend, pool: ThreadPoolExecutor) -> None:
    backend.token_delay = 300.0
    asked = pool.submit(web.chat, messages=user(text("poison")))
    for count in (1, 2):
        wait_until(lambda count=count: len(backend.requests) == count, 20)  # type: ignore[misc]
        wait_until(begun(backend, 0))
        backend.stop()
        backend.start()
    told = asked.result()
    assert (told.status, told.error["code"]) == (503, "backend_unavailable")
    assert len(backend.requests) == 2


def test_a_backend_that_stays_away_is_told_in_time(
    web: Web, backend: FakeBackend, pool: ThreadPoolExecutor
) -> None:
    backend.token_delay = 300.0
    asked = pool.submit(web.chat, headers={"X-Request-Timeout": "6"})
    wait_until(begun(backend, 0))
    backend.stop()
    told = asked.result()
    assert (told.status, told.error["code"]) == (503, "backend_unavailable")
    assert int(told.headers["retry-after"]) >= 1
    at_once = web.chat()  # it never had a backend, so nobody waits for one
    assert (at_once.status, at_once.error["code"]) == (503, "backend_unavailable")


def test_a_failure_that_the_backend_tells_itself_is_no_absence(
    web: Web, backend: FakeBackend, pool: ThreadPoolExecutor
) -> None:
    backend.token_delay = 300.0
    asked: Future[Answered] = pool.submit(web.chat)
    wait_until(begun(backend, 0))
    backend.stop_answers()  # as if it was going down, but it is as ready as ever
    told = asked.result()
    assert (told.status, told.error["code"]) == (503, "backend_unavailable")
    assert len(backend.requests) == 1


def test_what_a_backend_that_goes_down_cuts_off_is_asked_of_the_next(
    web: Web, backend: FakeBackend, pool: ThreadPoolExecutor
) -> None:
    backend.token_delay = 300.0
    asked = pool.submit(web.chat)
    wait_until(begun(backend, 0))
    backend.phase = inference_pb2.PHASE_DRAINING
    backend.stop_answers()
    wait_until(lambda: backend.running == 0)
    time.sleep(1.5)  # in which it is seen to be no more ready
    backend.token_delay, backend.phase = 0.0, inference_pb2.PHASE_READY
    assert asked.result().status == 200
    assert len(backend.requests) == 2


@pytest.mark.parametrize("stream", [False, True])
def test_what_the_backend_dies_of_is_not_to_be_tried_again(
    web: Web, backend: FakeBackend, stream: bool
) -> None:
    sentence = "It died of this."
    backend.refusals.append(Refusal("internal", sentence, "request_quarantined"))
    refused = web.chat(messages=user(text("poison")), stream=stream)
    assert (refused.status, refused.error["code"]) == (500, "request_quarantined")
    assert refused.error["message"] == sentence
    assert refused.headers["x-should-retry"] == "false"
