"""The log: JSON lines, one for each REST request, and libraries kept quiet."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from unittest.mock import AsyncMock

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from frontend import logs


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    logging.getLogger("frontend").setLevel(logging.NOTSET)


def test_requests_are_recorded(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info")
    client = TestClient(logs.recorded(PlainTextResponse("ok", 404)))
    client.get("/v1/nope")
    client.get("/")
    (line,) = capsys.readouterr().err.splitlines()
    record = json.loads(line)
    assert (record["event"], record["level"]) == ("request", "info")
    assert (record["method"], record["path"], record["status"]) == ("GET", "/v1/nope", 404)


async def test_who_leaves_before_the_end_is_recorded_as_such(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def begun(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})

    async def nothing(message: Message) -> None:
        pass

    logs.configure("info")
    scope = {"type": "http", "method": "POST", "path": "/v1/chat/completions"}
    await logs.recorded(begun)(scope, AsyncMock(), nothing)
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["status"] == logs.LEFT == 499


def test_failures_keep_their_traceback_for_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("error")
    logging.getLogger("frontend.x").info("unheard")
    logging.getLogger("somelibrary").info("unheard")
    try:
        raise ValueError("inside")
    except ValueError:
        logging.getLogger("frontend.x").exception("request %s failed", "id-1")
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["event"] == "request id-1 failed"
    assert "inside" in line
