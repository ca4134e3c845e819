"""HTTP/1.1 as uvicorn speaks it, but for clients that speak badly, slowly, or all at once.

What is no HTTP gets an envelope too. A request has a time to arrive, its head and its body; an
answer has a time to be taken. No more connections are held than there are descriptors for.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import Any, ClassVar, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from frontend.api.errors import ApiError, unavailable
from frontend.api.limits import BODY_RATE, BODY_SECONDS, HEAD_SECONDS, READER_RATE, READER_SECONDS

logger = logging.getLogger(__name__)

# Twice what the gate allows: what is only a little too much is refused there.
INCOMPLETE_BYTES: Final = 64 << 10
_LINGER: Final = 1.0  # seconds in which a refused sender may finish and read why
_SPARE: Final = 2.0  # seconds more than the routes give a body: they have the better answer


class Protocol(H11Protocol):
    """One connection."""

    most: ClassVar[int | None] = None  # connections at a time; None: as many as come

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(*args, **kwargs)
        self._refused = False
        self._arriving: asyncio.TimerHandle | None = None  # the time of a head or a body
        self._stage: object = None  # what is arriving: h11.IDLE is a head; None: nothing
        self._began = 0.0
        self._received = 0  # bytes of the stage
        self._leaving: asyncio.TimerHandle | None = None  # the time of what was written
        self._unread = 0  # bytes of it when that time began

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Waits for a head, or refuses at once."""
        super().connection_made(transport)
        if self.most is not None and len(self.connections) > self.most:
            self._refuse(unavailable("Too many connections are open."), linger=0.0)
            return
        self._expect(h11.IDLE)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._expect(None)
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes after a refusal are thrown away."""
        if self._refused:
            return
        super().data_received(data)
        self._look()
        self._received += len(data)

    def on_response_complete(self) -> None:
        """The next request may be on its way already, and the answer not yet taken."""
        super().on_response_complete()
        self._look()
        if self.transport.get_write_buffer_size():
            self._wait_for_reader()

    def pause_writing(self) -> None:
        """The client takes its answer more slowly than it is written."""
        super().pause_writing()
        self._wait_for_reader()

    def resume_writing(self) -> None:
        """It has caught up."""
        super().resume_writing()
        self._stop_waiting()

    def send_400_response(self, msg: str) -> None:
        """Refuses what could not be parsed."""
        self._refuse(_refusal(sys.exc_info()[1]))

    # What arrives

    def _look(self) -> None:
        """Finds out what has to arrive next."""
        if self._refused or self.transport.is_closing():
            return
        if self.transport.get_protocol() is not self:  # a websocket by now
            self._expect(None)
            return
        state = self.conn.their_state
        if state is h11.SEND_BODY or (state is h11.IDLE and self.conn.trailing_data[0]):
            self._expect(state)
        else:
            self._expect(None)

    def _expect(self, stage: object) -> None:
        if stage is self._stage:
            return
        self._stage, self._began, self._received = stage, self.loop.time(), 0
        if self._arriving is not None:
            self._arriving.cancel()
            self._arriving = None
        if stage is not None:
            seconds = HEAD_SECONDS if stage is h11.IDLE else BODY_SECONDS + _SPARE
            self._arriving = self.loop.call_later(seconds, self._late)

    def _late(self) -> None:
        """Ends a request that did not arrive in time; a body that is long has longer."""
        if self._stage is h11.SEND_BODY:
            allowed = BODY_SECONDS + _SPARE + self._received / BODY_RATE
            left = self._began + allowed - self.loop.time()
            if self.flow.read_paused:  # it is we who do not read
                left = max(left, _LINGER)
            if left > 0:
                self._arriving = self.loop.call_later(left, self._late)
                return
        is_silent = self._stage is h11.IDLE and not self._received
        self._stage = self._arriving = None
        if is_silent:  # browsers open connections ahead
            self.transport.close()
            return
        logger.info("slow sender", extra={"request_id": (self.scope or {}).get("request_id")})
        message = "The request was not complete in time."
        self._refuse(ApiError(408, message, code="request_timeout"))

    # What leaves

    def _wait_for_reader(self) -> None:
        if self._leaving is None:
            self._unread = self.transport.get_write_buffer_size()
            self._leaving = self.loop.call_later(READER_SECONDS, self._look_at_reader)

    def _stop_waiting(self) -> None:
        if self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None

    def _look_at_reader(self) -> None:
        """Cuts off a client that does not take its answer; closing would wait for it forever."""
        self._leaving = None
        left = self.transport.get_write_buffer_size()
        if left > self._unread - READER_RATE * READER_SECONDS:
            logger.info("slow client", extra={"request_id": (self.scope or {}).get("request_id")})
            self.transport.abort()
        elif left:
            self._wait_for_reader()

    def _refuse(self, refusal: ApiError, *, linger: float = _LINGER) -> None:
        """Answers and closes. Closing at once could destroy the answer unread."""
        self._refused = True
        self._expect(None)
        body = refusal.body()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
            *((name.lower().encode(), value.encode()) for name, value in refusal.headers.items()),
        ]
        try:
            for event in (
                h11.Response(status_code=refusal.status, headers=headers),
                h11.Data(data=body),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event) or b"")
        except h11.LocalProtocolError:  # an answer is under way already
            self.transport.close()
            return
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True  # for whoever waits for the body
            self.cycle.message_event.set()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(linger, self.transport.close)


def holding(most: int) -> type[Protocol]:
    """The protocol for a process that can hold so many connections."""
    return type("Protocol", (Protocol,), {"most": most})


def _refusal(error: BaseException | None) -> ApiError:
    if isinstance(error, h11.RemoteProtocolError) and error.error_status_hint == 431:
        return ApiError(431, "The request's headers are too large.", code="headers_too_large")
    return ApiError(400, "The request is not valid HTTP.", code="invalid_http")
