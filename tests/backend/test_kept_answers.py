"""Answers kept to be given again: what identifies one, and how long it is kept."""

from __future__ import annotations

import gc
import tracemalloc
from dataclasses import replace

import pytest

from backend.kept_answers import LARGEST, PIECE, KeptAnswer, KeptAnswers, answer_key, pieces
from backend.prompt.events import (
    Candidate,
    Delta,
    Event,
    Finished,
    Mark,
    Queued,
    Timing,
    TokenLogprob,
    Usage,
)
from backend.prompt.picture import ImageSpan, Picture
from backend.prompt.prompt import (
    FinishReason,
    Form,
    Message,
    Prompt,
    ResponseFormat,
    Role,
    Sampling,
    TextPart,
    Thinking,
)
from tests.fakes import model

MODEL = model.info()
PROMPT = Prompt("a", "me", "", (Message(Role.USER, (TextPart("hi"),)),))


def shown(key: bytes, start: int = 1) -> ImageSpan:
    return ImageSpan(start, Picture(key * 32, "me", "f" * 64, 1, rows=2, columns=2))


def key(prompt: Prompt = PROMPT, **other: object) -> bytes | None:
    given = {
        "model": MODEL,
        "files": ("a" * 64, "b" * 64),
        "prompt_ids": (1, 2, 3),
        "images": (shown(b"x"),),
        "max_tokens": 9,
    }
    return answer_key(prompt, **(given | other))  # type: ignore[arg-type]


def sampled(**fields: object) -> Prompt:
    return replace(PROMPT, sampling=Sampling(**fields))  # type: ignore[arg-type]


SAME = {
    "request id": key(replace(PROMPT, request_id="b")),
    "seed": key(sampled(seed=5)),
    "top_p": key(sampled(top_p=0.5)),
    "top_k": key(sampled(top_k=3)),
    "min_p": key(sampled(min_p=0.2)),
    "detached": key(replace(PROMPT, detached=True)),
    "deadline": key(replace(PROMPT, deadline=1.0)),
    "order of files": key(files=("b" * 64, "a" * 64)),
}
OTHER = {
    "owner": key(replace(PROMPT, owner="you")),
    "model": key(model=replace(MODEL, id="another")),
    "revision": key(model=replace(MODEL, revision="2")),
    "prompt": key(prompt_ids=(1, 2, 4)),
    "longer prompt": key(prompt_ids=(1, 2, 3, 0)),
    "picture": key(images=(shown(b"y"),)),
    "place of the picture": key(images=(shown(b"x", start=2),)),
    "no picture": key(images=()),
    "file": key(files=("a" * 64, "c" * 64)),
    "fewer files": key(files=("a" * 64,)),
    "max_tokens": key(max_tokens=10),
    "min_tokens": key(sampled(min_tokens=1)),
    "n": key(sampled(n=2)),
    "stop": key(sampled(stop=("a",))),
    "two stops": key(sampled(stop=("a", "b"))),
    "stop of both": key(sampled(stop=("a', 'b",))),
    "repetition penalty": key(sampled(repetition_penalty=1.1)),
    "presence penalty": key(sampled(presence_penalty=1.0)),
    "frequency penalty": key(sampled(frequency_penalty=1.0)),
    "bias": key(sampled(logit_bias={1: 2.0})),
    "other bias": key(sampled(logit_bias={1: 2.5})),
    "logprobs": key(sampled(top_logprobs=0)),
    "more logprobs": key(sampled(top_logprobs=1)),
    "thinking": key(replace(PROMPT, thinking=Thinking(enabled=True))),
    "budget": key(replace(PROMPT, thinking=Thinking(enabled=True, budget=5))),
    "json": key(replace(PROMPT, response_format=ResponseFormat(Form.JSON))),
    "schema": key(replace(PROMPT, response_format=ResponseFormat(Form.SCHEMA, "{}"))),
    "regex": key(replace(PROMPT, response_format=ResponseFormat(Form.REGEX, "{}"))),
}


@pytest.mark.parametrize("what", SAME)
def test_what_cannot_change_a_cold_answer_leaves_the_key(what: str) -> None:
    assert SAME[what] == key()


def test_whatever_can_change_an_answer_makes_another_key() -> None:
    assert len({key(), *OTHER.values()}) == 1 + len(OTHER)
    assert None not in OTHER.values()


def test_the_order_in_which_biases_are_given_makes_no_difference() -> None:
    assert key(sampled(logit_bias={1: 2.0, 3: 4.0})) == key(sampled(logit_bias={3: 4.0, 1: 2.0}))


def test_warm_answers_and_declined_ones_have_no_key() -> None:
    assert key(sampled(temperature=0.2)) is None
    assert key(sampled(temperature=1e-6)) is None
    assert key(replace(PROMPT, use_answer_cache=False)) is None


def answer(
    text: str = "It is.",
    *,
    owner: str = "me",
    files: tuple[str, ...] = (),
    reason: FinishReason = FinishReason.STOP,
    seconds: float = 2.0,
    warning: str = "",
    error: str = "",
) -> KeptAnswer:
    finished = Finished((reason,), Usage(5, 3), Timing(0, 0, 0, 2), warning=warning, error=error)
    return KeptAnswer(owner, frozenset(files), (Delta(0, text, 3),), finished, seconds)


def test_an_answer_is_found_again_and_counted() -> None:
    kept = KeptAnswers(1 << 20)
    assert kept.find(b"1") is None
    assert kept.keep(b"1", answer(warning="It loops."), since=0)

    assert kept.knows(b"1")
    found = kept.find(b"1")
    assert found is not None
    assert found.finished.warning == "It loops."
    assert (kept.hits, kept.misses, kept.saved_seconds) == (1, 1, 2.0)
    assert kept.bytes == found.bytes > 0


@pytest.mark.parametrize("reason", FinishReason)
def test_only_complete_answers_are_kept(reason: FinishReason) -> None:
    kept = KeptAnswers(1 << 20)
    complete = reason in (FinishReason.STOP, FinishReason.LENGTH, FinishReason.TOOL_CALLS)

    assert kept.keep(b"1", answer(reason=reason), since=0) is complete
    assert kept.knows(b"1") is complete
    assert not kept.keep(b"2", answer(error="It broke."), since=0)


def test_the_least_recently_asked_for_goes_first() -> None:
    one = answer().bytes
    kept = KeptAnswers(LARGEST * one)
    names = [bytes([number]) for number in range(LARGEST + 1)]
    for name in names[:-1]:
        assert kept.keep(name, answer(), since=0)
    assert kept.find(names[0])
    assert kept.keep(names[-1], answer(), since=0)

    assert [name for name in names if not kept.knows(name)] == [names[1]]
    assert (kept.evictions, kept.bytes, len(kept)) == (1, LARGEST * one, LARGEST)
    assert kept.keep(names[0], answer(), since=0)
    assert kept.bytes == LARGEST * one


def test_an_answer_that_would_push_out_most_others_is_not_kept() -> None:
    kept = KeptAnswers(LARGEST * answer().bytes)
    assert not kept.keep(b"1", answer("It is longer."), since=0)
    assert kept.keep(b"1", answer(), since=0)


def test_switched_off_it_keeps_nothing_and_counts_nothing() -> None:
    kept = KeptAnswers(0)
    assert not kept.keep(b"1", answer(), since=0)
    assert kept.find(b"1") is None
    assert (kept.misses, kept.bytes, len(kept)) == (0, 0, 0)


def test_an_answer_goes_with_any_of_its_files_and_with_no_other() -> None:
    kept = KeptAnswers(1 << 20)
    kept.keep(b"1", answer(files=("a", "b")), since=0)
    kept.keep(b"2", answer(files=("b",)), since=0)
    kept.keep(b"3", answer(files=("b",), owner="you"), since=0)
    kept.keep(b"4", answer(), since=0)

    assert kept.forget("me", "b") == 2
    assert kept.forget("me", "b") == 0
    assert [kept.knows(name) for name in (b"1", b"2", b"3", b"4")] == [False, False, True, True]
    assert kept.bytes == answer(files=("b",), owner="you").bytes + answer().bytes


def test_what_is_forgotten_meanwhile_is_not_kept_afterwards() -> None:
    kept = KeptAnswers(1 << 20)
    before, theirs = kept.forgettings("me"), kept.forgettings("you")
    kept.forget("me", "a")

    assert not kept.keep(b"1", answer(files=("a",)), since=before)
    assert kept.keep(b"2", answer(files=("a",), owner="you"), since=theirs)
    assert kept.keep(b"1", answer(files=("a",)), since=kept.forgettings("me"))


def likely(text: str) -> TokenLogprob:
    return TokenLogprob(Candidate(text, text.encode(), -0.5))


def test_pieces_hold_every_word_of_every_answer_in_order() -> None:
    events: list[Event] = [Queued(1)]
    for number in range(100):
        for index in range(2):
            if number < 10:
                thought = Delta(index, "", 1, reasoning=f"r{number} ", reasoning_tokens=1)
                events.append(thought)
            else:
                text = f"{index}.{number} "
                marks = (Mark(text, 0, 0, number, number),) if number % 10 == 0 else ()
                pair = (likely(text), likely("!"))
                events.append(Delta(index, text, 2, logprobs=pair, marks=marks))

    joined = pieces(events)

    assert len(joined) < len(events) / 10
    assert max(delta.tokens for delta in joined) <= PIECE + 1
    for index in range(2):
        own = [delta for delta in joined if delta.index == index]
        original = [e for e in events if isinstance(e, Delta) and e.index == index]
        assert "".join(d.text for d in own) == "".join(d.text for d in original)
        assert "".join(d.reasoning for d in own) == "".join(d.reasoning for d in original)
        assert [t for d in own for t in d.logprobs] == [t for d in original for t in d.logprobs]
        assert [mark for d in own for mark in d.marks] == [m for d in original for m in d.marks]
        assert sum(d.tokens for d in own) == sum(d.tokens for d in original)
        assert sum(d.reasoning_tokens for d in own) == 10
        assert not any(d.text and d.reasoning for d in own)
        is_reasoning = [bool(d.reasoning) for d in own]
        assert is_reasoning == sorted(is_reasoning, reverse=True)


@pytest.mark.parametrize("top", [None, 0, 20])
def test_the_estimated_memory_is_no_less_than_the_real_one(top: int | None) -> None:
    def made(number: int) -> KeptAnswer:
        def candidate(name: str) -> Candidate:
            return Candidate(name, name.encode(), number / 7)

        def logprobs(place: int) -> tuple[TokenLogprob, ...]:
            if top is None:
                return ()
            others = tuple(candidate(f"{number} {place} {other}") for other in range(top))
            return (TokenLogprob(candidate(f"{number} {place}"), others),)

        said = [Delta(0, f" 字{number} {place}", 1, "", logprobs(place)) for place in range(100)]
        return replace(answer(files=(f"{number}" * 64,)), deltas=pieces(said))

    def measured() -> tuple[int, int]:
        """Bytes that ten answers take, and what they are estimated at."""
        gc.collect()
        tracemalloc.start()
        try:
            answers = [made(number) for number in range(10)]
            gc.collect()
            return tracemalloc.get_traced_memory()[0], sum(kept.bytes for kept in answers)
        finally:
            tracemalloc.stop()

    # Other threads' memory is traced too, in one of the times at most.
    real, estimated = min(measured() for _ in range(3))
    assert real <= estimated <= 3 * real
