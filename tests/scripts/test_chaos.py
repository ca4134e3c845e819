"""The chaos script's own parts: what it would find must not escape it."""

from __future__ import annotations

import asyncio
import contextlib
import random
from pathlib import Path

import pytest
import sqlalchemy as sa

from frontend.history.history import History
from frontend.history.tables import messages
from scripts.chaotic import rounds
from scripts.chaotic.proxy import Proxy
from scripts.chaotic.rounds import Lost, kill_rounds
from scripts.lib.system import free_ports


def test_a_history_survives_rounds_of_kill_9(tmp_path: Path) -> None:
    assert kill_rounds(tmp_path, 3, random.Random(7)) > 0


@pytest.mark.parametrize(
    "damage",
    [
        sa.delete(messages).where(messages.c.text == "q0"),
        sa.update(messages).where(messages.c.text == "a0").values(text="other"),
    ],
)
def test_a_lost_turn_is_found(tmp_path: Path, damage: sa.Delete | sa.Update) -> None:
    url = f"sqlite:///{tmp_path / 'rounds.sqlite3'}"
    chance = random.Random(3)
    asked, closed = rounds._killed(url, 0, chance)
    while not closed:
        asked, closed = rounds._killed(url, 0, chance)
    with contextlib.closing(History(url)) as history, history.database.write() as connection:
        connection.execute(damage)
    with pytest.raises(Lost):
        rounds._check(url, {"round-0": (asked, closed)})


async def test_the_proxy_forwards_falls_silent_and_cuts() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while part := await reader.read(100):
            writer.write(part)
        writer.close()

    port, behind = free_ports(2)
    server = await asyncio.start_server(echo, "127.0.0.1", behind)
    async with server, Proxy(port, behind) as proxy, asyncio.timeout(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"one")
        assert await reader.readexactly(3) == b"one"
        silence = asyncio.create_task(proxy.fall_silent(1.0))
        await asyncio.sleep(0.1)
        writer.write(b"two")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(3), 0.5)
        await silence
        assert await reader.readexactly(3) == b"two"
        proxy.cut()
        with contextlib.suppress(ConnectionError):
            assert await reader.read(1) == b""
        writer.close()
