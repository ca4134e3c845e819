"""The backend killed, stopped, poisoned and crashing at its start, under its supervisor."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from frontend.client.blocking import Client
from frontend.history.history import History
from frontend.history.records import State
from frontend.jobs import Jobs
from frontend.presets import Parameters
from frontend.turns import question
from scripts.lib.system import System
from tests.fakes.waiting import wait_until

RETURN = 150.0  # seconds in which the backend is back, on a machine that is busy with other tests

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A supervised system that computes two requests at once and dies of a word."""
    environment = {"FAULT": "crash_if_prompt:XYZZY", "MAX_RUNNING": "2"}
    folder = tmp_path_factory.mktemp("kept")
    with System(folder, environment, backend="tests.fakes.faulty") as running:
        running.wait_until_ready(RETURN)
        yield running


def body(text: str, **more: Any) -> dict[str, Any]:
    return {"model": "embedded", "messages": [{"role": "user", "content": text}], **more}


def ask(system: System, text: str, **more: Any) -> httpx.Response:
    return httpx.post(
        f"{system.url}/v1/chat/completions",
        json=body(text, **more),
        headers={"X-Request-Timeout": f"{RETURN:g}"},
        timeout=RETURN + 10,
    )


class Streamed:
    """A stream read in a thread: whether it has said something, and how it ended."""

    def __init__(self, system: System, text: str) -> None:
        self.has_said = threading.Event()
        self.lines: list[str] = []
        self._system = system
        self._text = text
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        asked = body(self._text, stream=True, max_tokens=2000, min_tokens=2000)
        url = f"{self._system.url}/v1/chat/completions"
        headers = {"X-Request-Timeout": f"{RETURN:g}"}
        with httpx.stream("POST", url, json=asked, headers=headers, timeout=RETURN + 10) as answer:
            for line in answer.iter_lines():
                if line:
                    self.lines.append(line)
                if len(self.lines) > 1:
                    self.has_said.set()

    def ended(self) -> dict[str, Any]:
        """The error that it ended with; asserts that it is one, and that nothing follows."""
        self._thread.join(RETURN)
        assert not self._thread.is_alive()
        assert self.lines[-1] == "data: [DONE]"
        chunks = [json.loads(line.removeprefix("data: ")) for line in self.lines[:-1]]
        reasons = [one["choices"][0]["finish_reason"] for one in chunks[:-1]]
        assert not any(reasons), "what broke off did not stop by itself"
        error = chunks[-1]["error"]
        assert isinstance(error, dict)
        return error


def backend_of(system: System) -> psutil.Process:
    pid = system.supervised_pid()
    assert pid is not None
    return psutil.Process(pid)


@contextmanager
def page(system: System) -> Iterator[tuple[Jobs, History]]:
    """What writes the page's answers, with a history of its own."""
    history = History(f"sqlite:///{system.folder / 'page.sqlite3'}")
    with closing(Client(system.address)) as client, closing(history):
        yield Jobs(client, history, "local"), history


def asked(history: History, text: str) -> str:
    """Keeps a question; its answer's id."""
    answer = history.ask("local", f"chat {text}", text, turn_key=text, parameters={})
    assert answer is not None
    return answer


def ended(jobs: Jobs, history: History, answer: str) -> tuple[State, str]:
    """Has an answer written: how it ended, and the code of its error."""
    empty = history.answer(answer)
    assert empty is not None
    messages = history.messages("local", empty.conversation)
    parameters = Parameters(max_tokens=2)
    job = jobs.start(empty, question(messages, (), empty, parameters))
    assert job is not None
    assert job.done.wait(2 * RETURN)
    kept = history.answer(answer)
    assert kept is not None
    return kept.state, kept.error_code


def queued(system: System) -> float:
    answer = system.get("/metrics")
    assert answer is not None
    name = "glm_flash_backend_requests_queued "
    return sum(float(line.split()[1]) for line in answer[1].splitlines() if line.startswith(name))


def test_a_killed_backend_breaks_what_was_said_and_nothing_else(kept: System) -> None:
    streams = [Streamed(kept, f"Count up from {n}.") for n in range(2)]
    for one in streams:
        assert one.has_said.wait(RETURN)
    with ThreadPoolExecutor(2) as pool:
        waiting: list[Future[httpx.Response]] = [
            pool.submit(ask, kept, f"Say {n}.", max_tokens=2) for n in range(2)
        ]
        wait_until(lambda: queued(kept) == 2, RETURN)
        died = backend_of(kept)
        workers = died.children(recursive=True)
        died.kill()
        for one in streams:
            assert one.ended()["code"] == "backend_unavailable"
        assert kept.status("/health") == 200
        for answer in waiting:
            assert answer.result().status_code == 200, answer.result().text
    assert kept.status("/ready") == 200
    assert psutil.wait_procs(workers, timeout=10)[1] == []


def test_a_backend_that_stands_still_is_replaced(kept: System) -> None:
    stream = Streamed(kept, "Count up from nine.")
    assert stream.has_said.wait(RETURN)
    hangs = backend_of(kept)
    hangs.suspend()
    assert stream.ended()["code"] == "backend_unavailable"
    wait_until(lambda: kept.supervised_pid() not in (None, hangs.pid), RETURN)
    wait_until(lambda: kept.status("/ready") == 200, RETURN)
    assert ask(kept, "Hello.", max_tokens=2).status_code == 200


def test_what_kills_it_twice_is_not_tried_again(kept: System) -> None:
    first = backend_of(kept).pid
    told = ask(kept, "Say XYZZY.", max_tokens=2)  # it dies, is asked again, and dies
    assert (told.status_code, told.json()["error"]["code"]) == (503, "backend_unavailable")
    assert int(told.headers["retry-after"]) >= 1
    wait_until(lambda: kept.status("/ready") == 200, RETURN)
    third = backend_of(kept).pid
    assert third != first
    refused = ask(kept, "Say XYZZY.", max_tokens=2)
    assert (refused.status_code, refused.json()["error"]["code"]) == (500, "request_quarantined")
    assert refused.headers["x-should-retry"] == "false"
    with page(kept) as (jobs, history):
        answer = asked(history, "Say XYZZY.")
        assert ended(jobs, history, answer) == (State.FAILED, "request_quarantined")
    assert backend_of(kept).pid == third
    assert ask(kept, "Say something else.", max_tokens=2).status_code == 200
    deaths = kept.log("backend").read_text().count('"backend ended"')
    assert deaths == 4, "one by a signal, one for standing still, two of the word"


def test_what_the_page_kills_it_with_twice_is_not_tried_again(kept: System) -> None:
    with page(kept) as (jobs, history):
        answer = asked(history, "What is XYZZY?")
        assert ended(jobs, history, answer) == (State.LOST, ""), "it dies, is asked again, and dies"
        wait_until(lambda: kept.status("/ready") == 200, RETURN)
        third = backend_of(kept).pid
        assert history.ask_again("local", answer, parameters={})
        assert ended(jobs, history, answer) == (State.FAILED, "request_quarantined")
        assert ended(jobs, history, asked(history, "What else?")) == (State.FINISHED, "")
    refused = ask(kept, "What is XYZZY?", max_tokens=2)
    assert (refused.status_code, refused.json()["error"]["code"]) == (500, "request_quarantined")
    assert backend_of(kept).pid == third


def test_a_crash_at_every_start_is_told_and_costs_nothing(tmp_path: Path) -> None:
    environment = {"FAULT": "start:exit"}
    with System(tmp_path, environment, backend="tests.fakes.faulty") as system:
        wait_until(lambda: '"again_in": 4.0' in system.log("backend").read_text(), RETURN)
        wait_until(lambda: system.status("/health") == 200, RETURN)
        supervisor = psutil.Process(system.pid("backend"))
        spent, began = sum(supervisor.cpu_times()[:2]), time.monotonic()
        wait_until(lambda: "in a row have failed" in (system.get("/ready") or (0, ""))[1], RETURN)
        status, said = system.get("/ready") or (0, "")
        assert status == 503
        assert json.loads(said)["phase"] == "starting"
        assert "The backend has ended with status 1." in json.loads(said)["detail"]
        refused = ask(system, "Hello.")
        assert (refused.status_code, refused.json()["error"]["code"]) == (
            503,
            "backend_unavailable",
        )
        time.sleep(3)
        busy = (sum(supervisor.cpu_times()[:2]) - spent) / (time.monotonic() - began)
        assert busy < 0.5, "it waits, and does not spin"
        os.kill(supervisor.pid, signal.SIGTERM)
        wait_until(lambda: not system.is_running("backend"), RETURN)


def test_a_hang_while_it_loads_is_noticed_in_seconds(tmp_path: Path) -> None:
    with System(tmp_path, {"FAULT": "load:hang"}, backend="tests.fakes.faulty") as system:
        log = system.log("backend")
        wait_until(lambda: '"listening"' in log.read_text(), RETURN)
        wait_until(lambda: "Loading has stood still for 8 s." in log.read_text(), RETURN)
        wait_until(lambda: "The backend has ended with status 3." in log.read_text(), RETURN)
        wait_until(lambda: log.read_text().count('"listening"') == 2, RETURN)
        backend_of(system).suspend()
        wait_until(lambda: "The backend gave no sign of life for" in log.read_text(), RETURN)
