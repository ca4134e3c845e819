"""Answers in the backend's place while there is none: why, and when it is tried again."""

from __future__ import annotations

import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from backend.auth import Gate
from backend.errors import Unavailable
from backend.media.limits import MediaLimits
from backend.metrics import Metrics
from backend.model import catalogue
from backend.service.boundary import Boundary, refusing
from backend.service.inference import VERSION
from backend.service.server import OPTIONS
from backend.settings import Settings
from backend.wire import answers, requests
from protos import inference_pb2 as pb

_GET_MODEL = f"/{pb.DESCRIPTOR.services_by_name['Inference'].full_name}/GetModel"


@asynccontextmanager
async def standing_in(settings: Settings, reason: str, seconds: float) -> AsyncIterator[bool]:
    """Answers at the backend's address, within the `with`; whether the address could be had.

    `reason` is a sentence for people; the next try comes in `seconds`.
    """
    server = grpc.aio.server(interceptors=(Boundary(_gate(settings), Metrics()),), options=OPTIONS)
    server.add_generic_rpc_handlers((_Standby(settings, reason, time.monotonic() + seconds),))
    checked = health.aio.HealthServicer()
    for service in ("", *(f"inference.v1.{name}" for name in ("Inference", "Media"))):
        await checked.set(service, health_pb2.HealthCheckResponse.NOT_SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(checked, server)
    try:
        if settings.tls is None:
            server.add_insecure_port(settings.backend_address)
        else:
            credentials = grpc.ssl_server_credentials([settings.tls])
            server.add_secure_port(settings.backend_address, credentials)
    except RuntimeError:
        yield False
        return
    await server.start()
    try:
        yield True
    finally:
        await server.stop(0)


class _Standby(grpc.GenericRpcHandler):
    """Tells how far the backend is, and refuses everything else."""

    def __init__(self, settings: Settings, reason: str, again_at: float) -> None:
        self._settings = settings
        self._reason = reason
        self._again_at = again_at  # on time.monotonic()'s clock

    def service(self, call: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any]:
        """A handler for any call."""
        if call.method != _GET_MODEL:
            wait = max(1, math.ceil(self._again_at - time.monotonic()))
            return refusing(Unavailable(self._reason, retry_after=wait))
        return grpc.unary_unary_rpc_method_handler(
            self._model, pb.GetModelRequest.FromString, pb.GetModelResponse.SerializeToString
        )

    async def _model(self, request: pb.GetModelRequest, context: object) -> pb.GetModelResponse:
        media = MediaLimits(quota_bytes=int(self._settings.media_quota_gb * 1e9))
        return pb.GetModelResponse(
            models=[answers.model(info) for info in catalogue.entries()],
            phase=pb.PHASE_STARTING,
            detail=self._reason,
            version=VERSION,
            limits=answers.limits(media, requests.MAX_FILES, self._settings.max_queue),
            started_at=int(time.time()),
        )


def _gate(settings: Settings) -> Gate:
    token = settings.backend_token
    return Gate(
        None if token is None else token.get_secret_value(),
        (key.get_secret_value() for key in settings.api_keys),
    )
