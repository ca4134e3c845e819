"""Pictures by URL: from where they may come, and how far a server may lead us."""

from __future__ import annotations

import asyncio
import contextlib
import http.server
import ipaddress
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from frontend.api import fetch
from frontend.api.errors import ApiError
from frontend.api.fetch import Fetcher
from tests.fakes.asking import picture, png, user
from tests.fakes.backend import FakeBackend
from tests.fakes.web import Web


class Pictures(http.server.BaseHTTPRequestHandler):
    """/ok is a picture, /hop/N leads on, the rest misbehaves; Host headers are remembered."""

    hosts: list[str] = []  # noqa: RUF012

    def do_GET(self) -> None:
        type(self).hosts.append(self.headers["Host"])
        path = self.path
        if path.startswith("/hop/"):
            left = int(path.removeprefix("/hop/"))
            self.send_response(302)
            self.send_header("Location", f"/hop/{left - 1}" if left > 1 else "/ok")
            self.end_headers()
        elif path == "/private":
            self.send_response(302)
            self.send_header("Location", "http://127.0.0.3/")
            self.end_headers()
        elif path == "/ok":
            self.answer(png())
        elif path == "/huge":
            self.answer(png() + bytes(10_000_001))
        elif path == "/gzip":
            self.answer(b"x", {"Content-Encoding": "gzip"})
        elif path == "/slow":
            time.sleep(1.0)
        else:
            self.send_error(404)

    def answer(self, content: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(OSError):  # the fetcher may have seen enough
            self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@pytest.fixture(scope="module")
def pictures() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.2", 0), Pictures)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://pictures.test:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


class Names:
    """A name server under the test's control; counts its questions."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        if host[0].isdigit():
            return [host]
        return [self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]]


def fetcher(*answers: str, mode: str = "public", hosts: frozenset[str] = frozenset()) -> Fetcher:
    return Fetcher(
        mode,
        hosts,
        resolve=Names(*(answers or ("127.0.0.2",))).resolve,
        is_public=lambda address: str(address) == "127.0.0.2",
    )


async def test_a_picture_comes_and_redirects_are_followed(pictures: str) -> None:
    assert await fetcher().fetch(f"{pictures}/ok", "p") == png()
    assert await fetcher().fetch(f"{pictures}/hop/3", "p") == png()
    assert Pictures.hosts[-1].startswith("pictures.test:")


@pytest.mark.parametrize("path", ["/hop/4", "/private", "/huge", "/gzip", "/missing"])
async def test_servers_that_mislead(pictures: str, path: str) -> None:
    with pytest.raises(ApiError) as refused:
        await fetcher().fetch(f"{pictures}{path}", "the.param")
    assert (refused.value.status, refused.value.code) == (400, "invalid_image_url")
    assert refused.value.param == "the.param"
    assert "127.0" not in refused.value.message


async def test_slow_servers(pictures: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "REMOTE_SECONDS", 0.2)
    with pytest.raises(ApiError):
        await fetcher().fetch(f"{pictures}/slow", "p")


async def test_the_address_that_was_checked_is_the_one_visited(pictures: str) -> None:
    names = Names("127.0.0.2", "127.0.0.1")
    rebound = Fetcher(resolve=names.resolve, is_public=lambda a: str(a) == "127.0.0.2")
    assert await rebound.fetch(f"{pictures}/ok", "p") == png()
    assert names.asked == ["pictures.test"]


async def test_modes(pictures: str) -> None:
    listed = frozenset({"pictures.test"})
    assert await fetcher(mode="allowlist", hosts=listed).fetch(f"{pictures}/ok", "p") == png()
    for strict in (fetcher(mode="off"), fetcher(mode="allowlist", hosts=frozenset({"other.test"}))):
        with pytest.raises(ApiError):
            await strict.fetch(f"{pictures}/ok", "p")


@pytest.mark.parametrize(
    "link",
    ["", "http://", "http://user:pw@pictures.test/", "ftp://pictures.test/", "//pictures.test/x",
     "http://pictures.test:99999/", "http://[::1", "http://a b/", "http://pictures.test\x00/",
     "http://" + "a" * 9000],
)  # fmt: skip
async def test_what_is_no_url(link: str) -> None:
    with pytest.raises(ApiError):
        await fetcher().fetch(link, "p")


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("::ffff:8.8.8.8", False),
        ("::127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("fe80::1", False),
        ("fc00::1", False),
        ("ff02::1", False),
    ],
)
def test_public_addresses(address: str, public: bool) -> None:
    assert fetch.is_public(ipaddress.ip_address(address)) is public


async def test_names_are_resolved() -> None:
    assert "127.0.0.1" in await fetch.resolve("127.0.0.1", 80)
    with pytest.raises(OSError):  # noqa: PT011 - whatever the platform says
        await asyncio.wait_for(fetch.resolve("no-such-host.invalid", 80), 5)


def test_through_the_interface(backend: FakeBackend, pictures: str) -> None:
    with Web(backend.address, fetcher=fetcher()) as web:
        assert web.chat(messages=user(*[picture(f"{pictures}/ok")] * 3)).status == 200
        assert len(backend.uploads) == 1
        refused = web.chat(messages=user(picture(f"{pictures}/missing")))
        assert refused.error["param"] == "messages[0].content[0].image_url.url"
