"""Ray Serve's request router that keeps what belongs together on one replica.

Ray makes one in every process that calls the replicas, which is every gateway.
"""

from __future__ import annotations

from collections import Counter

from ray.serve.request_router import (
    PendingRequest,
    ReplicaID,
    ReplicaResult,
    RequestRouter,
    RunningReplica,
)

from backend.cluster.calls import Call
from backend.cluster.placement import Placement


class AffinityRouter(RequestRouter):
    """Prefers the replica that knows the subject of a call, unless that one is too busy."""

    def initialize_state(self, places: int) -> None:
        """`places`: requests that one replica computes at once."""
        self._placement = Placement(places)
        self._running: Counter[str] = Counter()  # sent from here and not answered yet
        self._present: frozenset[str] = frozenset()

    async def choose_replicas(
        self,
        candidate_replicas: list[RunningReplica],
        pending_request: PendingRequest | None = None,
    ) -> list[list[RunningReplica]]:
        """The replicas in the order in which they are tried."""
        replicas = {each.replica_id.unique_id: each for each in candidate_replicas}
        if frozenset(replicas) != self._present:
            self._present = frozenset(replicas)
            self._placement.keep(self._present)
        if pending_request is None:
            return [candidate_replicas]
        # When all are full it is tried again, a little later every time.
        pending_request.routing_context.should_backoff = True
        call = _call(pending_request)
        if call is None:
            return [candidate_replicas]
        if call.to in replicas:
            return [[replicas[call.to]]]
        loads = {name: self._load(each) for name, each in replicas.items()}
        ranked = self._placement.ranked(call.subject, loads)
        first = self._placement.home(_name(call)) if call.name else None
        # False before true: lost ones last; first the one that took a generation of this name.
        ranked.sort(key=lambda name: (name in call.avoid, name != first))
        return [[replicas[name]] for name in ranked]

    def on_send_request(self, replica_id: ReplicaID) -> None:
        """Counts what was sent."""
        super().on_send_request(replica_id)
        self._running[replica_id.unique_id] += 1

    def on_request_completed(self, replica_id: ReplicaID, internal_request_id: str) -> None:
        """Counts what has ended, however it did."""
        super().on_request_completed(replica_id, internal_request_id)
        self._running[replica_id.unique_id] = max(0, self._running[replica_id.unique_id] - 1)

    def on_request_routed(
        self, pending_request: PendingRequest, replica_id: ReplicaID, result: ReplicaResult
    ) -> None:
        """Keeps in mind where it went."""
        call = _call(pending_request)
        if call is None or call.to:
            return
        self._placement.placed(call.subject, replica_id.unique_id)
        if call.name:
            self._placement.placed(_name(call), replica_id.unique_id)

    def _load(self, replica: RunningReplica) -> int:
        """Running requests: what Ray last heard of all callers, or what was sent from here."""
        heard = self.replica_queue_len_cache.get(replica.replica_id) or 0
        return max(heard, self._running[replica.replica_id.unique_id])


def _call(request: PendingRequest) -> Call | None:
    """The call that is routed; None for what is sent to all."""
    first = request.args[0] if request.args else None
    return first if isinstance(first, Call) else None


def _name(call: Call) -> str:
    return f"generation\0{call.owner}\0{call.name}"
