"""What a new token does to its answer: joins it, ends it, or breaks what it is held to."""

from __future__ import annotations

from backend.prompt.guide import GuideBroken
from backend.prompt.prompt import FinishReason
from backend.scheduling.batch import Advance
from backend.scheduling.repetition import is_looping
from backend.scheduling.sequence import Sequence


def sampled(sequence: Sequence, token: int, eos_ids: frozenset[int]) -> Advance:
    """Takes the token that was sampled for a sequence, and lets its guide hear of it."""
    if sequence.guide is not None:
        try:
            sequence.guide.accept(token)
        except GuideBroken:
            return Advance(sequence, None, FinishReason.ERROR)
    if token in eos_ids:
        return Advance(sequence, None, FinishReason.STOP)
    sequence.output_ids.append(token)
    if len(sequence.output_ids) >= sequence.max_tokens:
        return Advance(sequence, token, FinishReason.LENGTH)
    if len(sequence.output_ids) >= sequence.sampling.min_tokens and is_looping(sequence.output_ids):
        return Advance(sequence, token, FinishReason.LENGTH, is_loop=True)
    return Advance(sequence, token)


def recited(sequence: Sequence) -> Advance:
    """Takes the next token of a sequence's script."""
    assert sequence.script is not None
    spoken = len(sequence.output_ids)
    if spoken == len(sequence.script):
        return Advance(sequence, None, FinishReason.STOP)
    token = sequence.script[spoken]
    sequence.output_ids.append(token)
    if spoken + 1 == len(sequence.script):
        return Advance(sequence, token, FinishReason.STOP)
    is_full = spoken + 1 >= sequence.max_tokens
    return Advance(sequence, token, FinishReason.LENGTH if is_full else None)
