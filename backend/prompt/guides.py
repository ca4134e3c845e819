"""The guides of answers: a grammar, a budget for reasoning, and both, the grammar after it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from backend.prompt.call_form import call_form
from backend.prompt.closing import Standing, closing
from backend.prompt.grammar import CompiledGrammar, Grammars
from backend.prompt.guide import Guide, GuideBroken
from backend.prompt.prompt import Form, Prompt
from backend.prompt.reasoning import CLOSE
from backend.prompt.tokenizer import Tokenizer

ANSWER_SHARE = 0.25  # of max_tokens, kept for the answer after the reasoning
ANSWER_MOST = 1024  # tokens
SHORTENED = "The answer was brought to an early end so that its form is complete."

_NEAR = 64  # tokens from the end, beyond which nobody looks for a way to close
_SPARE = 8  # tokens
_STUCK_TOKENS = 256  # an answer whose end repeats for so long is closed, before the engine cuts it
_STUCK_PERIOD = 48
_CHECK_EVERY = 16


class GrammarGuide:
    """Holds an answer to a compiled form.

    JSON is brought to its end in time: when as many tokens are left as its closing takes, or when
    it has fallen into a loop, the shortest closing follows.
    """

    def __init__(self, grammar: CompiledGrammar, max_tokens: int) -> None:
        """`max_tokens` is what the answer may have from here on."""
        self._matcher = grammar.guide()
        self._vocabulary = grammar.vocabulary
        self._closes = grammar.form in (Form.JSON, Form.SCHEMA)
        self._left = max_tokens
        self._standing = Standing()
        self._cost: int | None = None  # tokens of the closing when last looked for
        self._jump = _SPARE  # the most that one token made the closing longer
        self._plan: list[int] = []  # the closing, once it has begun; its next token last
        self._ids: list[int] = []
        self.warning = ""

    def allowed(self) -> bytes | None:
        """The grammar's tokens; the end alone once nothing may follow."""
        mask: bytes = self._matcher.compute_bitmask()
        self._check()
        return mask

    def forced(self) -> int | None:
        """The next token of the closing, or the end where nothing else may follow."""
        if self._plan:
            return self._plan[-1]
        return self._vocabulary.eos_id if self._matcher.is_stopped() else None

    def accept(self, token: int) -> None:
        """Takes the token."""
        self._left -= 1
        if not self._matcher.consume_token(token):
            raise GuideBroken(self._matcher.get_error() or "a token that the form does not allow")
        if self._plan:
            self._plan.pop()
        elif self._closes and not self._matcher.is_stopped():
            self._keep_room(token)

    def _keep_room(self, token: int) -> None:
        """Begins the closing if it is time."""
        text = self._vocabulary.tokens.decode_bytes([token])
        self._standing.push(text)
        self._ids.append(token)
        opens = b"{" in text or b"[" in text
        is_stuck = len(self._ids) % _CHECK_EVERY == 0 and _repeats(self._ids)
        is_near = self._cost is None or self._left <= self._cost + self._jump + _NEAR
        if not (opens or is_stuck or is_near):
            return
        plan = closing(self._matcher, self._standing, self._vocabulary)
        if plan is None:
            return
        self._jump = max(self._jump, len(plan) - (self._cost or len(plan)))
        self._cost = len(plan)
        is_time = self._left <= self._cost + self._jump
        if (is_time or is_stuck) and len(plan) <= self._left:
            self._plan = list(reversed(plan))
            self.warning = SHORTENED if len(plan) > 1 else ""

    def _check(self) -> None:
        if self._matcher.is_error() and not self._matcher.is_stopped():
            raise GuideBroken(self._matcher.get_error())


class ReasoningGuide:
    """Lets the model reason for so many tokens, then has it begin its answer.

    Without a form to hold the answer to, the model may also end while it reasons: then that was the
    answer. With one it has to reach the answer.
    """

    def __init__(
        self,
        words: ReasoningWords,
        budget: int,
        max_tokens: int,
        answer: Callable[[int], GrammarGuide] | None,
    ) -> None:
        """`answer` makes the guide of what comes after, given how many tokens are left for it."""
        self._words = words
        self._budget = budget
        self._left = max_tokens
        self._make_answer = answer
        self._answer: GrammarGuide | None = None
        self._tail = ""  # the end of the text, long enough to hold the mark
        self._closing: list[int] = []  # tokens of the mark, being forced; the next one last
        self._is_over = False
        self._force_if_spent()

    @property
    def warning(self) -> str:
        """What the answer's guide has to say."""
        return "" if self._answer is None else self._answer.warning

    def allowed(self) -> bytes | None:
        """Anything while the model reasons, save an end that would leave the answer out."""
        if not self._is_over:
            return None if self._make_answer is None else self._words.going_on
        return None if self._answer is None else self._answer.allowed()

    def forced(self) -> int | None:
        """The mark that ends the reasoning, once the budget is spent."""
        if not self._is_over:
            return self._closing[-1] if self._closing else None
        return None if self._answer is None else self._answer.forced()

    def accept(self, token: int) -> None:
        """Takes the token."""
        self._left -= 1
        if self._is_over:
            if self._answer is not None:
                self._answer.accept(token)
            return
        self._budget -= 1
        if self._closing:
            self._closing.pop()
        self._tail = (self._tail + self._words.text(token))[-4 * len(CLOSE) :]
        self._is_over = CLOSE in self._tail
        if not self._is_over:
            self._force_if_spent()
        elif self._make_answer is not None:
            self._answer = self._make_answer(self._left)

    def _force_if_spent(self) -> None:
        if self._budget <= 0 and not self._closing:
            self._closing = list(reversed(self._words.close_ids))


class ReasoningWords:
    """A tokenizer's marks of reasoning."""

    def __init__(self, tokenizer: Tokenizer, eos_ids: frozenset[int]) -> None:
        close = tokenizer.control_id(CLOSE)
        self.close_ids = (close,) if close is not None else tuple(tokenizer.encode(CLOSE))
        self.text = tokenizer.token_name
        self.going_on = _all_but(eos_ids, tokenizer.vocabulary_size)


class Guides:
    """Makes the guides of a loaded model's answers."""

    def __init__(self, tokenizer: Tokenizer, eos_ids: frozenset[int], *, thinks: bool) -> None:
        self._tokenizer = tokenizer
        self._grammars = Grammars(tokenizer, eos_ids)
        self._words = ReasoningWords(tokenizer, eos_ids) if thinks else None

    def factory(self, prompt: Prompt, max_tokens: int) -> Callable[[], Guide] | None:
        """What makes a guide for each of the prompt's answers; None if they are held to nothing.

        Slow where a form is new; runs in a thread. Raises InvalidRequest where it cannot be had.
        """
        wanted = prompt.response_format
        if prompt.calling.is_required:
            wanted = call_form(prompt.calling, self._tokenizer)
        grammar = None if wanted is None else self._grammars.compile(wanted)
        words = self._words if prompt.thinking.enabled else None
        return make_guide(grammar, words, budget=prompt.thinking.budget, max_tokens=max_tokens)


def make_guide(
    grammar: CompiledGrammar | None,
    words: ReasoningWords | None,
    *,
    budget: int | None,
    max_tokens: int,
) -> Callable[[], Guide] | None:
    """What makes a guide for each answer; None if there is nothing to hold it to.

    `words` is None where the model does not reason. Reasoning leaves room for the answer whether it
    has a budget or not.
    """
    answer = None if grammar is None else partial(GrammarGuide, grammar)
    if words is None:
        return None if answer is None else partial(answer, max_tokens)
    kept = min(ANSWER_MOST, max(1, int(max_tokens * ANSWER_SHARE)))
    room = max(0, max_tokens - kept - len(words.close_ids))
    most = room if budget is None else min(room, budget)
    return partial(ReasoningGuide, words, most, max_tokens, answer)


def _all_but(ids: frozenset[int], size: int) -> bytes:
    """A mask that allows every token of a vocabulary but these."""
    bits = (1 << size) - 1
    for token in ids:
        bits &= ~(1 << token)
    return bits.to_bytes(-(-size // 32) * 4, "little")


def _repeats(ids: Sequence[int]) -> bool:
    tail = list(ids[-_STUCK_TOKENS:])
    if len(tail) < _STUCK_TOKENS:
        return False
    return any(tail[period:] == tail[:-period] for period in range(1, _STUCK_PERIOD + 1))
