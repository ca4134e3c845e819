"""What a run has drawn is on its way before the run ends."""

from __future__ import annotations

import asyncio
import threading

import pytest
from streamlit.runtime.scriptrunner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequest, ScriptRequests
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.local_script_runner import LocalScriptRunner

from frontend import outbox


@pytest.fixture(autouse=True)
def as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "_loop", None)
    monkeypatch.setattr(ScriptRunner, "_on_script_finished", ScriptRunner._on_script_finished)


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


async def test_a_run_waits_before_its_thread_takes_no_more_requests(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[str] = []
    ready = ScriptRequests.on_scriptrunner_ready

    def asked(requests: ScriptRequests) -> ScriptRequest:
        done.append("asked for requests")
        return ready(requests)

    monkeypatch.setattr(ScriptRequests, "on_scriptrunner_ready", asked)
    monkeypatch.delattr(LocalScriptRunner, "_on_script_finished")  # the one for a browser is tested
    monkeypatch.setattr(outbox, "wait_until_sent", lambda: done.append("sent"))
    outbox.serve(asyncio.get_running_loop())
    outbox.serve(asyncio.get_running_loop())  # as in a process that serves once more
    page = AppTest.from_string("import streamlit as st; st.write('drawn')")
    await asyncio.to_thread(page.run)
    assert page.markdown[0].value == "drawn"
    assert done == ["asked for requests", "sent", "asked for requests"]


def test_without_a_loop_nothing_is_waited_for() -> None:
    outbox.wait_until_sent()


def test_a_loop_that_has_ended_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "_PATIENCE", 3600.0)

    async def serve() -> None:
        outbox.serve(asyncio.get_running_loop())

    asyncio.run(serve())
    outbox.wait_until_sent()
