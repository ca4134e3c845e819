"""Forms that answers are held to: compiled for a tokenizer, checked, and kept.

llguidance compiles and matches. Measured with hostile definitions, its own limits on work bound
everything but what `schema` bounds before it: nothing here takes more than a second, nor memory to
speak of, so that a thread is enough to compile in.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import llguidance

from backend.errors import InvalidRequest
from backend.prompt import schema
from backend.prompt.prompt import Form, ResponseFormat
from backend.prompt.tokenizer import Tokenizer

if TYPE_CHECKING:
    from llguidance._lib import JsonCompileOptions

KEPT = 32  # compiled forms; with all its states one takes some 20 MB at most
MOST_REGEX = 4096  # characters
SPACING: JsonCompileOptions = {  # as json.dumps writes it, and nothing else
    "whitespace_flexible": False,
    "item_separator": ", ",
    "key_separator": ": ",
    "lenient": False,
}
_LIMITS = llguidance.LLParserLimits(
    max_items_in_row=10_000,  # four for each property that may be left out
    initial_lexer_fuel=1_000_000,  # about 20 ms
    step_lexer_fuel=200_000,  # about 14 ms a token at most
    step_max_items=50_000,
    max_lexer_states=50_000,  # 1-2 kB each
    max_grammar_size=200_000,
    verbose_errors=False,
)


class Vocabulary:
    """A model's tokens as grammars see them. Made once: it takes some tenths of a second."""

    def __init__(self, tokenizer: Tokenizer, eos_ids: frozenset[int]) -> None:
        assert eos_ids, "an answer must be able to end"
        self.eos_id = min(eos_ids)
        self.tokens = llguidance.LLTokenizer(
            tokenizer.marked(),
            n_vocab=max(tokenizer.vocabulary_size, *(token + 1 for token in eos_ids)),
            eos_token=sorted(eos_ids),
        )
        self.of_character: dict[str, int] = {}  # tokens of one ASCII character
        for token in range(tokenizer.vocabulary_size):
            text = tokenizer.token_bytes(token)
            if len(text) == 1 and text[0] < 0x80:
                self.of_character.setdefault(text.decode(), token)


@dataclass(frozen=True)
class CompiledGrammar:
    """A form, ready to hold any number of answers to it at once."""

    form: Form
    vocabulary: Vocabulary
    _start: llguidance.LLMatcher

    def guide(self) -> llguidance.LLMatcher:
        """A matcher at the beginning of an answer; some microseconds."""
        return self._start.deep_copy()

    @property
    def is_spent(self) -> bool:
        """Whether its answers together have used up the states that one form may have.

        Copies of a matcher share them. Only expressions that nearly explode ever come to that.
        """
        probe = self._start.deep_copy()
        probe.compute_bitmask()
        return bool(probe.is_error())


class Grammars:
    """The forms of one model. Any thread may ask; whoever asks waits while one is compiled."""

    def __init__(self, tokenizer: Tokenizer, eos_ids: frozenset[int]) -> None:
        self._tokenizer = tokenizer
        self._eos_ids = eos_ids
        self._lock = threading.Lock()  # over everything below
        self._vocabulary: Vocabulary | None = None
        self._kept: OrderedDict[ResponseFormat, CompiledGrammar] = OrderedDict()

    def compile(self, wanted: ResponseFormat) -> CompiledGrammar:
        """The form, compiled or known. Raises InvalidRequest with what is wrong with it."""
        with self._lock:
            known = self._kept.get(wanted)
            if known is not None and not known.is_spent:
                self._kept.move_to_end(wanted)
                return known
            if self._vocabulary is None:
                self._vocabulary = Vocabulary(self._tokenizer, self._eos_ids)
            vocabulary = self._vocabulary
        compiled = _compile(wanted, vocabulary)
        with self._lock:
            self._kept[wanted] = compiled
            self._kept.move_to_end(wanted)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return compiled


def _compile(wanted: ResponseFormat, vocabulary: Vocabulary) -> CompiledGrammar:
    param = "tools" if wanted.form is Form.CALLS else f"response_format.{wanted.form.value}"
    if wanted.form is Form.CALLS:
        source = llguidance.LLMatcher.grammar_from_lark(wanted.definition)
    elif wanted.form is Form.REGEX:
        if not wanted.definition or len(wanted.definition) > MOST_REGEX:
            raise InvalidRequest(
                f"The expression must have 1 to {MOST_REGEX:,} characters.", param=param
            )
        source = llguidance.LLMatcher.grammar_from_regex(wanted.definition)
    else:
        is_any = wanted.form is Form.JSON
        wished = {"type": "object"} if is_any else schema.parsed(wanted.definition)
        try:
            source = llguidance.LLMatcher.grammar_from_json_schema(
                json.dumps(wished), None, SPACING
            )
        except ValueError:
            raise InvalidRequest("The schema cannot be read.", param=param) from None
    start = llguidance.LLMatcher(vocabulary.tokens, source, log_level=0, limits=_LIMITS)
    if not start.is_error():
        start.compute_bitmask()  # the first step shows what cannot be satisfied at all
    if start.is_error():
        raise InvalidRequest(_complaint(start.get_error()), param=param)
    return CompiledGrammar(wanted.form, vocabulary, start)


def _complaint(error: str) -> str:
    """The library's complaint as a sentence: its first line, where it has anything to say."""
    lines = [line.strip() for line in error.splitlines()]
    if any("regex parse error" in line for line in lines):
        found = [line for line in lines if line.startswith("error:")]
        why = found[0].removeprefix("error:").strip() if found else "it cannot be read"
        return f"The expression cannot be used: {why[:200]}."
    first = lines[0] if lines and lines[0].isprintable() else ""
    if not first or "NoExtension" in first:
        return "No finite text can have this form."
    if any(word in first for word in ("too big", "too large", "fuel", "exhausted", "too many")):
        return "The form is too complex to be enforced."
    return f"The form cannot be enforced: {first[:200]}."
