"""Signs of life, as a watcher hears them, and an engine that does not come back."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from backend import heartbeat
from backend.activity import Activity
from backend.heartbeat import Loading, Notifier, beat
from backend.readiness import Phase, Readiness, Ready, Report
from tests.fakes import model
from tests.fakes.engine import FakeEngine
from tests.fakes.waiting import until


@asynccontextmanager
async def beating(
    address: str | None,
    engine: FakeEngine,
    lost: list[str],
    load: Callable[[], object] = lambda: None,
    activity: Activity | None = None,
) -> AsyncIterator[None]:
    words = model.tokenizer()
    ready = Ready(model.info(), words, model.template(words), engine)

    def bring_in(report: Report) -> Ready:
        report(Phase.LOADING, "Loading.")
        load()
        return ready

    readiness = Readiness(bring_in, lambda phase: None)
    notifier = Notifier(address)
    task = asyncio.create_task(beat(notifier, readiness, 5.0, lost.append, Loading(activity)))
    await asyncio.sleep(0)
    readiness.start()
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        notifier.close()


async def test_a_watcher_hears_that_it_lives_and_once_that_it_is_ready(tmp_path: Path) -> None:
    loop, lost = asyncio.get_running_loop(), list[str]()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as watcher:
        watcher.bind(str(tmp_path / "notify"))
        watcher.setblocking(False)
        async with beating(str(tmp_path / "notify"), FakeEngine(), lost), asyncio.timeout(20):
            said = [(await loop.sock_recv(watcher, 100)).decode() for _ in range(4)]
    assert said[0] == "WATCHDOG=1", "it lives before it is ready"
    assert all(lines.startswith("WATCHDOG=1") for lines in said)
    assert sum("READY=1" in lines for lines in said) == 1
    assert lost == []


async def test_a_step_that_does_not_come_back_is_told_once() -> None:
    engine, lost = FakeEngine(), list[str]()
    async with beating(None, engine, lost):
        engine.busy_since = time.monotonic()
        await asyncio.sleep(1.5 * heartbeat.BEAT_SECONDS)
        assert lost == [], "a long step is no hang"
        engine.busy_since = time.monotonic() - 6
        await until(lambda: lost != [])
        await asyncio.sleep(1.5 * heartbeat.BEAT_SECONDS)
    assert lost == ["A step of the engine has not come back within 5 s."]


class Watched(Activity):
    """Threads of which it is said whether they are at work."""

    def __init__(self) -> None:
        self.works = True

    def has_worked(self) -> bool:
        return self.works


async def test_loading_that_stands_still_is_told_once_and_slow_loading_never(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(heartbeat, "BEAT_SECONDS", 0.05)
    monkeypatch.setattr(heartbeat, "STANDSTILL_SECONDS", 0.5)
    watched, loaded, lost = Watched(), threading.Event(), list[str]()
    async with beating(None, FakeEngine(), lost, loaded.wait, watched):
        await asyncio.sleep(1.5)
        assert lost == [], "it takes long, and somebody is at work"
        watched.works = False
        await until(lambda: lost != [])
        await asyncio.sleep(1.0)
        loaded.set()
    assert lost == ["Loading has stood still for 0.5 s."]


async def test_who_is_ready_or_waits_for_another_server_may_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(heartbeat, "BEAT_SECONDS", 0.05)
    monkeypatch.setattr(heartbeat, "STANDSTILL_SECONDS", 0.2)
    watched, loaded, lost = Watched(), threading.Event(), list[str]()
    watched.works = False
    async with beating(None, FakeEngine(), lost, activity=watched):
        await asyncio.sleep(0.8)
    async with beating(None, FakeEngine(), lost, loaded.wait):
        await asyncio.sleep(0.8)
        loaded.set()
    assert lost == []


def test_nobody_needs_to_listen(tmp_path: Path) -> None:
    for address in (None, str(tmp_path / "nobody"), "@nobody-listens-here"):
        notifier = Notifier(address)
        notifier.tell("WATCHDOG=1")
        notifier.close()
