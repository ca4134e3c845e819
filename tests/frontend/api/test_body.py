"""JSON bodies: strict, refused by type before they are read, and few large ones at a time."""

from __future__ import annotations

import asyncio
import io
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from frontend.api.body import Body, Room, parse
from frontend.api.errors import ApiError
from frontend.client.concurrent import AsyncClient
from frontend.messages import FileRef
from tests.fakes.asking import PDF, document, user
from tests.fakes.waiting import wait_until
from tests.fakes.web import Web


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'{"a":1e999}',
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":"\\ud800"}',
        b'{"\\udfff":1}',
        b'{"a":"\xff"}',
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b"{'a':1}",
        b'{"a":1,}',
        b'{"a":"\n"}',
    ],
    ids=range(19),
)
def test_what_is_no_json_object(content: bytes) -> None:
    with pytest.raises(ApiError) as refused:
        parse(content)
    assert (refused.value.status, refused.value.code) == (400, "invalid_json")


def test_what_is_one() -> None:
    assert parse(b'{"a":"\\ud83d\\ude00","b":[1.5,-2,true,null]}') == {
        "a": "\U0001f600",
        "b": [1.5, -2, True, None],
    }


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "application/json"}, 200),
        ({"Content-Type": "Application/JSON; charset=UTF-8"}, 200),
        ({"Content-Type": "application/json; charset=latin-1"}, 415),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "multipart/form-data; boundary=x"}, 415),
        ({"Content-Type": ""}, 415),
        ({"Content-Encoding": "gzip"}, 415),
        ({"Content-Encoding": "identity"}, 415),
    ],
)
def test_content_types(web: Web, headers: dict[str, str], status: int) -> None:
    answered = web.chat(headers=headers)
    assert answered.status == status
    if status != 200:
        assert answered.error["code"] == "unsupported_media_type"


async def test_large_bodies_take_turns_and_small_ones_do_not_wait() -> None:
    room, free, inside = Room(places=2), asyncio.Event(), 0

    async def stay(size: int) -> None:
        nonlocal inside
        async with room.of(Body(io.BytesIO(), size)):
            inside += 1
            await free.wait()
            inside -= 1

    async with asyncio.TaskGroup() as group:
        for _ in range(5):
            group.create_task(stay(50 << 20))
        await asyncio.sleep(0.05)
        assert inside == 2
        small = group.create_task(stay(1 << 10))
        await asyncio.sleep(0.05)
        assert inside == 3
        free.set()
    assert (inside, small.done()) == (0, True)


def test_few_large_files_are_in_memory_at_a_time(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    free, inside, most = threading.Event(), 0, 0
    put = AsyncClient.put

    async def slow(client: AsyncClient, *args: Any, **more: Any) -> FileRef:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        while not free.is_set():  # noqa: ASYNC110 - it is set in another thread
            await asyncio.sleep(0.01)
        inside -= 1
        return await put(client, *args, **more)

    monkeypatch.setattr(AsyncClient, "put", slow)
    with ThreadPoolExecutor(6) as pool:
        sent = [
            pool.submit(web.chat, messages=user(document(PDF + bytes([n]) * (4 << 20) + b"%%EOF")))
            for n in range(6)
        ]
        wait_until(lambda: inside == 2)
        assert web.chat().status == 200, "small requests do not wait"
        free.set()
        assert [one.result().status for one in sent] == [200] * 6
    assert most == 2
