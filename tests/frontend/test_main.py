"""`python -m frontend` as a process: page and REST on one port, and how it starts and ends."""

from __future__ import annotations

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

from tests.fakes.asking import wait_until
from tests.fakes.backend import FakeBackend
from tests.fakes.web import CHAT, Answered

ROOT = Path(__file__).parents[2]


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
def serving(port: int, **changes: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "frontend"],
        cwd=ROOT,
        env=environment(PORT=str(port), **changes),
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_until(lambda: is_up(port), 30)
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


def test_page_and_rest_share_a_port(backend: FakeBackend, tmp_path: Path) -> None:
    port = free_port()
    with serving(port, BACKEND_ADDRESS=backend.address, DATA_DIR=str(tmp_path)) as process:
        page = get(port, "/")
        assert page.status == 200
        assert page.headers["content-type"].startswith("text/html")
        assert get(port, "/_stcore/health").status == 200
        assert get(port, "/ready").json["status"] == "ready"
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
        backend.token_delay = 0.2
        with closing(ask(port, " ".join("word" for _ in range(50)))) as connection:
            wait_until(lambda: backend.running == 1)
            time.sleep(0.5)
            before = time.monotonic()
            process.send_signal(signal.SIGTERM)
            said = connection.getresponse().read().decode()
        assert process.wait(10) == 0
        assert time.monotonic() - before < 5
        assert said.endswith("data: [DONE]\n\n")
        assert "backend_unavailable" in said


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
