"""How often and how many at a time somebody may ask."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from frontend.api.throttle import Bounds, Throttle
from tests.fakes.backend import FakeBackend
from tests.fakes.waiting import wait_until
from tests.fakes.web import Answered, Web


class Asked:
    """The status that a request gets at a moment of a clock that only a test moves."""

    def __init__(self, key: Bounds, owner: Bounds) -> None:
        self.now = 0.0
        self._throttle = Throttle(self._served, key=key, owner=owner, clock=lambda: self.now)

    async def __call__(self, key: str = "k", owner: str = "o", **more: Any) -> tuple[int, int]:
        """The status, and the seconds after which to come back."""
        told: list[Any] = []

        async def send(message: Any) -> None:
            told.append(message)

        scope = {"type": "http", "method": "POST", "path": "/v1/x", "key": key, "owner": owner}
        await self._throttle({**scope, **more}, None, send)  # type: ignore[arg-type]
        wait = dict(told[0]["headers"]).get(b"retry-after", b"0")
        return told[0]["status"], int(wait)

    @staticmethod
    async def _served(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})


async def test_a_minutes_worth_may_come_at_once_and_then_one_by_one() -> None:
    ask = Asked(Bounds(per_minute=3), Bounds())
    assert [await ask() for _ in range(4)] == [(200, 0)] * 3 + [(429, 20)]
    ask.now = 19.0
    assert await ask() == (429, 1)
    ask.now = 20.0
    assert [await ask() for _ in range(2)] == [(200, 0), (429, 20)]
    assert await ask(key="other") == (200, 0)
    ask.now = 1000.0
    assert [(await ask())[0] for _ in range(4)] == [200, 200, 200, 429]


async def test_the_keys_of_an_owner_share_the_owners_bound() -> None:
    ask = Asked(Bounds(), Bounds(per_minute=2))
    assert [(await ask(key=key))[0] for key in "abc"] == [200, 200, 429]
    assert (await ask(owner="other"))[0] == 200


async def test_a_refused_request_takes_nothing_from_any_bucket() -> None:
    ask = Asked(Bounds(per_minute=1), Bounds(per_minute=2))
    assert [(await ask(key=key))[0] for key in "aab"] == [200, 429, 200]


async def test_only_work_is_counted() -> None:
    ask = Asked(Bounds(per_minute=1), Bounds())
    for more in ({"method": "GET"}, {"path": "/health"}, {"path": "/"}):
        assert [(await ask(**more))[0] for _ in range(3)] == [200] * 3


@pytest.fixture
def backend() -> Iterator[FakeBackend]:
    with FakeBackend() as fake:
        yield fake


def test_so_many_at_a_time_whole_and_streamed(backend: FakeBackend) -> None:
    backend.answers = 0
    with Web(backend.address, key_at_once=2) as web, ThreadPoolExecutor(3) as pool:
        running = [pool.submit(web.chat, stream=stream) for stream in (False, True)]
        wait_until(lambda: backend.running == 2)
        refused: Answered = web.chat()
        assert refused.status == 429
        assert (refused.error["type"], refused.error["code"]) == (
            "rate_limit_error",
            "rate_limit_exceeded",
        )
        assert 1 <= int(refused.headers["retry-after"]) <= 120
        assert web.get("/v1/models").status == 200
        backend.answers = None
        assert [one.result().status for one in running] == [200, 200]
        assert web.chat().status == 200
