"""What a run of the page's script has drawn, on its way to the browser.

Streamlit hands every message of a run from its thread to the event loop, one by one, and at last
that the run has ended. If the timer of a fragment asks for a run when that thread has ended but
its messages still wait there, they are dropped: the page stays half drawn, or keeps what the run
had taken off it. So a run does not end before its messages are on their way; how long that takes
also tells a run that draws again and again how busy the process is.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from functools import wraps
from typing import Final, ParamSpec

from streamlit.runtime.scriptrunner import ScriptRunner

Arguments = ParamSpec("Arguments")

_PATIENCE: Final = 10.0  # seconds; a loop that is busy for longer has greater worries

_loop: asyncio.AbstractEventLoop | None = None


def serve(loop: asyncio.AbstractEventLoop) -> None:
    """From now on, pages are served by that loop, and every run waits for it at its end."""
    global _loop
    _loop = loop
    if not hasattr(ScriptRunner._on_script_finished, "__wrapped__"):
        ScriptRunner._on_script_finished = _waiting(ScriptRunner._on_script_finished)  # type: ignore[method-assign]


def wait_until_sent() -> None:
    """Returns once the loop has taken what this thread has drawn; at once if no loop serves."""
    if _loop is None or not _loop.is_running():
        return
    taken = threading.Event()
    try:
        _loop.call_soon_threadsafe(taken.set)  # behind all that this thread has handed over before
    except RuntimeError:  # it was closed just now, and nothing can be sent any more
        return
    taken.wait(_PATIENCE)


def _waiting(finish: Callable[Arguments, None]) -> Callable[Arguments, None]:
    """The end of a run, which its thread reaches last of all; no other place is told of it."""

    @wraps(finish)
    def finished(*args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        finish(*args, **kwargs)
        wait_until_sent()

    return finished
