"""The gRPC server: its address, its bounds, its services, and how it goes down."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

import grpc
import structlog
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from backend.answering import Answerer
from backend.auth import Gate
from backend.generations import Generations
from backend.kept_answers import KeptAnswers
from backend.media.library import Library
from backend.media.limits import MediaLimits
from backend.metrics import Metrics
from backend.model.info import ModelInfo
from backend.quarantine import Quarantine
from backend.readiness import Load, Phase, Readiness
from backend.service.boundary import Boundary
from backend.service.inference import Inference
from backend.service.media import MediaService
from backend.tracing import Tracing
from protos import inference_pb2, inference_pb2_grpc, media_pb2, media_pb2_grpc

GRACE = 4.0  # seconds that running requests have at the end; supervisors kill after five
_LAST_WORDS = 0.5  # of them, to tell those that are cut off

OPTIONS = (
    ("grpc.so_reuseport", 0),  # a second backend on the same port has to fail
    ("grpc.max_receive_message_length", 4 << 20),
    ("grpc.max_metadata_size", 8 << 10),
    ("grpc.absolute_max_metadata_size", 16 << 10),
    ("grpc.keepalive_permit_without_calls", 1),
    # A front end pings every four seconds, to notice a backend that hangs.
    ("grpc.http2.min_ping_interval_without_data_ms", 2_000),
)

log = structlog.get_logger(__name__)


class AddressInUse(Exception):
    """Something else listens there."""


class Server:
    """Everything that answers, in one place. Made, run and closed on one event loop."""

    def __init__(
        self,
        library: Library,
        limits: MediaLimits,
        gate: Gate,
        catalogue: Sequence[ModelInfo],
        load: Load,
        *,
        max_queue: int,
        max_running: int,
        answer_cache_bytes: int,
        quarantine: Quarantine | None = None,
        tracing: Tracing | None = None,
    ) -> None:
        """Without a `quarantine` nothing is known of what earlier processes died of."""
        metrics = Metrics()
        kept = KeptAnswers(answer_cache_bytes)
        self._library = library
        self._generations = Generations(max_active=max_queue + max_running)
        self._answerer = Answerer(
            library, self._generations, kept, metrics, quarantine or Quarantine(), tracing
        )
        self._health = health.aio.HealthServicer()
        self._announcements: set[asyncio.Task[None]] = set()
        self.readiness = Readiness(load, self._announce)
        self._grpc = grpc.aio.server(
            interceptors=(Boundary(gate, metrics, tracing),), options=OPTIONS
        )
        inference_pb2_grpc.add_InferenceServicer_to_server(
            Inference(
                self.readiness,
                catalogue,
                self._answerer,
                self._generations,
                kept,
                library,
                metrics,
                limits,
                max_queue,
            ),
            self._grpc,
        )
        media_pb2_grpc.add_MediaServicer_to_server(
            MediaService(library, self._generations, kept, self.readiness), self._grpc
        )
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._grpc)
        self._services = (
            inference_pb2.DESCRIPTOR.services_by_name["Inference"].full_name,
            media_pb2.DESCRIPTOR.services_by_name["Media"].full_name,
        )
        reflection.enable_server_reflection(
            (*self._services, health.SERVICE_NAME, reflection.SERVICE_NAME), self._grpc
        )

    async def start(self, address: str, tls: tuple[bytes, bytes] | None = None) -> int:
        """Listens, and begins to load the model; the port. Raises AddressInUse.

        With `tls`, a private key and its certificates, calls are encrypted.
        """
        await self._show(health_pb2.HealthCheckResponse.NOT_SERVING)
        try:
            port = (
                self._grpc.add_insecure_port(address)
                if tls is None
                else self._grpc.add_secure_port(address, grpc.ssl_server_credentials([tls]))
            )
        except RuntimeError:
            raise AddressInUse(address) from None
        await self._grpc.start()
        self.readiness.start()
        return port

    async def close(self, grace: float = GRACE) -> None:
        """Refuses what is new, lets running requests finish within `grace`, ends the rest."""
        self.readiness.drain()
        await self._show(health_pb2.HealthCheckResponse.NOT_SERVING)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._generations.idle(), max(0.0, grace - 2 * _LAST_WORDS))
        self._generations.stop_all()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._generations.idle(), _LAST_WORDS)
        await asyncio.gather(
            self._grpc.stop(_LAST_WORDS), self.readiness.stop(0.0), self._library.close()
        )
        self._answerer.close()

    def _announce(self, phase: Phase) -> None:
        status = (
            health_pb2.HealthCheckResponse.SERVING
            if phase is Phase.READY
            else health_pb2.HealthCheckResponse.NOT_SERVING
        )
        task = asyncio.create_task(self._show(status))
        self._announcements.add(task)
        task.add_done_callback(self._announcements.discard)

    async def _show(self, status: health_pb2.HealthCheckResponse.ServingStatus.ValueType) -> None:
        for service in ("", *self._services):
            await self._health.set(service, status)
