"""`python -m frontend` as a process: page and REST on one port, and how it starts and ends."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from websockets.sync.client import connect

from frontend.client.blocking import Client
from frontend.history.history import History
from frontend.history.upgrading import SCHEMA_VERSION, version_at
from frontend.history.work import Work
from frontend.history.work_records import FileState, JobState
from frontend.workflows.fields import Field, FieldList, Language
from tests.fakes.backend import FakeBackend
from tests.fakes.pdf import Page as PdfPage
from tests.fakes.pdf import paragraph, pdf
from tests.fakes.released import write_release
from tests.fakes.waiting import PATIENCE, wait_until
from tests.fakes.web import CHAT, Answered

ROOT = Path(__file__).parents[2]
# The same start, with another time for running answers after SIGTERM.
WITH_GRACE = """
import sys
from frontend import __main__ as web
web.GRACE_SECONDS = {}
sys.exit(web.main())
"""


@pytest.fixture
def backend() -> Iterator[FakeBackend]:
    with FakeBackend() as fake:
        yield fake


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def environment(**changes: str) -> dict[str, str]:
    return {**os.environ, "PYTHONUNBUFFERED": "1", **changes}


@contextmanager
def serving(
    port: int, grace: float | None = None, **changes: str
) -> Iterator[subprocess.Popen[str]]:
    start = ["-m", "frontend"] if grace is None else ["-c", WITH_GRACE.format(grace)]
    process = subprocess.Popen(
        [sys.executable, *start],
        cwd=ROOT,
        env=environment(PORT=str(port), **changes),
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_until(lambda: is_up(port))
        yield process
    finally:
        process.kill()
        process.communicate()


def is_up(port: int) -> bool:
    try:
        return get(port, "/health").status == 200
    except OSError:
        return False


def get(port: int, path: str, **headers: str) -> Answered:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answered(response.status, found, response.read())
    finally:
        connection.close()


def test_an_older_history_is_upgraded_before_anybody_is_served(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    write_release(path, 1)
    port = free_port()
    with serving(port, DATA_DIR=str(tmp_path), BACKEND_ADDRESS="127.0.0.1:9") as process:
        assert version_at(f"sqlite:///{path}") == SCHEMA_VERSION
        process.terminate()
        _, said = process.communicate(timeout=30)
    told = [json.loads(line) for line in said.splitlines()]
    (upgraded,) = [line for line in told if line["event"] == "the history was upgraded"]
    assert (upgraded["before"], upgraded["now"]) == (1, SCHEMA_VERSION)
    assert (tmp_path / upgraded["copy"]).exists()


def test_page_and_rest_share_a_port(backend: FakeBackend, tmp_path: Path) -> None:
    port = free_port()
    with serving(port, BACKEND_ADDRESS=backend.address, DATA_DIR=str(tmp_path)) as process:
        page = get(port, "/")
        assert page.status == 200
        assert page.headers["content-type"].startswith("text/html")
        assert get(port, "/_stcore/health").status == 200
        assert get(port, "/ready").json["status"] == "ready"
        with connect(f"ws://127.0.0.1:{port}/_stcore/stream", compression="deflate") as page_socket:
            assert page_socket.protocol.extensions == [], "short messages are not worth compressing"
        assert get(port, "/v1/models").json["data"][0]["id"] == "fake-model"
        for path in ("/v1/nope", "/v1/../health", "/v1/a%00", "/v1/a%5Cb"):
            assert get(port, path).error["code"] == "unknown_url"
        assert get(port, "/v1/models/a%2F..%2Fb").error["code"] == "model_not_found"
        assert get(port, "/", Host="evil.example").error["code"] == "invalid_host"
        second = subprocess.run(
            [sys.executable, "-m", "frontend"],
            cwd=ROOT,
            env=environment(PORT=str(port)),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert second.returncode == 2
        assert second.stderr.count("\n") == 1
        assert second.stderr.startswith("PORT: ")
        for taken in ({"PORT": str(port)}, {"PORT": str(free_port())}):
            third = subprocess.run(
                [sys.executable, "-m", "frontend"],
                cwd=ROOT,
                env=environment(DATA_DIR=str(tmp_path), **taken),
                capture_output=True,
                text=True,
                timeout=30,
                check=False,
            )
            assert third.returncode == 2
            assert third.stderr.count("\n") == 1
            assert "already running" in third.stderr
            assert f"(pid {process.pid})" in third.stderr
        backend.token_delay = 2.0
        with closing(ask(port, " ".join("word" for _ in range(50)))) as connection:
            wait_until(lambda: backend.running == 1)
            process.send_signal(signal.SIGTERM)
            said = connection.getresponse().read().decode()
        assert process.wait(PATIENCE) == 0
        assert said.endswith("data: [DONE]\n\n")
        assert "backend_unavailable" in said


def test_what_runs_at_sigterm_finishes_and_what_is_new_is_refused(
    backend: FakeBackend, tmp_path: Path
) -> None:
    port = free_port()
    backend.answer, backend.answers = "three words more", 0
    with (
        serving(port, PATIENCE, BACKEND_ADDRESS=backend.address, DATA_DIR=str(tmp_path)) as process,
        closing(ask(port, "hi")) as connection,
    ):
        wait_until(lambda: backend.running == 1)
        process.send_signal(signal.SIGTERM)
        wait_until(lambda: get(port, "/ready").status == 503)
        assert get(port, "/ready").json["phase"] == "draining"
        assert get(port, "/health").status == 200
        with closing(ask(port, "too late")) as late:
            refused = late.getresponse()
            assert refused.status == 503
            assert int(refused.headers["retry-after"]) >= 1
            assert json.loads(refused.read())["error"]["code"] == "backend_unavailable"
        backend.answers = None
        said = connection.getresponse().read().decode()
        assert '"finish_reason":"stop"' in said
        assert said.endswith("data: [DONE]\n\n")
        assert process.wait(PATIENCE) == 0
    assert len(backend.requests) == 1


def test_a_second_signal_ends_it_at_once(backend: FakeBackend, tmp_path: Path) -> None:
    port = free_port()
    backend.token_delay = 300.0
    with (
        serving(port, 200.0, BACKEND_ADDRESS=backend.address, DATA_DIR=str(tmp_path)) as process,
        closing(ask(port, "hi")),
    ):
        wait_until(lambda: backend.running == 1)
        process.send_signal(signal.SIGTERM)
        wait_until(lambda: get(port, "/ready").status == 503)
        time.sleep(0.6)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 128 + signal.SIGTERM


def ask(port: int, question: str) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    body = {
        "model": "fake-model",
        "stream": True,
        "messages": [{"role": "user", "content": question}],
    }
    connection.request("POST", CHAT, json.dumps(body), {"Content-Type": "application/json"})
    return connection


def test_keys_leave_the_page_open(backend: FakeBackend, tmp_path: Path) -> None:
    backend.token = "between-us"
    port = free_port()
    with serving(
        port,
        BACKEND_ADDRESS=backend.address,
        DATA_DIR=str(tmp_path),
        API_KEYS="a-key",
        BACKEND_TOKEN="between-us",
    ):
        for path in ("/", "/health", "/ready", "/_stcore/health"):
            assert get(port, path).status == 200, path
        for path in ("/v1/models", "/metrics", "/docs", "/openapi.json", "/index.html", "/agent"):
            assert get(port, path).status == 401, path
        assert get(port, "/v1/models", Authorization="Bearer a-key").status == 200


def test_mistakes_end_it_with_a_line_each(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "frontend"],
        cwd=ROOT,
        env=environment(PORT="http", LOG_LEVEL="loud"),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ran.returncode == 2
    assert [line.split(":")[0] for line in ran.stderr.splitlines()] == ["PORT", "LOG_LEVEL"]


def test_work_that_was_left_goes_on_before_anybody_looks(
    backend: FakeBackend, tmp_path: Path
) -> None:
    data = pdf(PdfPage(paragraph("One page")))
    backend.page_texts[hashlib.sha256(data).hexdigest()] = ("The term is two years.",)
    backend.answer = '{"term": "two years"}'
    asked = FieldList("t", "T", Language.ENGLISH, (Field("term", "How long?"),))
    with (
        closing(Client(backend.address)) as client,
        closing(History(f"sqlite:///{tmp_path / 'history.sqlite3'}")) as history,
    ):
        work, file = Work(history.database), client.put("local", data, "a.pdf")
        first = work.create("local", "T", asked.to_json(), {}, [(file, "a.pdf")])
        port = free_port()
        with serving(port, BACKEND_ADDRESS=backend.address, DATA_DIR=str(tmp_path)) as process:
            wait_until(lambda: state_of(work, first) is JobState.FINISHED)
            backend.answer, backend.token_delay = "two years " * 100, 2.0
            second = work.create("local", "T", asked.to_json(), {}, [(file, "b.pdf")])
            wait_until(lambda: len(backend.requests) == 2)
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == 0
        assert [one.state for one in work.files("local", second)] == [FileState.WAITING]


def test_a_backend_that_holds_on_to_work_does_not_hold_up_the_end(
    backend: FakeBackend, tmp_path: Path
) -> None:
    backend.start_delay = 300.0
    with (
        closing(Client(backend.address)) as client,
        closing(History(f"sqlite:///{tmp_path / 'history.sqlite3'}")) as history,
    ):
        asked = FieldList("t", "T", Language.ENGLISH, (Field("term", "How long?"),))
        file = client.put("local", pdf(PdfPage(paragraph("One page"))), "a.pdf")
        Work(history.database).create("local", "T", asked.to_json(), {}, [(file, "a.pdf")])
        port = free_port()
        with serving(port, BACKEND_ADDRESS=backend.address, DATA_DIR=str(tmp_path)) as process:
            wait_until(lambda: backend.requests)
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == 0


def state_of(work: Work, job: str) -> JobState:
    kept = work.job("local", job)
    assert kept is not None
    return kept.state
