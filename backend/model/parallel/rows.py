"""Slices as those know them who follow: how long, and where in memory; not what they say."""

from __future__ import annotations

from collections.abc import Sequence as SequenceOf

from backend.model.parallel.team import Piece, Rows
from backend.prompt.prompt import Sampling
from backend.scheduling.scheduler import Slice
from backend.scheduling.sequence import Sequence


def told(slices: SequenceOf[Slice], samples: SequenceOf[bool]) -> Rows:
    """What those who follow have to know of slices, and after which of them a token is chosen."""
    pieces = []
    for part, is_last in zip(slices, samples, strict=True):
        sequence = part.sequence
        prompt = len(sequence.prompt_ids)
        pieces.append(Piece(prompt, part.start, part.end, is_last, sequence.blocks))
    return Rows(pieces)


def shadow(piece: Piece) -> Slice:
    """A slice of a sequence whose text is not known, as long as the slice asks for."""
    answer = max(0, piece.end - piece.prompt) + (not piece.samples)
    sequence = Sequence(
        "",
        "",
        0,
        (0,) * piece.prompt,
        Sampling(),
        output_ids=[0] * answer,
        blocks=piece.blocks,
    )
    return Slice(sequence, piece.start, piece.end)
