"""One answer on its way out: its computed tokens, held until the text they make is certain."""

from __future__ import annotations

from backend.model.outcome import Outcome, Sampled
from backend.prompt.detokenizer import Detokenizer
from backend.prompt.events import Candidate, Delta, TokenLogprob
from backend.prompt.prompt import FinishReason
from backend.prompt.tokenizer import Tokenizer
from backend.scheduling.sequence import Sequence


class Outgoing:
    """Turns the tokens of one sequence into deltas. Reads the sequence, never writes it."""

    def __init__(self, sequence: Sequence, tokenizer: Tokenizer) -> None:
        self.sequence = sequence
        self._held_tokens = 0  # computed since the last delta
        self._held_logprobs: list[TokenLogprob] = []
        self._tokenizer = tokenizer
        self._detokenizer = Detokenizer(tokenizer, sequence.sampling.stop)

    @property
    def is_stopped(self) -> bool:
        """Whether the text has come to a stop string."""
        return self._detokenizer.is_stopped

    def push(self, token: int, outcome: Outcome) -> Delta | None:
        """Takes one more token; what it makes certain."""
        self._held_tokens += 1
        sampled = outcome if isinstance(outcome, Sampled) else self._recited(token)
        self._held_logprobs += self._logprobs(sampled)
        text = self._detokenizer.push(token)
        return self._delta(text) if text else None

    def flush(self, reason: FinishReason) -> Delta | None:
        """What is still held when the answer ends for that reason."""
        text = self._detokenizer.flush()
        return self._delta(text) if text or self._held_tokens else None

    def _delta(self, text: str) -> Delta:
        """The text with every token held for it, which are held no longer."""
        delta = Delta(
            index=self.sequence.index,
            text=text,
            tokens=self._held_tokens,
            logprobs=tuple(self._held_logprobs),
        )
        self._held_tokens = 0
        self._held_logprobs = []
        return delta

    def _recited(self, token: int) -> Sampled:
        """A token of a fixed text: nothing else could have stood there."""
        wanted = self.sequence.sampling.top_logprobs
        if wanted is None:
            return Sampled(token)
        return Sampled(token, 0.0, ((token, 0.0),) if wanted else ())

    def _logprobs(self, sampled: Sampled) -> list[TokenLogprob]:
        if sampled.logprob is None:
            return []
        top = tuple(self._candidate(token, logprob) for token, logprob in sampled.top)
        return [TokenLogprob(self._candidate(sampled.token, sampled.logprob), top)]

    def _candidate(self, token: int, logprob: float) -> Candidate:
        name, text = self._tokenizer.token_name(token), self._tokenizer.token_bytes(token)
        return Candidate(name, text, logprob)
