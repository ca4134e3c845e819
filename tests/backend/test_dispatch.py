"""What listeners are told of answers: once, in order, with what people should know of them."""

from __future__ import annotations

import time
from typing import Any

from backend.dispatch import FAILURE, Dispatch, Request
from backend.errors import Internal, RequestError, Unavailable
from backend.model.outcome import Failed, Sampled
from backend.prompt.events import Delta
from backend.prompt.prompt import FinishReason, Sampling
from backend.prompt.tokenizer import Tokenizer
from backend.scheduling.scheduler import Advance
from backend.scheduling.sequence import Sequence
from backend.work import Work
from tests.fakes.tokenizer import CONTROL, MARKS, description

TOKENIZER = Tokenizer(description([*CONTROL, *MARKS]))


class Told:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.deltas: list[Delta] = []
        self.ends: list[tuple[Any, ...]] = []

    def started(self, cached_tokens: int, queue_seconds: float) -> None: ...

    def delta(self, delta: Delta) -> None:
        self.deltas.append(delta)

    def finished(
        self,
        reasons: tuple[FinishReason, ...],
        completion_tokens: int,
        warning: str,
        error: RequestError | None,
    ) -> None:
        self.ends.append((reasons, completion_tokens, warning, error))


class Held:
    """A guide that has something to say."""

    warning = "It was cut short."

    def allowed(self) -> bytes | None: ...

    def forced(self) -> int | None: ...

    def accept(self, token: int) -> None: ...


class Answering:
    """One request, and what becomes of it."""

    def __init__(self, **options: Any) -> None:
        self.told = Told()
        self.gone: list[Request] = []
        self.dispatch = Dispatch(TOKENIZER, self._end, self.gone.append)
        sampling = Sampling(seed=0, max_tokens=99, n=options.pop("n", 1))
        work = Work("r", "me", (1,), sampling, **options)
        self.sequences = self.dispatch.open(Request(work, self.told, time.monotonic()))

    def _end(self, sequence: Sequence, reason: FinishReason) -> None:
        sequence.reason = reason

    def say(
        self, text: str, reason: FinishReason | None = None, *, index: int = 0, loops: bool = False
    ) -> None:
        """The answer's text, and with its last token why it ends."""
        tokens = TOKENIZER.encode_markup([(text, True)])
        for place, token in enumerate(tokens):
            ending = reason if place == len(tokens) - 1 else None
            advance = Advance(
                self.sequences[index], token, ending, is_loop=loops and ending is not None
            )
            self.dispatch.advance(advance, Sampled(token))

    def end(self, reason: FinishReason = FinishReason.STOP, *, index: int = 0) -> None:
        """An end-of-text token."""
        self.dispatch.advance(Advance(self.sequences[index], None, reason), Sampled(0))


def test_a_request_ends_with_its_last_answer_and_once() -> None:
    answering = Answering(n=2)
    answering.say("a")
    answering.end()
    assert answering.told.ends == []
    answering.say("bc", FinishReason.LENGTH, index=1)
    assert answering.told.ends == [((FinishReason.STOP, FinishReason.LENGTH), 3, "", None)]
    assert len(answering.gone) == 1
    answering.dispatch.finish_all(answering.gone[0], FinishReason.CANCELLED)
    assert len(answering.told.ends) == 1


def test_an_answer_that_kept_repeating_itself_says_so() -> None:
    answering = Answering()
    answering.say("ab ab", FinishReason.LENGTH, loops=True)
    ((reasons, _, warning, error),) = answering.told.ends
    assert reasons == (FinishReason.LENGTH,)
    assert "repeating" in warning
    assert error is None


def test_a_guides_warning_arrives_with_the_answer_it_ended() -> None:
    shortened = Answering(guide=Held)
    shortened.end()
    assert shortened.told.ends[0][2] == Held.warning
    cancelled = Answering(guide=Held)
    cancelled.end(FinishReason.CANCELLED)
    assert cancelled.told.ends[0][2] == ""


def failure(failed: Failed) -> RequestError:
    """What a listener is told of it."""
    answering = Answering()
    answering.dispatch.fail(answering.sequences[0], failed)
    answering.dispatch.fail(answering.sequences[0], failed)  # of another slice of the same
    ((reasons, tokens, warning, error),) = answering.told.ends
    assert (reasons, tokens, warning) == ((FinishReason.ERROR,), 0, "")
    assert isinstance(error, RequestError)
    return error


def test_a_failure_has_a_sentence() -> None:
    assert failure(Failed()).message == FAILURE
    explained = failure(Failed("No token has the form."))
    assert isinstance(explained, Internal)
    assert explained.message == "No token has the form."


def test_a_failure_that_may_pass_is_worth_another_try() -> None:
    passing = failure(Failed("There was no memory.", is_passing=True))
    assert isinstance(passing, Unavailable)
    assert passing.retry_after


def test_reasoning_is_told_apart_where_the_model_may_think() -> None:
    answering = Answering(thinking=True)
    answering.say("<think>hm</think>yes")
    answering.end()
    assert "".join(delta.reasoning for delta in answering.told.deltas) == "hm"
    assert "".join(delta.text for delta in answering.told.deltas) == "yes"
    assert sum(delta.reasoning_tokens for delta in answering.told.deltas) == 4


def test_each_answer_has_a_guide_of_its_own() -> None:
    answering = Answering(guide=Held, n=2)
    first, second = (sequence.guide for sequence in answering.sequences)
    assert first is not None
    assert first is not second
