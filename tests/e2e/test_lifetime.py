"""Stopping, leaving, being killed and being started again."""

from __future__ import annotations

import re
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import pytest
from openai import OpenAI

from frontend.client.blocking import Client
from frontend.messages import (
    BackendError,
    Delta,
    Finished,
    FinishReason,
    Question,
    Role,
    Sampling,
    TextPart,
    Turn,
)
from scripts.lib import papers
from scripts.lib.system import System
from tests.fakes.waiting import wait_until


def long_question(request_id: str, *, detached: bool = False) -> Question:
    """A question whose answer takes many seconds."""
    return Question(
        request_id=request_id,
        turns=(Turn(Role.USER, (TextPart("Count from one to a thousand in words."),)),),
        sampling=Sampling(temperature=0.0, min_tokens=1500, max_tokens=1500),
        detached=detached,
    )


def running(system: System) -> float:
    """Requests at work, by the gauges of both processes on the public metrics page."""
    answer = system.get("/metrics")
    assert answer is not None
    found = re.findall(r"^\w+_requests_running ([0-9.e+]+)$", answer[1], re.MULTILINE)
    assert len(found) == 2, "one gauge of the web process, one of the backend"
    return sum(float(value) for value in found)


def test_stop_frees_the_engine_at_once(backend: Client) -> None:
    name = f"stopped-{time.time_ns()}"
    events = backend.generate("local", long_question(name))
    for event in events:
        if isinstance(event, Delta):
            break
    assert backend.cancel("local", name)
    *_, last = events
    assert isinstance(last, Finished)
    assert last.reasons == (FinishReason.CANCELLED,)
    assert last.usage.completion_tokens < 500, "of 1500"
    assert backend.stats().running == 0


def test_a_reader_who_leaves_frees_the_place(system: System, openai: OpenAI) -> None:
    stream = openai.chat.completions.create(
        model="embedded",
        messages=[{"role": "user", "content": "Count from one to a thousand in words."}],
        stream=True,
        max_tokens=1500,
        extra_body={"min_tokens": 1500},
    )
    next(iter(stream))
    assert running(system) == 2
    stream.close()
    wait_until(lambda: running(system) == 0, 10)


def test_a_detached_answer_goes_on_and_can_be_followed_again(backend: Client) -> None:
    name = f"detached-{time.time_ns()}"
    first = backend.generate("local", long_question(name, detached=True))
    seen = 0
    for event in first:
        seen = event.number
        if isinstance(event, Delta):
            break
    first.close()  # type: ignore[attr-defined]
    again = backend.attach("local", name, after=seen)
    following = next(iter(again))
    assert following.number == seen + 1
    assert backend.cancel("local", name)
    assert isinstance(list(again)[-1], Finished)


@pytest.fixture
def own_system(tmp_path: Path) -> Iterator[System]:
    """A system that a test may kill."""
    with System(tmp_path) as started:
        started.wait_until_ready()
        yield started


def test_a_killed_backend_is_told_of_and_found_again(own_system: System) -> None:
    openai = OpenAI(base_url=f"{own_system.url}/v1", api_key="unused", max_retries=0)
    stream = openai.chat.completions.create(
        model="embedded",
        messages=[{"role": "user", "content": "Count from one to a thousand in words."}],
        stream=True,
        max_tokens=1500,
    )
    next(iter(stream))
    own_system.end("backend", signal.SIGKILL)
    with pytest.raises(Exception, match=r"(?i)backend|unavailable"):
        list(stream)

    asked = {"model": "embedded", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 2}
    refused = httpx.post(f"{own_system.url}/v1/chat/completions", json=asked, timeout=10)
    assert refused.status_code == 503
    assert refused.json()["error"]["code"] == "backend_unavailable"
    assert 1 <= int(refused.headers["retry-after"]) <= 120
    assert own_system.status("/health") == 200
    assert own_system.status("/ready") == 503
    assert own_system.status("/") == 200

    own_system.start("backend")
    own_system.wait_until_ready()
    answered = httpx.post(f"{own_system.url}/v1/chat/completions", json=asked, timeout=30)
    assert answered.status_code == 200
    openai.close()


def test_a_frozen_backend_is_noticed_within_ten_seconds(own_system: System) -> None:
    """Nobody replaces it here; what said nothing yet is asked again once it moves again."""
    client = Client(own_system.address)
    following = client.generate("local", long_question("frozen"))
    next(iter(following))
    asked = {"model": "embedded", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 2}

    def post() -> int:
        url = f"{own_system.url}/v1/chat/completions"
        return httpx.post(url, json=asked, timeout=60).status_code

    backend = psutil.Process(own_system.pid("backend"))
    backend.suspend()
    with ThreadPoolExecutor(1) as pool:
        try:
            began = time.monotonic()
            silent = pool.submit(post)  # over a connection on which nothing has moved for a while
            with pytest.raises(BackendError) as caught:
                list(following)
            noticed = time.monotonic() - began
        finally:
            backend.resume()
        assert silent.result() == 200
    assert caught.value.kind == "unavailable"
    assert noticed < 10
    wait_until(lambda: own_system.status("/ready") == 200)
    client.close()


def test_killed_processes_leave_no_workers_behind(own_system: System) -> None:
    client = Client(own_system.address)
    stored = client.put("local", papers.pdf(["A page."]), "page.pdf")
    client.page("local", stored.sha256, 1)
    workers = psutil.Process(own_system.pid("backend")).children(recursive=True)
    own_system.end("backend", signal.SIGKILL)
    wait_until(lambda: not any(worker.is_running() for worker in workers))
    client.close()


def test_sigterm_ends_both_cleanly_while_answering(own_system: System) -> None:
    client = Client(own_system.address)
    events = client.generate("local", long_question("cut-off"))
    next(iter(events))
    met: list[BaseException] = []

    def follow() -> None:
        try:
            list(events)
        except BackendError as error:
            met.append(error)

    follower = threading.Thread(target=follow)
    follower.start()
    began = time.monotonic()
    assert own_system.end("frontend") in (0, 143)
    assert own_system.end("backend") in (0, 143)
    assert time.monotonic() - began < 20
    follower.join(timeout=5)
    assert not follower.is_alive()
    client.close()
