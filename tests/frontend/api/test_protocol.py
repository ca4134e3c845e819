"""Connections that come slowly, stay unread, or are too many."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest

from frontend.api.protocol import Protocol, holding
from tests.fakes.asking import text, user
from tests.fakes.backend import FakeBackend
from tests.fakes.waiting import wait_until
from tests.fakes.web import CHAT, Web, read_response

HEAD = f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


@pytest.fixture
def held() -> Iterator[ExitStack]:
    """Closes the sockets put into it."""
    with ExitStack() as stack:
        yield stack


def connect(web: Web, held: ExitStack, sent: str = "") -> socket.socket:
    opened = held.enter_context(socket.create_connection(("127.0.0.1", web.port), timeout=20))
    opened.sendall(sent.encode())
    return opened


def test_two_hundred_heads_and_bodies_that_never_end_are_refused_while_others_are_served(
    web: Web, held: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("frontend.api.protocol.HEAD_SECONDS", 3.0)
    monkeypatch.setattr("frontend.api.body.BODY_SECONDS", 3.0)
    slow = [connect(web, held, "GET /health HTTP/1.1\r\nHost: loc") for _ in range(100)]
    slow += [connect(web, held, f"{HEAD}Content-Length: 100\r\n\r\n{{") for _ in range(100)]
    for one in slow:
        with suppress(OSError):  # refused by now, on a machine that is busy
            one.sendall(b"a")
    for _ in range(10):
        assert web.chat().status == 200
    for one in slow:
        answered = read_response(one)
        assert answered.status == 408
        assert answered.error["code"] == "request_timeout"
        assert one.recv(1) == b"", "the connection is closed"
    assert web.chat().status == 200


def test_a_body_that_nobody_asked_for_is_cut_off_too(
    web: Web, held: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("frontend.api.protocol.BODY_SECONDS", -1.5)
    slow = connect(
        web, held, "POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n"
    )
    assert read_response(slow).status == 405
    assert slow.recv(1) == b""


def test_a_long_body_has_longer(web: Web, held: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("frontend.api.protocol.BODY_SECONDS", -1.8)
    monkeypatch.setattr("frontend.api.protocol.BODY_RATE", 1 << 10)
    asked = {"model": "fake-model", "messages": user(text("a")), "user": "a" * (200 << 10)}
    body = json.dumps(asked)
    sender = connect(web, held, f"{HEAD}Content-Length: {len(body)}\r\n\r\n{body[:-1]}")
    sender.settimeout(0.6)
    with pytest.raises(TimeoutError):
        sender.recv(1)
    sender.settimeout(20)
    sender.sendall(body[-1:].encode())
    assert read_response(sender).status == 200


def test_a_connection_that_never_asks_is_closed_without_a_word(
    web: Web, held: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("frontend.api.protocol.HEAD_SECONDS", 0.2)
    assert connect(web, held).recv(1) == b""


def test_a_second_request_has_its_time_as_well(
    web: Web, held: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("frontend.api.protocol.HEAD_SECONDS", 0.5)
    kept = connect(web, held, "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert read_response(kept).status == 200
    kept.sendall(b"GET /hea")
    assert read_response(kept).status == 408


def test_a_whole_answer_that_is_not_taken_is_cut_off(
    web: Web, held: ExitStack, backend: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("frontend.api.protocol.READER_SECONDS", 0.3)
    backend.answer = "w" * (20 << 20)
    body = json.dumps({"model": "fake-model", "messages": user(text("a"))})
    slow = connect(web, held, f"{HEAD}Content-Length: {len(body)}\r\n\r\n{body}")
    slow.recv(1)
    wait_until(lambda: not web.connections)
    taken = 0
    while piece := slow.recv(1 << 20):
        taken += len(piece)
    assert taken < 20 << 20, "the rest was dropped"


def test_more_connections_than_can_be_held_are_refused_until_there_is_room(
    backend: FakeBackend, held: ExitStack
) -> None:
    with Web(backend.address, protocol=holding(4)) as web:
        with ExitStack() as crowd:
            for _ in range(4):
                connect(web, crowd)
            wait_until(lambda: len(web.connections) == 4)
            refused = read_response(connect(web, held))
            assert refused.status == 503
            assert refused.error["code"] == "backend_unavailable"
            assert int(refused.headers["retry-after"]) >= 1
        wait_until(lambda: not web.connections)
        assert web.chat().status == 200
    assert Protocol.most is None
