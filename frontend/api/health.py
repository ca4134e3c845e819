"""GET /health and /ready: whether the process lives, and whether it can serve."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from frontend.client.concurrent import AsyncClient
from frontend.messages import BackendError, Phase

_PATIENCE: Final = 0.8  # seconds; the answer itself must come within one


async def health(request: Request) -> Response:
    """Always, as long as the loop turns."""
    return JSONResponse({"status": "ok"})


class Readiness:
    """Asks the backend."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    async def ready(self, request: Request) -> Response:
        """200 once the backend has proved that it answers; else 503 and how far it is."""
        try:
            status = await self._client.status(timeout=_PATIENCE)
        except BackendError as error:
            return not_ready("unreachable", error.message)
        if status.phase is not Phase.READY:
            return not_ready(status.phase.value, status.detail)
        model = status.model
        return JSONResponse(
            {
                "status": "ready",
                "phase": status.phase.value,
                "detail": status.detail,
                "model": model.id if model else None,
            }
        )


def not_ready(phase: str, detail: str) -> Response:
    """503, how far it is, and why."""
    return JSONResponse(
        {"status": "not_ready", "phase": phase, "detail": detail},
        status_code=503,
        headers={"Retry-After": "2"},
    )
