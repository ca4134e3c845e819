"""Answers given at temperature 0, kept in memory to be given again when exactly the same is asked.

A key covers everything that decides such an answer: model, owner, prompt, pictures, files, and how
tokens are chosen. The seed is no part of it, nor is what only narrows a draw: temperature 0 draws
nothing. In memory alone, because an answer quotes the files it was made from, which then need no
second place on disk to be erased from; a restart costs each question one more computation.
"""

from __future__ import annotations

import hashlib
import sys
from array import array
from collections import Counter, OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from backend.model.info import ModelInfo
from backend.prompt.events import Delta, Event, Finished, TokenLogprob
from backend.prompt.picture import ImageSpan
from backend.prompt.prompt import FinishReason, Prompt

PIECE = 32  # tokens of a delta when an answer is given again
LARGEST = 8  # of such answers there must be room for; a larger one would push out too many
_COMPLETE = frozenset({FinishReason.STOP, FinishReason.LENGTH, FinishReason.TOOL_CALLS})
_ENTRY_BYTES = 2000  # what an answer costs besides its deltas: key, figures, sets
_DELTA_BYTES = 400  # besides its text
_TOKEN_BYTES = 120  # of a token that has its probability
_CANDIDATE_BYTES = 250  # of that probability, and of every other told beside it


@dataclass(frozen=True)
class KeptAnswer:
    """A complete answer and what computing it took."""

    owner: str
    files: frozenset[str]  # SHA-256 of each file it was made from
    deltas: tuple[Delta, ...]  # its whole text, in pieces of about `PIECE` tokens
    finished: Finished
    seconds: float  # of computing

    @property
    def bytes(self) -> int:
        """Memory, estimated and rather too high."""
        return _ENTRY_BYTES + sum(_size(delta) for delta in self.deltas)


class KeptAnswers:
    """The answers, those least recently asked for going first. Used by the event loop alone."""

    def __init__(self, limit_bytes: int) -> None:
        """`limit_bytes` of 0 switches it off: nothing is found, kept or counted."""
        self._limit = limit_bytes
        self._answers: OrderedDict[bytes, KeptAnswer] = OrderedDict()  # latest use last
        self._forgettings: Counter[str] = Counter()  # by owner
        self.bytes = 0
        self.hits = 0
        self.misses = 0
        self.evictions = 0
        self.saved_seconds = 0.0

    def __len__(self) -> int:
        return len(self._answers)

    def knows(self, key: bytes) -> bool:
        """Whether an answer is there; changes nothing."""
        return key in self._answers

    def find(self, key: bytes) -> KeptAnswer | None:
        """The answer, counted as used, or as missed."""
        if not self._limit:
            return None
        answer = self._answers.get(key)
        if answer is None:
            self.misses += 1
            return None
        self._answers.move_to_end(key)
        self.hits += 1
        self.saved_seconds += answer.seconds
        return answer

    def forgettings(self, owner: str) -> int:
        """How many files this owner has had forgotten; `keep` wants to know it from before."""
        return self._forgettings[owner]

    def keep(self, key: bytes, answer: KeptAnswer, *, since: int) -> bool:
        """Takes in an answer if it is complete and fits; says whether it did.

        `since` are the owner's `forgettings` from before its files were opened: an answer that
        was computed while a file of its owner was forgotten is not kept.
        """
        is_whole = _COMPLETE.issuperset(answer.finished.reasons) and not answer.finished.error
        size = answer.bytes
        if not is_whole or size * LARGEST > self._limit or self._forgettings[answer.owner] != since:
            return False
        self._drop(key)
        self._answers[key] = answer
        self.bytes += size
        while self.bytes > self._limit:
            self._drop(next(iter(self._answers)))
            self.evictions += 1
        return True

    def forget(self, owner: str, sha256: str) -> int:
        """Drops this owner's answers that were made from a file; says how many there were."""
        self._forgettings[owner] += 1
        made_from_it = [
            key
            for key, answer in self._answers.items()
            if answer.owner == owner and sha256 in answer.files
        ]
        for key in made_from_it:
            self._drop(key)
        return len(made_from_it)

    def _drop(self, key: bytes) -> None:
        answer = self._answers.pop(key, None)
        if answer is not None:
            self.bytes -= answer.bytes


def may_be_kept(prompt: Prompt) -> bool:
    """Whether an answer is left to no chance and may be given again."""
    return prompt.use_answer_cache and not prompt.sampling.temperature


def answer_key(
    prompt: Prompt,
    model: ModelInfo,
    files: Iterable[str],
    prompt_ids: Sequence[int],
    images: Iterable[ImageSpan],
    max_tokens: int,
) -> bytes | None:
    """What identifies an answer; None where it is not to be kept or is left to chance.

    `prompt_ids`, `images` and `max_tokens` are those of the assembled prompt. Every field goes in
    with its length, so that no two lists of fields look the same.
    """
    sampling = prompt.sampling
    if not may_be_kept(prompt):
        return None
    chosen_by = (
        sampling.repetition_penalty,
        sampling.presence_penalty,
        sampling.frequency_penalty,
        max_tokens,
        sampling.min_tokens,
        sampling.stop,
        sorted(sampling.logit_bias.items()),
        sampling.top_logprobs,
        sampling.n,
    )
    fields = (
        model.id.encode(),
        model.revision.encode(),
        prompt.owner.encode(),
        "".join(sorted(files)).encode(),
        array("q", prompt_ids).tobytes(),
        b"".join(span.start.to_bytes(8) + span.picture.key for span in images),
        repr(chosen_by).encode(),
        repr(prompt.response_format).encode(),
        repr(prompt.thinking).encode(),
        repr(prompt.calling).encode(),
    )
    digest = hashlib.sha256()
    for field in fields:
        digest.update(len(field).to_bytes(8))
        digest.update(field)
    return digest.digest()


def pieces(events: Iterable[Event]) -> tuple[Delta, ...]:
    """The deltas among the events of one generation, joined to larger ones."""
    joined: list[Delta] = []
    growing: dict[int, list[Delta]] = {}  # by answer
    tokens: Counter[int] = Counter()
    for event in events:
        if not isinstance(event, Delta):
            continue
        parts = growing.setdefault(event.index, [])
        is_other = parts and bool(event.reasoning) is not bool(parts[-1].reasoning)
        if is_other or tokens[event.index] >= PIECE:  # reasoning and answer are never joined
            joined.append(_joined(parts))
            parts.clear()
            tokens[event.index] = 0
        parts.append(event)
        tokens[event.index] += event.tokens
    return (*joined, *(_joined(parts) for parts in growing.values()))


def _joined(parts: Sequence[Delta]) -> Delta:
    return Delta(
        index=parts[0].index,
        text="".join(part.text for part in parts),
        tokens=sum(part.tokens for part in parts),
        reasoning="".join(part.reasoning for part in parts),
        logprobs=tuple(token for part in parts for token in part.logprobs),
        reasoning_tokens=sum(part.reasoning_tokens for part in parts),
        is_retold=any(part.is_retold for part in parts),
        marks=tuple(mark for part in parts for mark in part.marks),
        calls=tuple(call for part in parts for call in part.calls),
    )


def _size(delta: Delta) -> int:
    text = sys.getsizeof(delta.text) + sys.getsizeof(delta.reasoning)
    called = sum(_DELTA_BYTES + sys.getsizeof(call.arguments) for call in delta.calls)
    return _DELTA_BYTES + text + called + sum(_logprob_size(token) for token in delta.logprobs)


def _logprob_size(token: TokenLogprob) -> int:
    return _TOKEN_BYTES + _CANDIDATE_BYTES * (1 + len(token.top))
