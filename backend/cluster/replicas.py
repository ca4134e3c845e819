"""The replicas as a gateway sees them: one, the right one, or all of them."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from ray.exceptions import ActorUnavailableError, RayActorError
from ray.serve.exceptions import BackPressureError, DeploymentUnavailableError
from ray.serve.handle import DeploymentBroadcastResponse, DeploymentHandle

from backend.cluster.calls import Call, Refusal, Reply
from backend.cluster.refusals import BROKEN, FULL, GONE, NONE_READY, SILENT, refusal
from backend.cluster.suspects import Suspects
from backend.cluster.totals import Totals
from backend.errors import NotFound
from protos import inference_pb2 as pb

ATTEMPTS = 3  # replicas that a call is tried on before its first message
BEAT_SECONDS = 0.4  # for which the replicas' figures are good enough for every listener
QUICK_SECONDS = 5.0  # that each replica has to answer what all are asked

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Heard:
    """What the replicas answered that all were asked, without those that are just going away."""

    replies: Sequence[Any]
    is_complete: bool  # False: one more is there and did not answer in time


class Replicas:
    """Calls replicas through Ray. Where a call goes is the router's choice; see `router`."""

    def __init__(self, handle: DeploymentHandle) -> None:
        self._handle = handle
        self._streams = handle.options(stream=True)
        self._is_up = False  # whether a replica was ever heard of
        self._suspects = Suspects()
        self._totals = Totals()
        self._beat: tuple[float, pb.Stats] = (float("-inf"), pb.Stats())
        self._beating = asyncio.Lock()

    async def stream(self, call: Call) -> AsyncGenerator[bytes | Refusal, None]:
        """What one replica streams; a refusal comes last. Leaving the stream ends the call there.

        A replica that is lost before it said anything is replaced by another, unless that would be
        the third one to die over it.
        """
        if not await self._reachable():
            yield NONE_READY
            return
        if quarantined := self._suspects.refused(call):
            yield quarantined
            return
        for attempt in range(ATTEMPTS):
            refused: Refusal | None = None
            has_said = False
            responses = self._streams.stream.remote(call)
            try:
                async for item in responses:
                    if isinstance(item, Refusal):
                        refused = item
                    else:
                        has_said = True
                        yield item
            except Exception as error:
                refused = _translated(error)
            finally:
                responses.cancel()
            self._suspects.ended(call, refused)
            if refused is None:
                return
            if not has_said and (quarantined := self._suspects.refused(call)):
                yield quarantined
                return
            if has_said or call.to or attempt == ATTEMPTS - 1 or not _is_lost(refused):
                yield refused
                return
            call = dataclasses.replace(call, avoid=call.avoid | {refused.lost})

    async def ask(self, call: Call) -> bytes | Refusal:
        """The one message that a replica answers; a lost replica is replaced by another."""
        return await self._asked(call, self._handle.unary.remote)

    async def put(self, call: Call, path: Path) -> bytes | Refusal:
        """The MediaRef of a file, its subject, as a replica's backend found it."""
        return await self._asked(call, lambda call: self._handle.put.remote(call, path))

    async def everywhere(self, call: Call) -> Heard | Refusal:
        """The Reply of every replica, one at least."""
        heard = await self._all("everywhere", call)
        if isinstance(heard, Refusal):
            return heard
        replies = [answer for answer in heard.replies if isinstance(answer, Reply)]
        if replies:
            return Heard(replies, heard.is_complete)
        refused = (answer for answer in heard.replies if not answer.lost)
        return next(refused, NONE_READY if heard.is_complete else SILENT)

    async def that_took(self, owner: str, name: str) -> str | Refusal:
        """The replica that took a generation."""
        heard = await self._all("took", owner, name)
        if isinstance(heard, Refusal):
            return heard
        missing = refusal(NotFound("No such generation is kept.", param="request_id"))
        taken = (replica for replica in heard.replies if replica)
        return next(taken, missing if heard.is_complete else SILENT)

    async def stats(self) -> pb.Stats:
        """The sum of all figures; asked for once however many listen."""
        async with self._beating:
            asked_at, stats = self._beat
            if time.monotonic() - asked_at > BEAT_SECONDS:
                heard = await self._all("stats")
                replies = () if isinstance(heard, Refusal) else heard.replies
                stats = self._totals.of(
                    {
                        reply.replica: pb.Stats.FromString(reply.message)
                        for reply in replies
                        if isinstance(reply, Reply)
                    }
                )
                self._beat = time.monotonic(), stats
        return stats

    async def _asked(
        self, call: Call, ask: Callable[[Call], Awaitable[bytes | Refusal]]
    ) -> bytes | Refusal:
        if not await self._reachable():
            return NONE_READY
        answer: bytes | Refusal = GONE
        for _ in range(ATTEMPTS):
            try:
                answer = await ask(call)
            except Exception as error:
                answer = _translated(error)
            if not isinstance(answer, Refusal) or not _is_lost(answer):
                break
            call = dataclasses.replace(call, avoid=call.avoid | {answer.lost})
        return answer

    async def _all(self, method: str, *values: object) -> Heard | Refusal:
        try:
            answers = await _answers(self._handle.broadcast(method, *values))
        except (DeploymentUnavailableError, TimeoutError):
            return NONE_READY
        self._is_up = True
        failed = [answer for answer in answers if isinstance(answer, BaseException)]
        silent = [error for error in failed if not isinstance(error, RayActorError)]
        if silent:
            log.warning("replicas did not answer", method=method, errors=[*map(repr, silent)])
        replies = [answer for answer in answers if not isinstance(answer, BaseException)]
        return Heard(replies, is_complete=not silent)

    async def _reachable(self) -> bool:
        """Whether there was ever a replica: from then on a call may wait for the next one."""
        return self._is_up or not isinstance(await self._all("took", "", ""), Refusal)


async def _answers(response: DeploymentBroadcastResponse) -> list[object]:
    """Each replica's answer or exception, a TimeoutError where it takes too long. Ray's own
    `results_async` has one time for all, and one replica that is late takes away what the others
    have answered."""
    asked = await asyncio.wait_for(response._fetch_replica_results_async(), QUICK_SECONDS)
    each = (asyncio.wait_for(one.get_async(), QUICK_SECONDS) for one in asked)
    answers: list[object] = await asyncio.gather(*each, return_exceptions=True)
    return answers


def _is_lost(refused: Refusal) -> bool:
    return bool(refused.lost or refused.died) or refused == GONE


def _translated(error: Exception) -> Refusal:
    """What Ray raised. A cancelled call is none of these: it ends in CancelledError."""
    if isinstance(error, ActorUnavailableError):
        return GONE
    if isinstance(error, RayActorError):
        return dataclasses.replace(GONE, died=str(error.actor_id or error))
    if isinstance(error, BackPressureError):
        return FULL
    if isinstance(error, DeploymentUnavailableError):
        return NONE_READY
    log.error("call failed", error=repr(error))
    return BROKEN
