"""The logs of generations: what each has said so far, for whoever follows or comes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from backend.errors import AlreadyExists, NotFound, QueueFull, RequestError
from backend.prompt.events import Delta, Event, Finished, joined

RETENTION = 600.0  # seconds after the end
KEPT = 512  # ended generations
KEPT_BYTES = 64 << 20  # of ended generations, estimated
SPARE = 16  # accepted beyond the bound, in case their answers are known already
_EVENT_BYTES = 300  # what an event costs besides its text


@dataclass(frozen=True)
class Numbered:
    """An event and its place in the log, from 1."""

    number: int
    event: Event


class Generation:
    """One accepted request's log. Written by its own task, read by any number of followers.

    It ends exactly once: in a Finished, or in the error that its followers are told.
    """

    def __init__(self, owner: str, request_id: str, files: frozenset[str]) -> None:
        self.owner = owner
        self.request_id = request_id
        self.files = files
        self.bytes = 0
        self.has_place = True  # among those that may compute; see Generations.settle
        self._events: list[Event] = []
        self._error: RequestError | None = None
        self._ended = False
        self._grown = asyncio.Event()  # replaced at every growth; old ones wake who waits
        self._stop: Callable[[], object] | None = None
        self._stop_requested = False

    @property
    def ended(self) -> bool:
        """Whether nothing more will be written."""
        return self._ended

    @property
    def stop_requested(self) -> bool:
        """Whether somebody asked for an early end."""
        return self._stop_requested

    @property
    def events(self) -> Sequence[Event]:
        """Everything written so far."""
        return self._events

    def append(self, event: Event) -> None:
        """Write the next event. A Finished is the end."""
        assert not self._ended, "an ended generation is never written to"
        self._events.append(event)
        self.bytes += _EVENT_BYTES
        if isinstance(event, Delta):
            self.bytes += len(event.text) + len(event.reasoning) + 200 * len(event.logprobs)
            self.bytes += sum(_EVENT_BYTES + len(call.arguments) for call in event.calls)
        self._ended = isinstance(event, Finished)
        self._wake()

    def fail(self, error: RequestError) -> None:
        """End without a Finished: followers are told this error after the events so far."""
        assert not self._ended, "a generation ends once"
        self._error = error
        self._ended = True
        self._wake()

    def stop_with(self, stop: Callable[[], object]) -> None:
        """From now on, this is how the work is stopped."""
        self._stop = stop
        if self._stop_requested:
            stop()

    def stop(self) -> bool:
        """Ask for an early end. Says whether there was anything left to stop."""
        if self._ended:
            return False
        if not self._stop_requested:
            self._stop_requested = True
            if self._stop is not None:
                self._stop()
        return True

    async def follow(self, after: int = 0, gather: float = 0.0) -> AsyncIterator[Numbered]:
        """Every event past `after`, those already written first; raises the error it ended in.

        Text that comes within `gather` seconds of an earlier piece is told as one, whose number is
        that of its last piece. A follower holds nothing but its own position.
        """
        position = after
        while True:
            grown = self._grown
            new = self._events[position:]
            for event, count in joined(new) if gather else ((event, 1) for event in new):
                position += count
                yield Numbered(position, event)
            if self._ended and position >= len(self._events):
                if self._error is not None:
                    raise self._error
                return
            if gather and new and isinstance(new[-1], Delta):
                await asyncio.sleep(gather)
            elif grown is self._grown:
                await grown.wait()

    def _wake(self) -> None:
        grown, self._grown = self._grown, asyncio.Event()
        grown.set()


class Generations:
    """Every generation that runs, and those that ended lately. Used by the event loop alone."""

    def __init__(
        self,
        *,
        max_active: int,
        retention: float = RETENTION,
        kept: int = KEPT,
        kept_bytes: int = KEPT_BYTES,
    ) -> None:
        self._max_active = max_active
        self._retention = retention
        self._kept = kept
        self._kept_bytes = kept_bytes
        self._active: dict[tuple[str, str], Generation] = {}
        self._ended: dict[tuple[str, str], Generation] = {}  # oldest end first
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def active(self) -> int:
        """How many have not ended."""
        return len(self._active)

    def open(
        self, owner: str, request_id: str, files: frozenset[str], *, may_be_known: bool = True
    ) -> Generation:
        """Accept a request. Raises AlreadyExists or QueueFull, and then nothing has changed.

        A few whose answers may be known already are accepted without a place to compute.
        """
        key = (owner, request_id)
        if key in self._active or key in self._ended:
            raise AlreadyExists("This request_id is in use.", param="request_id")
        has_place = self._places_taken < self._max_active
        if not (has_place or may_be_known) or len(self._active) >= self._max_active + SPARE:
            raise full()
        generation = Generation(owner, request_id, files)
        generation.has_place = has_place
        self._active[key] = generation
        self._idle.clear()
        return generation

    def settle(self, generation: Generation) -> None:
        """Give it a place to compute, if it has none yet. Raises QueueFull."""
        if not generation.has_place and self._places_taken >= self._max_active:
            raise full()
        generation.has_place = True

    def find(self, owner: str, request_id: str) -> Generation:
        """One of this owner's. Raises NotFound, also for another owner's."""
        key = (owner, request_id)
        generation = self._active.get(key) or self._ended.get(key)
        if generation is None:
            raise NotFound("No such generation is kept.", param="request_id")
        return generation

    def close(self, generation: Generation) -> None:
        """Count it among the ended: kept for a while, within bounds."""
        assert generation.ended, "only what has ended is closed"
        key = (generation.owner, generation.request_id)
        del self._active[key]
        self._ended[key] = generation
        if not self._active:
            self._idle.set()
        asyncio.get_running_loop().call_later(self._retention, self._expire, key, generation)
        self._shrink()

    def forget(self, owner: str, sha256: str) -> int:
        """Drop this owner's ended generations about a file; says how many there were."""
        about = [
            key
            for key, generation in self._ended.items()
            if generation.owner == owner and sha256 in generation.files
        ]
        for key in about:
            del self._ended[key]
        return len(about)

    def stop_all(self) -> None:
        """Ask every running generation for an early end."""
        for generation in list(self._active.values()):
            generation.stop()

    async def idle(self) -> None:
        """Returns once none is active."""
        await self._idle.wait()

    @property
    def _places_taken(self) -> int:
        return sum(generation.has_place for generation in self._active.values())

    def _expire(self, key: tuple[str, str], generation: Generation) -> None:
        if self._ended.get(key) is generation:
            del self._ended[key]

    def _shrink(self) -> None:
        held = sum(generation.bytes for generation in self._ended.values())
        while len(self._ended) > self._kept or held > self._kept_bytes:
            oldest = next(iter(self._ended))
            held -= self._ended.pop(oldest).bytes


def full() -> QueueFull:
    """The refusal of a request that finds no place."""
    return QueueFull("Too many requests are waiting; try again shortly.", retry_after=2)
