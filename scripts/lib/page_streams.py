"""Answers that stream into many pages at once: what they cost, and whether they keep their pace.

A `Tab` speaks to the page's websocket as a browser does: it sends a question, and looks for news as
often as the page asks it to. The backend behind it computes nothing and speaks at a fixed pace.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin

from scripts.lib.measuring import Figure, busy_seconds, fake_backend
from scripts.lib.system import System

LONG = 2000  # tokens of one long answer
LONG_PACE = 160.0  # tokens a second, as one sequence has on an H100
TABS = 25
PACE = 40.0  # tokens a second of each
SHORT = 400  # tokens: ten seconds
FIRST = 64  # tokens of the answer that a new process is warmed up with
_PATIENCE = 120.0  # seconds
_MOST_BYTES = 64 << 20  # of one message


class Tab:
    """One page that is open."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._input = ""  # id of the field that takes a question
        self._longest = ""  # of the one for the longest answer
        self._looks: dict[str, asyncio.Task[None]] = {}
        self._query = ""  # of the page's address, which says what conversation is shown
        self.seen = ""  # the longest text that an element showed

    async def open(self) -> None:
        """Loads the page until a question can be typed."""
        await self._send(BackMsg())
        async with asyncio.timeout(_PATIENCE):
            while not self._input:
                await self._hear()

    async def ask(self, question: str, answer: str) -> float:
        """Seconds from sending the question until its whole answer is there to be seen."""
        message = BackMsg()
        widgets = message.rerun_script.widget_states.widgets
        widgets.add(id=self._longest, double_value=len(answer.split()))
        widgets.add(id=self._input).chat_input_value.data = question
        began = time.monotonic()
        await self._send(message)
        try:
            async with asyncio.timeout(_PATIENCE):
                while answer not in self.seen:
                    await self._hear()
        except TimeoutError:
            raise TimeoutError(f"{len(self.seen)} of {len(answer)} characters came") from None
        return time.monotonic() - began

    async def close(self) -> None:
        """Looks no longer."""
        for look in self._looks.values():
            look.cancel()
        await asyncio.gather(*self._looks.values(), return_exceptions=True)

    async def _hear(self) -> None:
        told = ForwardMsg()
        told.ParseFromString(await self._socket.recv(decode=False))
        match told.WhichOneof("type"):
            case "delta":
                element = told.delta.new_element
                if "-p-max_tokens-" in element.number_input.id:
                    self._longest = element.number_input.id
                if element.HasField("chat_input") and not element.chat_input.disabled:
                    self._input = element.chat_input.id
                if len(element.markdown.body) > len(self.seen):
                    self.seen = element.markdown.body
            case "auto_rerun":
                again = told.auto_rerun
                if again.fragment_id not in self._looks:
                    looking = self._look_again(again.fragment_id, again.interval)
                    self._looks[again.fragment_id] = asyncio.create_task(looking)
            case "stop_auto_rerun":
                for fragment in told.stop_auto_rerun.fragment_ids:
                    if look := self._looks.pop(fragment, None):
                        look.cancel()
            case "page_info_changed":
                self._query = told.page_info_changed.query_string
            case "session_event" if told.session_event.HasField("script_compilation_exception"):
                raise RuntimeError(told.session_event.script_compilation_exception.message)
            case _:
                pass

    async def _look_again(self, fragment: str, seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            message = BackMsg()
            message.rerun_script.fragment_id = fragment
            message.rerun_script.is_auto_rerun = True
            await self._send(message)

    async def _send(self, message: BackMsg) -> None:
        message.rerun_script.query_string = self._query
        await self._socket.send(message.SerializeToString())


def figures(folder: Path) -> Iterator[Figure]:
    """What a long answer costs the web process, and how much slower many at once are."""
    seconds, busy = streamed(folder / "long", 1, LONG, LONG_PACE)
    yield Figure(
        f"processor time of the page, {LONG} tokens",
        busy,
        "s",
        0.5,
        how=f"web process, one page, {LONG_PACE:.0f} tokens/s, {max(seconds):.1f} s",
    )
    seconds, busy = streamed(folder / "many", TABS, SHORT, PACE)
    ideal = SHORT / PACE
    yield Figure(
        f"{TABS} pages at {PACE:.0f} tokens/s, times the ideal time",
        statistics.median(seconds) / ideal,
        "x",
        1.2,
        how=f"median; slowest {max(seconds) / ideal:.2f}, ideal {ideal:.0f} s,"
        f" web process busy {busy:.1f} s",
    )


def streamed(folder: Path, tabs: int, tokens: int, pace: float) -> tuple[list[float], float]:
    """Seconds until each page showed its whole answer, and processor seconds of the web process."""
    folder.mkdir(parents=True)
    with fake_backend(tokens, pace) as address:
        system = System(folder, {"BACKEND_ADDRESS": address})
        system.start("frontend")
        try:
            system.wait_until_ready()
            web = psutil.Process(system.pid("frontend"))
            return asyncio.run(_ask_all(system.url, web, tabs, tokens))
        finally:
            system.end("frontend")


async def _ask_all(
    url: str, web: psutil.Process, tabs: int, tokens: int
) -> tuple[list[float], float]:
    address = url.replace("http://", "ws://") + "/_stcore/stream"
    answer = _words(tokens)
    async with AsyncExitStack() as stack:

        async def opened() -> Tab:
            socket = await stack.enter_async_context(
                connect(
                    address,
                    origin=Origin(url),
                    max_size=_MOST_BYTES,
                    max_queue=None,  # what nobody reads any more would keep it from closing
                    ping_interval=None,
                )
            )
            tab = Tab(socket)
            stack.push_async_callback(tab.close)
            await tab.open()
            return tab

        first = await opened()
        await first.ask("the first question of all", _words(FIRST))
        pages = [await opened() for _ in range(tabs)]
        before = busy_seconds(web)
        taken = await asyncio.gather(
            *(page.ask(f"question {number}", answer) for number, page in enumerate(pages))
        )
        return list(taken), busy_seconds(web) - before


def _words(count: int) -> str:
    """What the backend that computes nothing answers."""
    return " ".join(["word"] * count)
