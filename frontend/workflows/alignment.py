"""Finds a passage that is spelled almost like a given one: seeds first, then exact distances.

Short pieces of the passage vote for the places where it may stand; around the best of them the
edit distance is computed with Myers' bit-parallel algorithm ("A fast bit-vector algorithm for
approximate string matching based on dynamic programming", JACM 46, 1999), whose columns are whole
numbers here, so that a passage of any length costs one step per letter of the text.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

from frontend.workflows.skeleton import is_ideograph

_MOST_HITS: Final = 48  # of one seed; a commoner one says nothing
_MOST_SEEDS: Final = 96
_MOST_PLACES: Final = 6
_BIN: Final = 16  # letters; places nearer than that vote together


@dataclass(frozen=True)
class Alignment:
    """Letters `start` to before `end` of a text, and how far they are from the passage."""

    start: int
    end: int
    distance: int


def nearest(passage: str, text: str, most: int) -> list[Alignment]:
    """Places of at most `most` edits from the passage, the nearest first, never overlapping."""
    if not passage or not text:
        return []
    slack = most + _BIN
    found: list[Alignment] = []
    for place in _places(passage, text, most):
        low = max(0, place - slack)
        window = text[low : place + len(passage) + slack]
        end, distance = _best_end(passage, window)
        if distance > most:
            continue
        start = end - _best_length(passage[::-1], window[:end][::-1])
        found.append(Alignment(low + start, low + end, distance))
    kept: list[Alignment] = []
    for one in sorted(found, key=lambda alignment: (alignment.distance, alignment.start)):
        if all(one.end <= other.start or other.end <= one.start for other in kept):
            kept.append(one)
    return kept


def _places(passage: str, text: str, most: int) -> list[int]:
    """Where the passage may begin, by the votes of its seeds.

    Of most + 1 pieces without overlap at least one is untouched by `most` edits. Longer pieces say
    more, since misreadings come in clusters; of ideographs two already say much.
    """
    least = 2 if any(map(is_ideograph, passage)) else 3 if len(passage) < 24 else 5
    length = min(len(passage), max(least, min(8, len(passage) // (most + 1))))
    step = max(1, (len(passage) - length + 1) // _MOST_SEEDS)
    votes: Counter[int] = Counter()
    for offset in range(0, len(passage) - length + 1, step):
        seed = passage[offset : offset + length]
        hits: list[int] = []
        at = text.find(seed)
        while at >= 0 and len(hits) <= _MOST_HITS:
            hits.append(at)
            at = text.find(seed, at + 1)
        if len(hits) <= _MOST_HITS:
            votes.update({(hit - offset) // _BIN for hit in hits})
    near = Counter({place: votes[place] + votes[place + 1] for place in votes})
    return [max(0, place * _BIN + _BIN // 2) for place, _ in near.most_common(_MOST_PLACES)]


def _best_end(passage: str, text: str) -> tuple[int, int]:
    """Where in the text the nearest match ends (one past it), and its distance."""
    best_end, best = 0, len(passage)
    for end, distance in enumerate(_distances(passage, text, anchored=False), start=1):
        if distance < best:
            best_end, best = end, distance
    return best_end, best


def _best_length(passage: str, text: str) -> int:
    """How many letters from the text's beginning are nearest to the passage."""
    best_length, best = 0, len(passage)
    for length, distance in enumerate(_distances(passage, text, anchored=True), start=1):
        if distance < best or (distance == best and length == len(passage)):
            best_length, best = length, distance
    return best_length


def _distances(passage: str, text: str, *, anchored: bool) -> list[int]:
    """The distance of the passage to what ends at each letter; from the start if anchored."""
    masks: dict[str, int] = {}
    for index, letter in enumerate(passage):
        masks[letter] = masks.get(letter, 0) | (1 << index)
    full = (1 << len(passage)) - 1
    top = len(passage) - 1
    rises, falls, distance = full, 0, len(passage)  # of the column, as bits
    distances = []
    for letter in text:
        equal = masks.get(letter, 0)
        vertical = equal | falls
        horizontal = (((equal & rises) + rises) ^ rises) | equal
        up = falls | (~(horizontal | rises) & full)
        down = rises & horizontal
        distance += ((up >> top) & 1) - ((down >> top) & 1)
        up = (up << 1) | anchored
        down <<= 1
        rises = (down | ~(vertical | up)) & full
        falls = up & vertical & full
        distances.append(distance)
    return distances
