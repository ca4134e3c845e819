"""The shortest way to the end of a JSON text, for an answer that runs out of room.

A search over a copy of the matcher: where the grammar leaves one way it is taken, elsewhere the
character that ends most. It finds short ends, not always the shortest, and may find none for a
string whose pattern is a riddle.
"""

from __future__ import annotations

import string
from collections import deque
from collections.abc import Iterable

import llguidance

from backend.prompt.grammar import Vocabulary

LONGEST = 512  # tokens of an end
# Outside strings what closes comes first, then the shortest values, then what opens.
_OUTSIDE = '}],:"0123456789ntf[{ulrsae-.E+ '
# Inside, the quote; then what formats ask for, in turns, so that nothing repeats for ever.
_INSIDE = "@.:-/T0123456789" + string.ascii_letters + "_+#%&=?!*,;$(){}[]'^|~<> \\"


class Standing:
    """Where a JSON text stands: inside a string or not."""

    def __init__(self) -> None:
        self.in_string = False
        self._is_escaped = False

    def push(self, text: bytes) -> None:
        """More of the text."""
        for byte in text:
            if self._is_escaped:
                self._is_escaped = False
            elif byte == 0x22:  # a quote
                self.in_string = not self.in_string
            elif byte == 0x5C and self.in_string:  # a backslash
                self._is_escaped = True

    def copy(self) -> Standing:
        """The same place, to go on from."""
        other = Standing()
        other.in_string, other._is_escaped = self.in_string, self._is_escaped
        return other


def closing(
    matcher: llguidance.LLMatcher, standing: Standing, vocabulary: Vocabulary
) -> tuple[int, ...] | None:
    """Tokens that end the text, the end-of-text token among them; None: no end was found.

    Changes neither the matcher nor the standing.
    """
    matcher, standing = matcher.deep_copy(), standing.copy()
    turns = deque(_INSIDE)
    tokens: list[int] = []
    while len(tokens) < LONGEST:
        if matcher.is_accepting():
            return (*tokens, vocabulary.eos_id)
        step = matcher.compute_ff_tokens() or _step(matcher, standing, vocabulary, turns)
        if not step or not matcher.consume_tokens(step):
            return None
        standing.push(vocabulary.tokens.decode_bytes(step))
        if not standing.in_string:
            turns = deque(_INSIDE)
        tokens += step
    return None


def _step(
    matcher: llguidance.LLMatcher, standing: Standing, vocabulary: Vocabulary, turns: deque[str]
) -> list[int]:
    """The next token, as the search prefers; nothing if none may follow."""
    if not standing.in_string:
        return _first(matcher, vocabulary, _OUTSIDE)
    step = _first(matcher, vocabulary, ('"', *turns))
    for character in turns:
        if step == [vocabulary.of_character.get(character)]:
            turns.remove(character)
            turns.append(character)
            break
    return step


def _first(
    matcher: llguidance.LLMatcher, vocabulary: Vocabulary, characters: Iterable[str]
) -> list[int]:
    for character in characters:
        token = vocabulary.of_character.get(character)
        if token is not None and matcher.validate_tokens([token]):
            return [token]
    bits = int.from_bytes(matcher.compute_bitmask(), "little")  # half a character, or none of these
    return [(bits & -bits).bit_length() - 1] if bits else []
