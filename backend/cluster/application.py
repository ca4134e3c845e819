"""The Ray Serve application: gateways behind the gRPC ingress, replicas behind the gateways."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from ray import serve
from ray.serve.config import RequestRouterConfig

from backend import settings
from backend.cluster.gateway import Gateway
from backend.cluster.replica import Replica

AFFINITY = "backend.cluster.router:AffinityRouter"


class Arguments(BaseModel):
    """What serve.yaml says under `args`: a change replaces every replica. How many there are and
    what each takes of a machine stands under `deployments` and changes in flight."""

    model_config = ConfigDict(extra="forbid")

    places: int = Field(default=8, ge=1, le=256)  # requests that a replica computes at once
    request_router: str = AFFINITY


def build(args: dict[str, Any]) -> serve.Application:
    """The application. Raises settings.Mistakes for what the environment has wrong."""
    arguments = Arguments(**args)
    chosen = settings.read()
    if not chosen.secured:
        raise settings.Mistakes(
            ["Ray's gRPC ingress listens on all addresses: set BACKEND_TOKEN or API_KEYS."]
        )
    shared = (chosen.data_dir / "cluster").absolute()
    scratch = (chosen.data_dir / "replicas").absolute()
    quota = int(chosen.media_quota_gb * 1e9)
    router_arguments: dict[str, Any] = (
        {"places": arguments.places} if arguments.request_router == AFFINITY else {}
    )
    replicas = serve.deployment(
        name="replica",
        # What a replica has no room for waits at the gateway, and what the gateway has no room
        # for is refused.
        max_ongoing_requests=arguments.places + chosen.max_queue,
        max_queued_requests=chosen.max_queue,
        # A replica whose backend has ended is replaced after three looks.
        health_check_period_s=0.5,
        health_check_timeout_s=30.0,
        graceful_shutdown_timeout_s=3600.0,  # running answers end first
        graceful_shutdown_wait_loop_s=0.5,
        request_router_config=RequestRouterConfig(
            request_router_class=arguments.request_router,
            request_router_kwargs=router_arguments,
        ),
    )(Replica).bind(shared, scratch, quota, arguments.places)
    return serve.deployment(
        name="gateway",
        max_ongoing_requests=100_000,  # it only passes on
        health_check_period_s=5.0,
        graceful_shutdown_timeout_s=3600.0,
        graceful_shutdown_wait_loop_s=0.5,
    )(Gateway).bind(replicas, chosen, shared, quota)
