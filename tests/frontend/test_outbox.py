"""What a run has drawn is on its way before the run ends."""

from __future__ import annotations

import asyncio
import threading

import pytest

from frontend import outbox


@pytest.fixture(autouse=True)
def no_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "_loop", None)


async def test_a_run_ends_behind_its_messages() -> None:
    loop = asyncio.get_running_loop()
    outbox.serve(loop)
    taken: list[str] = []

    def script() -> None:
        for number in range(100):
            loop.call_soon_threadsafe(taken.append, f"message {number}")
        outbox.wait_until_sent()
        taken.append("end")

    running = threading.Thread(target=script)
    running.start()
    running.join(0.05)  # the loop is busy
    assert running.is_alive()
    assert taken == []
    await asyncio.to_thread(running.join)
    assert len(taken) == 101
    assert taken[-1] == "end"


def test_without_a_loop_nothing_is_waited_for() -> None:
    outbox.wait_until_sent()


def test_a_loop_that_has_ended_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "_PATIENCE", 3600.0)

    async def serve() -> None:
        outbox.serve(asyncio.get_running_loop())

    asyncio.run(serve())
    outbox.wait_until_sent()
