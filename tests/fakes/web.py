"""The REST interface on a real port, without the page, in a thread of the test process."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import uvicorn
from starlette.applications import Starlette

from frontend.api.fetch import Fetcher
from frontend.api.protocol import INCOMPLETE_BYTES, Protocol
from frontend.api.routes import Api
from frontend.settings import Settings

CHAT = "/v1/chat/completions"


@dataclass(frozen=True)
class Answered:
    """A response, read to its end."""

    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def error(self) -> dict[str, Any]:
        """The envelope; asserts that it is one."""
        error = self.json["error"]
        assert set(error) == {"message", "type", "param", "code"}
        assert self.headers["content-type"].startswith("application/json")
        assert isinstance(error, dict)
        return error

    @property
    def chunks(self) -> list[Any]:
        """The events of a stream; asserts that it is complete."""
        lines = [line for line in self.content.decode().split("\n\n") if line]
        assert all(line.startswith("data: ") for line in lines)
        assert lines[-1] == "data: [DONE]"
        return [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]


class Web:
    """Use as a context manager."""

    def __init__(
        self,
        backend: str,
        *,
        fetcher: Fetcher | None = None,
        protocol: type[Protocol] = Protocol,
        **settings: Any,
    ) -> None:
        nowhere = Path("/nonexistent")  # rather than the folder of whoever runs the tests
        values: dict[str, Any] = {"backend_address": backend, "data_dir": nowhere, **settings}
        self.api = Api(Settings(**values), fetcher=fetcher)

        @asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncIterator[None]:
            async with self.api.running():
                yield

        page = Starlette(lifespan=lifespan)
        config = uvicorn.Config(
            self.api.before(page),
            http=protocol,
            loop="asyncio",
            log_config=None,
            access_log=False,
            h11_max_incomplete_event_size=INCOMPLETE_BYTES,
            proxy_headers=False,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._listener]}, daemon=True
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def connections(self) -> set[Any]:
        """Those that are open."""
        return self._server.server_state.connections

    def __enter__(self) -> Web:
        self._thread.start()
        end = time.monotonic() + 10
        while not self._server.started:
            assert time.monotonic() < end, "the web server did not start"
            time.sleep(0.01)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        assert not self._thread.is_alive()

    def send(
        self, method: str, path: str, content: bytes = b"", headers: dict[str, str] | None = None
    ) -> Answered:
        """One request on its own connection."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, content or None, headers or {})
            response = connection.getresponse()
            content = response.read()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Answered(response.status, found, content)
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Answered:
        """GET."""
        return self.send("GET", path, headers=headers)

    def chat(
        self, body: object = None, *, headers: dict[str, str] | None = None, **over: Any
    ) -> Answered:
        """POST a chat request: the given body, or a small good one with changes (... removes)."""
        if body is None:
            good = {"model": "fake-model", "messages": [{"role": "user", "content": "hi there"}]}
            body = {k: v for k, v in {**good, **over}.items() if v is not ...}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.send(
            "POST", CHAT, content, {"Content-Type": "application/json", **(headers or {})}
        )

    def raw(self, parts: list[bytes], *, seconds: float = 20) -> Answered:
        """Writes bytes as they are and reads one response."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as connection:
            for part in parts:
                connection.sendall(part)
            return read_response(connection)


def read_response(connection: socket.socket) -> Answered:
    """The next response on a socket."""
    response = http.client.HTTPResponse(connection)
    response.begin()
    content = response.read()
    found = {name.lower(): value for name, value in response.getheaders()}
    return Answered(response.status, found, content)
