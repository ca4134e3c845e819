"""What no request passes without: a host we answer to, sane headers, a key."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest

from tests.fakes.backend import FakeBackend
from tests.fakes.web import CHAT, Web

KEY = "a-key"


@pytest.fixture
def locked(backend: FakeBackend) -> Iterator[Web]:
    backend.token = "between-us"
    with Web(
        backend.address,
        api_keys=(KEY, "another"),
        backend_token="between-us",
        allowed_hosts=frozenset({"reader.example"}),
    ) as running:
        yield running


def test_everything_but_the_page_needs_a_key(locked: Web) -> None:
    for path in ("/health", "/ready"):
        assert locked.get(path).status == 200
    for path in (CHAT, "/v1/models", "/metrics", "/v1/nope", "/docs", "/V1/models", "//v1/models"):
        answered = locked.get(path)
        assert answered.status == 401, path
        assert answered.headers["www-authenticate"] == "Bearer"
        assert answered.error["type"] == "authentication_error"
    # The page itself is not part of this application: past the gate there is a plain 404.
    assert locked.get("/").status == 404
    assert locked.get("/_stcore/health").status == 404
    assert locked.get("/assets/uploader/worker.js").status == 404


def test_keys(locked: Web, backend: FakeBackend) -> None:
    for header in (f"Bearer {KEY}", f"bearer  {KEY} ", "Bearer another"):
        assert locked.get("/v1/models", Authorization=header).status == 200, header
    for header in (f"Basic {KEY}", KEY, "Bearer", "Bearer ", f"Bearer {KEY}x", "Bearer \xe9"):
        assert locked.get("/v1/models", Authorization=header).status == 401, header
    assert locked.chat(headers={"Authorization": f"Bearer {KEY}"}).status == 200
    assert backend.owners == ["key-" + hashlib.sha256(KEY.encode()).hexdigest()[:16]]


def test_a_refused_body_is_not_read(locked: Web) -> None:
    head = f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n"
    assert locked.raw([head.encode()], seconds=2).status == 401


def test_hosts(locked: Web) -> None:
    for host in ("127.0.0.1", "localhost:8080", "[::1]:80", "LOCALHOST", "reader.example:443"):
        assert locked.get("/health", Host=host).status == 200, host
    for host in ("evil.example", "127.0.0.1.evil.example", "localhost:x", "", "[::2]", "a b"):
        for path in ("/health", "/", CHAT):
            answered = locked.get(path, Host=host)
            assert (answered.status, answered.error["code"]) == (400, "invalid_host"), host


def test_an_absent_host(web: Web) -> None:
    assert web.raw([b"GET /health HTTP/1.0\r\n\r\n"]).status == 400


def test_headers_are_bounded(web: Web) -> None:
    line = "X-A: 1\r\n"
    head = "GET /health HTTP/1.1\r\nHost: localhost\r\n"
    assert web.raw([f"{head}{line * 99}\r\n".encode()]).status == 200
    assert web.raw([f"{head}{line * 100}\r\n".encode()]).status == 431
    assert web.raw([f"{head}X-A: {'a' * 32000}\r\n\r\n".encode()]).status == 200
    answered = web.raw([f"{head}X-A: {'a' * 33000}\r\n\r\n".encode()])
    assert (answered.status, answered.error["code"]) == (431, "headers_too_large")


def test_what_is_no_http_gets_an_envelope(web: Web) -> None:
    answered = web.raw([b"\x16\x03\x01 hello\r\n\r\n"])
    assert (answered.status, answered.error["code"]) == (400, "invalid_http")
    endless = web.raw([b"GET /health HTTP/1.1\r\nX: ", *[b"a" * (1 << 16)] * 8])
    assert (endless.status, endless.error["code"]) == (431, "headers_too_large")
    assert web.get("/health").status == 200


def test_browsers_are_told_what_they_may_do_here(web: Web) -> None:
    for path in ("/", "/health", "/v1/nope"):
        headers = web.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "SAMEORIGIN"
        assert headers["referrer-policy"] == "no-referrer"
        policy = headers["content-security-policy"]
        assert "frame-ancestors 'self'" in policy
        assert "default-src 'self'" in policy
        assert "http:" not in policy
        assert "https:" not in policy
    assert "content-security-policy" in web.get("/health", Host="evil.example").headers


def test_no_route_answers_without_a_key_but_the_open_ones(locked: Web) -> None:
    for path in locked.api.paths:
        for method in ("GET", "POST", "DELETE"):
            answered = locked.send(method, path.replace("{id:path}", "x"))
            is_open = path in ("/health", "/ready")
            assert (answered.status == 401) is not is_open, (method, path)
