"""The router to compare with: every request to the next replica, whatever it is about."""

from __future__ import annotations

from ray.serve.request_router import PendingRequest, RequestRouter, RunningReplica

from backend.cluster.calls import Call


class RoundRobinRouter(RequestRouter):
    """Takes turns."""

    def initialize_state(self) -> None:
        """The first replica comes first."""
        self._turn = 0

    async def choose_replicas(
        self,
        candidate_replicas: list[RunningReplica],
        pending_request: PendingRequest | None = None,
    ) -> list[list[RunningReplica]]:
        """All replicas, beginning with the one whose turn it is."""
        if pending_request is None or not candidate_replicas:
            return [candidate_replicas]
        pending_request.routing_context.should_backoff = True
        order = sorted(candidate_replicas, key=lambda each: each.replica_id.unique_id)
        if not isinstance(pending_request.args[0] if pending_request.args else None, Call):
            return [order]
        first = self._turn % len(order)
        self._turn += 1
        return [[replica] for replica in order[first:] + order[:first]]
