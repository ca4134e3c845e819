"""The web process: the page and the REST interface on one port.

`python -m frontend` reads the environment, takes the port and serves until SIGTERM or Ctrl-C;
what is being answered then has a few seconds to end.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final

import streamlit as st
import uvicorn
from sqlalchemy.exc import DBAPIError
from streamlit import config as page_config

from frontend import connections, folder, logs, outbox, state, tracing
from frontend.api import base_path
from frontend.api.protocol import INCOMPLETE_BYTES, holding
from frontend.api.routes import Api
from frontend.history import upgrading
from frontend.history.engines import can_open
from frontend.keys import KeysUnusable
from frontend.settings import LOCAL_HOSTS, Mistakes, Settings, load
from frontend.uploader.assets import Assets

logger = logging.getLogger(__name__)

PAGE: Final = Path(__file__).parent / "streamlit_app.py"
_SAME_SIGNAL_SECONDS: Final = 0.5
GRACE_SECONDS: Final = 2.5  # for running answers after SIGTERM
_GIVING_BACK_SECONDS: Final = 1.5
_CLOSING_SECONDS: Final = 4  # after which connections are cut
_PAGE_OPTIONS: Final[dict[str, Any]] = {
    "browser.gatherUsageStats": False,
    "server.headless": True,
    "server.fileWatcherType": "none",
    "server.runOnSave": False,
    "global.developmentMode": False,
    # A whole collection after every look at an answer took twenty times as long as the look.
    "runner.postScriptGC": False,
}


class Server(uvicorn.Server):
    """uvicorn, but running answers are told when the process ends."""

    def __init__(self, config: uvicorn.Config, api: Api) -> None:
        super().__init__(config)
        self._api = api
        self._asked_at: float | None = None  # when the end was, on time.monotonic()'s clock

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Refuses what is new, lets what runs finish, then ends what is left."""
        self._api.drain()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._api.idle(), GRACE_SECONDS)
        self._api.end_all()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first signal asks for an end, a later one for it at once. One that comes along with
        the first is the same."""
        now = time.monotonic()
        if self._asked_at is not None and now - self._asked_at > _SAME_SIGNAL_SECONDS:
            os._exit(128 + sig)
        self._asked_at = self._asked_at or now
        super().handle_exit(sig, frame)


def application(settings: Settings) -> tuple[Api, Any]:
    """The API, and the ASGI application that holds it and the page."""
    api = Api(settings)
    traces = tracing.begin(wanted=settings.is_traced, service=settings.otel_service_name)

    @asynccontextmanager
    async def lifespan(_: st.App) -> AsyncIterator[dict[str, Any]]:
        outbox.serve(asyncio.get_running_loop())
        async with api.running():
            begun = asyncio.create_task(asyncio.to_thread(_go_on))
            try:
                yield {}
            finally:
                await begun
                await asyncio.to_thread(_give_back)
                await asyncio.to_thread(traces.close)

    page = st.App(PAGE, lifespan=lifespan)
    options = {
        **_PAGE_OPTIONS,
        "server.baseUrlPath": settings.base_path.strip("/"),
        "secrets.files": [str(settings.oidc_secrets)] if settings.oidc_secrets else [],
    }
    for name, value in options.items():  # after App, which finds the page's config.toml
        page_config.set_option(name, value)
    inside = Assets(base_path.Inside(page, settings.base_path))
    whole = traces.traced(logs.recorded(api.before(inside)))
    return api, base_path.Outside(whole, settings.base_path)


def _go_on() -> None:
    """Work that an earlier process left goes on before anybody looks at the page."""
    try:
        state.house()
    except Exception:
        logger.exception("unfinished work waits until the page is opened")


def _give_back() -> None:
    """Lets work under way wait for the next process.

    What the backend does not let go of in time is taken up like that of a process that died.
    """
    ending = threading.Thread(target=state.house.clear, daemon=True)
    ending.start()
    ending.join(_GIVING_BACK_SECONDS)


def take_port(settings: Settings) -> socket.socket:
    """The listening socket. Raises OSError if another process has it."""
    found = socket.getaddrinfo(
        settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    family, kind, protocol, _, address = found[0]
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(1)  # so that a second process is refused from now on
    except OSError:
        listener.close()
        raise
    return listener


def upgrade(settings: Settings) -> None:
    """Upgrades an older history before anybody is served. The folder has to be held.

    Raises SchemaTooNew, UpgradeFailed.
    """
    # Out of reach or damaged: the page says so. A new one is made beside the start, not before it.
    with contextlib.suppress(DBAPIError):
        if upgrading.is_older(settings.database_url):
            upgrading.bring_up(settings.database_url)


def main() -> int:
    """The exit code: 2 for what the operator has to change."""
    try:
        settings = load()
    except Mistakes as mistakes:
        sys.stderr.writelines(f"{line}\n" for line in mistakes.lines)
        return 2
    if not can_open(settings.database_url):
        sys.stderr.write("DATABASE_URL: no such database, or its driver is not installed.\n")
        return 2
    try:
        listener = take_port(settings)
    except OSError as error:
        reason = error.strerror or "the name is not known"
        if (pid := folder.holder(settings.data_dir)) is not None:
            reason += f"; a web process is already running (pid {pid})"
        sys.stderr.write(f"PORT: {settings.host}:{settings.port} cannot be used: {reason}.\n")
        return 2
    try:
        folder.hold(settings.data_dir)  # until this process ends
    except folder.FolderInUse as used:
        who = "" if used.holder is None else f" (pid {used.holder})"
        sys.stderr.write(f"DATA_DIR: a web process is already running with this folder{who}.\n")
        return 2
    except OSError:
        sys.stderr.write("DATA_DIR: the folder cannot be made or written to.\n")
        return 2
    try:
        api, app = application(settings)
    except KeysUnusable as unusable:
        listener.close()
        sys.stderr.write(f"DATA_DIR: {unusable}\n")
        return 2
    logs.configure(settings.log_level)
    try:
        upgrade(settings)
    except (upgrading.SchemaTooNew, upgrading.UpgradeFailed) as refusal:
        listener.close()
        sys.stderr.write(f"{refusal}\n")
        return 2
    logger.info("web process starts", extra={"host": settings.host, "port": settings.port})
    if settings.host not in LOCAL_HOSTS and not api.asks_for_keys:
        logger.warning("HOST can be reached from other machines and there are no API keys")
    config = uvicorn.Config(
        app,
        http=holding(connections.most()),
        loop="asyncio",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,  # the gate must see who is connected, not who says to be
        h11_max_incomplete_event_size=INCOMPLETE_BYTES,
        timeout_graceful_shutdown=_CLOSING_SECONDS,
        ws="websockets-sansio",
        ws_ping_interval=30,
        ws_ping_timeout=30,
        ws_per_message_deflate=page_config.get_option("server.enableWebsocketCompression"),
        ws_max_size=page_config.get_option("server.maxMessageSize") << 20,
    )
    # uvicorn raises the signal again once it has ended; it has been obeyed by then.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    Server(config, api).run(sockets=[listener])
    return 0


if __name__ == "__main__":
    sys.exit(main())
