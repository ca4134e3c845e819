"""One answer on its way out: its computed tokens, held until the text they make is certain.

Tokens become characters, characters become reasoning or answer, and of the answer the calls of
functions, the box marks and what follows a stop string are taken away. Stop strings end answers,
never the reasoning before them: nobody who sends one means the words that a model thinks in.
"""

from __future__ import annotations

import re
from collections.abc import Sequence as SequenceOf

from backend.model.outcome import Outcome, Sampled
from backend.prompt import boxes, calls, reasoning
from backend.prompt.boxes import BoxReader
from backend.prompt.calls import CallReader
from backend.prompt.detokenizer import Detokenizer
from backend.prompt.events import Candidate, Delta, TokenLogprob
from backend.prompt.prompt import NO_CALLS, Calling, FinishReason
from backend.prompt.reasoning import ReasoningParser, Said
from backend.prompt.stops import Stops
from backend.prompt.tokenizer import Tokenizer
from backend.scheduling.sequence import Sequence

_MARKS = (reasoning.OPEN, reasoning.CLOSE, boxes.OPEN, boxes.CLOSE, "<answer>", "</answer>")
_BOX_MARKS = re.compile(f"{re.escape(boxes.OPEN)}|{re.escape(boxes.CLOSE)}")
_OPENING = 8  # tokens at the end of a prompt, among which a template may open the reasoning


class Outgoing:
    """Turns the tokens of one sequence into deltas. Reads the sequence, never writes it."""

    def __init__(
        self,
        sequence: Sequence,
        tokenizer: Tokenizer,
        *,
        thinking: bool = False,
        calling: Calling = NO_CALLS,
    ) -> None:
        """`thinking`: the model may reason before its answer; `calling`: what it may call."""
        self.sequence = sequence
        self._tokenizer = tokenizer
        marks = (*_MARKS, *calls.MARKS) if calling.tools else _MARKS
        ids = {mark: tokenizer.control_id(mark) for mark in marks}
        self._detokenizer = Detokenizer(
            tokenizer, {token: mark for mark, token in ids.items() if token is not None}
        )
        is_model = sequence.script is None  # a fixed text is the answer as it stands
        opens, closes = ids[reasoning.OPEN], ids[reasoning.CLOSE]
        thinks = thinking or _is_opened(sequence.prompt_ids[-_OPENING:], opens, closes)
        self._parser = (
            ReasoningParser(thinking=thinks) if is_model and (thinks or opens is not None) else None
        )
        self._boxes = BoxReader() if is_model and ids[boxes.OPEN] is not None else None
        self._calls = CallReader(calling) if is_model and calling.tools else None
        self._stops = Stops(sequence.sampling.stop)
        # Since the last delta:
        self._tokens = 0
        self._reasoning_tokens = 0
        self._logprobs: list[TokenLogprob] = []
        self._reasoning_logprobs: list[TokenLogprob] = []  # since the beginning, should it be none

    @property
    def is_stopped(self) -> bool:
        """Whether the text has come to a stop string, or to the one call that it may hold."""
        return self._stops.is_met or (self._calls is not None and self._calls.is_complete)

    @property
    def reason(self) -> FinishReason | None:
        """Why it ended, if it has."""
        has_called = self._calls is not None and self._calls.count > 0
        if self.sequence.reason is FinishReason.STOP and has_called:
            return FinishReason.TOOL_CALLS
        return self.sequence.reason

    def push(self, token: int, outcome: Outcome) -> Delta | None:
        """Takes one more token; what it makes certain."""
        parser = self._parser
        was_reasoning = parser is not None and parser.is_reasoning
        text = self._detokenizer.push(token)
        said = Said(text) if parser is None else parser.push(text)
        is_reasoning = was_reasoning or (parser is not None and parser.is_reasoning)
        self._tokens += 1
        self._reasoning_tokens += is_reasoning
        sampled = outcome if isinstance(outcome, Sampled) else self._recited(token)
        kept = self._reasoning_logprobs if is_reasoning else self._logprobs
        kept += self._named(sampled)
        return self._delta(self._answer(said.text), said)

    def flush(self, reason: FinishReason) -> Delta | None:
        """What is still held when the answer ends for that reason."""
        text, parser = self._detokenizer.flush(), self._parser
        said = Said(text)
        if parser is not None and not self.is_stopped:
            before = parser.push(text)
            said = parser.flush(is_stop=reason is FinishReason.STOP)
            said = Said(before.text + said.text, before.reasoning + said.reasoning, said.is_retold)
            if said.is_retold:
                said = Said(said.text, "", is_retold=True)
        shown = self._answer(said.text)
        if self._calls is not None:
            shown += self._worded(self._calls.flush())
        if self._boxes is not None:
            shown += self._stops.push(self._boxes.flush())
        shown += self._stops.flush()
        if said.is_retold:
            self._logprobs = self._reasoning_logprobs
            self._reasoning_tokens = 0
        delta = self._delta(shown, said)
        return delta if delta is not None or not self._tokens else self._released(shown, said)

    def _answer(self, text: str) -> str:
        """What of the answer's text may be shown now."""
        return self._worded(text if self._calls is None else self._calls.push(text))

    def _worded(self, text: str) -> str:
        """What may be shown of text that is no call."""
        if self._boxes is not None:
            text = self._boxes.push(text)
        return self._stops.push(text)

    def _delta(self, text: str, said: Said) -> Delta | None:
        is_told = text or said.reasoning or (self._calls is not None and self._calls.has_news)
        return self._released(text, said) if is_told else None

    def _released(self, text: str, said: Said) -> Delta:
        """The text with every token held for it, which are held no longer."""
        delta = Delta(
            index=self.sequence.index,
            text=text,
            tokens=self._tokens,
            reasoning=_BOX_MARKS.sub("", said.reasoning),
            logprobs=tuple(self._logprobs),
            reasoning_tokens=self._reasoning_tokens,
            is_retold=said.is_retold,
            marks=() if self._boxes is None else self._boxes.taken(),
            calls=() if self._calls is None else self._calls.taken(),
        )
        self._tokens = self._reasoning_tokens = 0
        self._logprobs = []
        return delta

    def _recited(self, token: int) -> Sampled:
        """A token of a fixed text: nothing else could have stood there."""
        wanted = self.sequence.sampling.top_logprobs
        if wanted is None:
            return Sampled(token)
        return Sampled(token, 0.0, ((token, 0.0),) if wanted else ())

    def _named(self, sampled: Sampled) -> list[TokenLogprob]:
        if sampled.logprob is None:
            return []
        top = tuple(self._candidate(token, logprob) for token, logprob in sampled.top)
        return [TokenLogprob(self._candidate(sampled.token, sampled.logprob), top)]

    def _candidate(self, token: int, logprob: float) -> Candidate:
        name, text = self._tokenizer.token_name(token), self._tokenizer.token_bytes(token)
        return Candidate(name, text, logprob)


def _is_opened(prompt_end: SequenceOf[int], opens: int | None, closes: int | None) -> bool:
    """Whether a template has opened the reasoning itself, and not closed it."""
    marks = [token for token in prompt_end if token in (opens, closes)]
    return opens is not None and bool(marks) and marks[-1] == opens
