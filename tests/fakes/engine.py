"""An engine that computes nothing: it says what it is told to, word by word, when it is told to."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from backend.errors import Internal, RequestError
from backend.prompt.events import Delta
from backend.prompt.picture import ImageSpan
from backend.prompt.prompt import FinishReason
from backend.work import EngineStats, Listener, Work


@dataclass(eq=False)
class _Run:
    work: Work
    listener: Listener
    cancelled: bool = False
    accepted: float = field(default_factory=time.monotonic)


@dataclass
class FakeEngine:
    """Every request runs in its own thread. With `held`, a word needs a permit from `release`."""

    text: str = "It is a fake answer."
    held: bool = False
    fails_with: RequestError | None = None  # at submit
    breaks: bool = False  # ends in ERROR after the first word
    prefill_rate: float = 0.0  # tokens a second; 0: nothing was measured yet
    works: list[Work] = field(default_factory=list)
    forgotten: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._changed = threading.Condition()
        self._live: dict[tuple[str, str], _Run] = {}
        self._permits = 0
        self._embedded: frozenset[bytes] = frozenset()
        self.holds: Counter[bytes] = Counter()  # pictures, by key

    def submit(self, work: Work, listener: Listener) -> int:
        """Accepts."""
        if self.fails_with is not None and work.owner:
            raise self.fails_with
        run = _Run(work, listener)
        with self._changed:
            ahead = len(self._live)
            self._live[work.owner, work.request_id] = run
            self.works.append(work)
        threading.Thread(target=self._answer, args=(run,), daemon=True).start()
        return ahead

    def cancel(self, owner: str, request_id: str) -> bool:
        """Ends a request before its next word."""
        with self._changed:
            run = self._live.get((owner, request_id))
            if run is None:
                return False
            run.cancelled = True
            self._changed.notify_all()
            return True

    resizes_pictures = False
    busy_since: float | None = None

    def hold_pictures(self, keys: Iterable[bytes]) -> frozenset[bytes]:
        """Holds them; known are those of requests that ended."""
        with self._changed:
            held = list(keys)
            self.holds.update(held)
            return frozenset(held) & self._embedded

    def release_pictures(self, keys: Iterable[bytes]) -> None:
        """Lets them go."""
        with self._changed:
            self.holds.subtract(keys)
            self.holds = +self.holds

    def known_tokens(
        self,
        owner: str,
        prompt_ids: Sequence[int],
        images: Sequence[ImageSpan],
        *,
        adapted: bool = False,
    ) -> int:
        """The longest beginning of a prompt that a request of this owner had, in whole blocks."""
        longest = 0
        for work in self.works:
            same = 0
            for ours, theirs in zip(prompt_ids, work.prompt_ids, strict=False):
                if work.owner != owner or ours != theirs:
                    break
                same += 1
            longest = max(longest, same)
        return longest // 16 * 16

    def forget(self, owner: str, sha256: str) -> int:
        """Notes it, and says that one picture was kept."""
        self.forgotten.append((owner, sha256))
        return 1

    def release(self, words: int = 1_000_000) -> None:
        """Lets held requests say that many words more, together."""
        with self._changed:
            self._permits += words
            self._changed.notify_all()

    @property
    def live(self) -> int:
        """Requests that have not ended."""
        with self._changed:
            return len(self._live)

    def stats(self) -> EngineStats:
        """Figures that can be recognised."""
        return EngineStats(
            queued=0,
            running=self.live,
            blocks_used=self.live * 2,
            blocks_total=100,
            tokens_per_second=12.5,
            prompt_tokens_total=0,
            completion_tokens_total=0,
            preemptions_total=0,
            prefill_tokens_per_second=self.prefill_rate,
            encode_tokens_per_second=self.prefill_rate,
        )

    def stop(self, grace: float) -> None:
        """Ends everything."""
        with self._changed:
            for run in self._live.values():
                run.cancelled = True
            self._changed.notify_all()

    def _answer(self, run: _Run) -> None:
        work = run.work
        assert work.sampling.max_tokens is not None
        text = self.text if work.notice is None else work.notice
        words = text.split(" ")[: work.sampling.max_tokens]
        reason = FinishReason.STOP if len(words) == len(text.split(" ")) else FinishReason.LENGTH
        said = 0
        for number, word in enumerate(words):
            ended = self._wait(run)
            if ended is not None:
                reason = ended
                break
            if number == 0:
                run.listener.started(0, time.monotonic() - run.accepted)
            for index in range(work.sampling.n):
                said += 1
                run.listener.delta(Delta(index, word if number == 0 else f" {word}", tokens=1))
            if self.breaks and work.owner:
                reason = FinishReason.ERROR
                break
        keys = [span.picture.key for span in work.images]
        with self._changed:
            del self._live[work.owner, work.request_id]
            self._embedded |= set(keys)
        self.release_pictures(keys)
        failure = Internal("The answer could not be computed.")
        error = failure if reason is FinishReason.ERROR else None
        run.listener.finished((reason,) * work.sampling.n, said, "", error)

    def _wait(self, run: _Run) -> FinishReason | None:
        """Until the next word may be said, or the reason why it never will."""
        deadline = run.work.deadline

        def may_go_on() -> bool:
            return run.cancelled or not self.held or not run.work.owner or self._permits > 0

        with self._changed:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not self._changed.wait_for(may_go_on, left):
                return FinishReason.DEADLINE
            if run.cancelled:
                return FinishReason.CANCELLED
            if self.held and run.work.owner:
                self._permits -= 1
            return None
