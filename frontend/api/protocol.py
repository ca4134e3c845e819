"""HTTP/1.1 as uvicorn speaks it, but for requests that are no HTTP: they get an envelope too."""

from __future__ import annotations

import sys
from typing import Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from frontend.api.errors import ApiError

# Twice what the gate allows: what is only a little too much is refused there.
INCOMPLETE_BYTES: Final = 64 << 10
_LINGER: Final = 1.0  # seconds in which a refused sender may finish and read why


class Protocol(H11Protocol):
    """One connection."""

    _refused = False

    def data_received(self, data: bytes) -> None:
        """Bytes after a refusal are thrown away."""
        if not self._refused:
            super().data_received(data)

    def send_400_response(self, msg: str) -> None:
        """Refuses what could not be parsed. Closing at once could destroy the answer unread."""
        self._refused = True
        refusal = _refusal(sys.exc_info()[1])
        body = refusal.body()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
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
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(_LINGER, self.transport.close)


def _refusal(error: BaseException | None) -> ApiError:
    if isinstance(error, h11.RemoteProtocolError) and error.error_status_hint == 431:
        return ApiError(431, "The request's headers are too large.", code="headers_too_large")
    return ApiError(400, "The request is not valid HTTP.", code="invalid_http")
