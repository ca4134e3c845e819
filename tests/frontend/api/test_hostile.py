"""Every REST entry of the shared list of hostile inputs, against a real port."""

from __future__ import annotations

import http.server
import resource
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from frontend.api import fetch
from frontend.api.fetch import Address, Fetcher
from tests.fakes import hostile
from tests.fakes.backend import FakeBackend
from tests.fakes.web import CHAT, Answered, Web

PUBLIC_FOR_NOW = "127.0.0.2"  # plays a public address; the canary listens on 127.0.0.1


BUILDERS = hostile.builders() if hostile.is_there() else None

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(BUILDERS is None, reason=hostile.ABSENT),
]


class Redirector(http.server.BaseHTTPRequestHandler):
    """Sends every visitor on to `target`, and counts them in `hits`."""

    target = ""
    hits = 0

    def do_GET(self) -> None:
        type(self).hits += 1
        self.send_response(302)
        self.send_header("Location", type(self).target)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


class Canary(Redirector):
    """Nobody may come here."""

    hits = 0


@pytest.fixture(scope="module")
def canary() -> Iterator[str]:
    with listening(Canary, "127.0.0.1") as port:
        yield f"127.0.0.1:{port}"


@pytest.fixture(scope="module")
def redirector(canary: str) -> Iterator[int]:
    Redirector.target = f"http://{canary}/x.png"
    with listening(Redirector, PUBLIC_FOR_NOW) as port:
        yield port


class listening:  # noqa: N801 - used like a function
    """A web server in a thread."""

    def __init__(self, handler: type[Redirector], host: str) -> None:
        self._server = http.server.HTTPServer((host, 0), handler)

    def __enter__(self) -> int:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return int(self._server.server_address[1])

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


async def resolve(host: str, port: int) -> Sequence[str]:
    return [PUBLIC_FOR_NOW] if host == "allowed.test" else await fetch.resolve(host, port)


def is_public(address: Address) -> bool:
    return str(address) == PUBLIC_FOR_NOW or fetch.is_public(address)


@pytest.fixture(scope="module")
def service() -> Iterator[Web]:
    assert BUILDERS is not None
    with FakeBackend(token="between-us") as fake:
        fake.model = BUILDERS.MODEL
        with Web(
            fake.address,
            fetcher=Fetcher(resolve=resolve, is_public=is_public),
            api_keys=(BUILDERS.KEY,),
            backend_token="between-us",
        ) as web:
            yield web


@pytest.mark.parametrize("entry", hostile.entries("rest"), ids=lambda entry: str(entry["name"]))
def test_entry(entry: dict[str, Any], service: Web, canary: str, redirector: int) -> None:
    assert BUILDERS is not None
    for spec in hostile.build(entry, BUILDERS, CANARY=canary, REDIRECTOR=str(redirector)):
        before = memory()
        if "raw" in spec:
            answered = service.raw(spec["raw"])
        else:
            answered = service.send(spec["method"], spec["path"], spec["content"], spec["headers"])
        check(entry, answered)
        assert memory() - before < 64 << 20
        good = service.send("POST", CHAT, **good_request())
        assert good.status == 200, "the next request must work"
    assert Canary.hits == 0
    if "REDIRECTOR" in entry["how_to_build"]:
        assert Redirector.hits == 1, "the first host was to be visited"


def check(entry: dict[str, Any], answered: Answered) -> None:
    statuses = hostile.expected(entry)
    assert answered.status in statuses, answered.content[:300]
    if answered.status == 200:
        assert answered.json["choices"][0]["message"]["content"]
        return
    error = answered.error
    if len(statuses) == 1:
        assert error["type"] == entry["expect_type"]
    if entry["expect_param"] is not None and entry["name"] != "body_nan":
        assert error["param"] == entry["expect_param"]
    if answered.status == 401:
        assert answered.headers["www-authenticate"] == "Bearer"
    if answered.status == 405:
        assert answered.headers["allow"] == "POST"
    for secret in ("0x", "Traceback", "127.0.0.1", "/work", "/usr", ".py"):
        assert secret not in error["message"]


def good_request() -> dict[str, Any]:
    assert BUILDERS is not None
    spec = BUILDERS.chat()
    return {"content": spec["content"], "headers": spec["headers"]}


def memory() -> int:
    """Resident bytes of this process, in which the service runs as well."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()
