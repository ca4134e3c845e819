"""What a run of the page's script has drawn, on its way to the browser.

Streamlit hands every message of a run from its thread to the event loop, one by one. If the timer
of a fragment asks for a run when that thread has ended but its messages still wait there, they are
dropped, and the page stays half drawn. So a run does not end before its messages are on their way;
how long that takes also tells a run that draws again and again how busy the process is.
"""

from __future__ import annotations

import asyncio
import threading
from typing import Final

_PATIENCE: Final = 10.0  # seconds; a loop that is busy for longer has greater worries

_loop: asyncio.AbstractEventLoop | None = None


def serve(loop: asyncio.AbstractEventLoop) -> None:
    """From now on, pages are served by that loop."""
    global _loop
    _loop = loop


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
