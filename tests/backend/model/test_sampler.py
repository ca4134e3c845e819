"""The sampler: what each parameter does, and that chance repeats."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from transformers.generation.logits_process import (
    LogitsProcessor,
    LogitsProcessorList,
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    SequenceBiasLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from backend.model.outcome import Sampled
from backend.model.sampler import Sampler, UnusableLogits, left_to_chance
from backend.prompt.guide import GuideBroken
from backend.prompt.prompt import Sampling
from backend.scheduling.sequence import Sequence

EOS = 0
LOGITS = torch.tensor([0.0, 3.0, 2.0, 1.0, -1.0])


def sequence(
    *,
    index: int = 0,
    prompt: tuple[int, ...] = (4,),
    output: tuple[int, ...] = (),
    **options: object,
) -> Sequence:
    sampling = Sampling(**{"seed": 1, "max_tokens": 9, **options})  # type: ignore[arg-type]
    made = Sequence("r", "o", index, prompt, sampling)
    made.output_ids.extend(output)
    return made


def token(logits: torch.Tensor = LOGITS, **options: Any) -> int:
    return Sampler(frozenset({EOS})).sample(logits, sequence(**options)).token


def drawn(count: int = 300, **options: Any) -> Counter[int]:
    return Counter(token(seed=seed, **options) for seed in range(count))


@pytest.mark.parametrize("temperature", [0.0, 1e-300, 1e-4])
def test_no_temperature_to_speak_of_takes_the_best(temperature: float) -> None:
    assert token(temperature=temperature) == 1


@pytest.mark.parametrize(
    ("options", "possible"),
    [
        ({}, {0, 1, 2, 3, 4}),
        ({"top_k": 2}, {1, 2}),
        ({"top_p": 0.6}, {1}),
        ({"top_p": 0.7}, {1, 2}),
        ({"top_p": 0.0}, {1}),
        ({"min_p": 0.3}, {1, 2}),
        ({"top_k": 50}, {0, 1, 2, 3, 4}),
    ],
)
def test_what_is_left_to_chance(options: dict[str, Any], possible: set[int]) -> None:
    assert set(drawn(temperature=1.0, **options)) == possible


def test_chance_follows_the_probabilities() -> None:
    counts = drawn(2000, temperature=1.0)
    for number, probability in enumerate(torch.softmax(LOGITS, 0).tolist()):
        assert counts[number] / 2000 == pytest.approx(probability, abs=0.04)


def test_a_wide_nucleus_is_drawn_from_whole() -> None:
    flat = torch.zeros(4000)  # no 1,024 tokens hold 90 % of this
    tokens = {token(flat, temperature=1.0, top_p=0.9, seed=seed) for seed in range(200)}
    assert len(tokens) > 180


def test_a_seed_repeats_and_places_and_answers_differ() -> None:
    flat = torch.zeros(1000)
    options: dict[str, Any] = {"temperature": 1.0, "seed": 5}
    assert token(flat, **options) == token(flat, **options)
    assert token(flat, **options) != token(flat, index=1, **options)
    assert token(flat, **options) != token(flat, output=(7,), **options)


@pytest.mark.parametrize(
    ("options", "best"),
    [
        ({"repetition_penalty": 2.0, "prompt": (1,)}, 2),
        ({"repetition_penalty": 2.0, "output": (1,)}, 2),
        ({"presence_penalty": 1.5, "output": (1,)}, 2),
        ({"presence_penalty": 1.5, "prompt": (1,)}, 1),  # counts over the answer only
        ({"frequency_penalty": 0.6, "output": (1,)}, 1),
        ({"frequency_penalty": 0.6, "output": (1, 1)}, 2),
        ({"logit_bias": {4: 100.0}}, 4),
        ({"logit_bias": {1: -100.0}}, 2),
    ],
)
def test_penalties_and_bias(options: dict[str, Any], best: int) -> None:
    assert token(**options) == best


def test_a_penalty_lowers_negative_logits_too() -> None:
    logits = torch.tensor([-1.0, -1.1])
    assert token(logits, repetition_penalty=2.0, prompt=(0,)) == 1


def test_no_end_before_min_tokens() -> None:
    logits = torch.tensor([9.0, 1.0])
    assert token(logits) == EOS
    assert token(logits, min_tokens=1) == 1
    assert token(logits, min_tokens=1, output=(1,)) == EOS


def test_logprobs() -> None:
    sampled = Sampler(frozenset({EOS})).sample(LOGITS, sequence(top_logprobs=2))
    best = torch.log_softmax(LOGITS, 0)
    assert sampled.logprob == pytest.approx(float(best[1]))
    assert [number for number, _ in sampled.top] == [1, 2]
    assert Sampler(frozenset()).sample(LOGITS, sequence(top_logprobs=0)).top == ()
    assert Sampler(frozenset()).sample(LOGITS, sequence()).logprob is None


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_numbers_that_are_none_are_refused(bad: float, temperature: float) -> None:
    with pytest.raises(UnusableLogits):
        token(torch.tensor([0.0, bad, 1.0]), temperature=temperature)


def test_the_logits_given_are_not_changed() -> None:
    logits = LOGITS.clone()
    token(logits, repetition_penalty=2.0, prompt=(1,), logit_bias={2: 5.0})
    assert torch.equal(logits, LOGITS)


class Scripted:
    """A guide that allows some tokens, or forces one."""

    warning = ""

    def __init__(self, allowed: set[int] | None = None, forced: int | None = None) -> None:
        self._allowed, self._forced = allowed, forced

    def allowed(self) -> bytes | None:
        if self._allowed is None:
            return None
        return sum(1 << token for token in self._allowed).to_bytes(4, "little")

    def forced(self) -> int | None:
        return self._forced

    def accept(self, token: int) -> None:
        raise AssertionError("the scheduler's to call")


def guided(guide: Scripted, logits: torch.Tensor = LOGITS, **options: Any) -> Sampled:
    held = sequence(**options)
    held.guide = guide
    return Sampler(frozenset({EOS})).sample(logits, held)


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_only_what_a_guide_allows_is_chosen(temperature: float) -> None:
    chosen = {
        guided(Scripted({0, 3, 4}), temperature=temperature, seed=seed).token for seed in range(99)
    }
    assert chosen == ({3} if temperature == 0 else {0, 3, 4})


def test_a_forced_token_is_taken_whatever_is_likely() -> None:
    sampled = guided(Scripted({1}, forced=4), top_logprobs=1, min_tokens=5)
    assert sampled.token == 4
    assert sampled.logprob == pytest.approx(float(torch.log_softmax(LOGITS, 0)[4]))
    assert guided(Scripted(forced=EOS), min_tokens=5).token == EOS


def test_tokens_behind_a_guides_mask_are_never_chosen() -> None:
    padded = torch.zeros(70)
    padded[69] = 9.0
    assert guided(Scripted({2}), padded).token == 2
    assert guided(Scripted({2, 4}), LOGITS[:3]).token == 2  # nor are those behind the logits


def test_logprobs_are_of_what_may_come() -> None:
    sampled = guided(Scripted({2, 3}), top_logprobs=4)
    assert [number for number, _ in sampled.top] == [2, 3]
    assert sum(math.exp(value) for _, value in sampled.top) == pytest.approx(1.0)


def test_a_guide_that_leaves_nothing_is_broken() -> None:
    with pytest.raises(GuideBroken):
        guided(Scripted(set()))


def test_min_tokens_gives_way_where_a_guide_leaves_the_end_alone() -> None:
    assert guided(Scripted({EOS}), min_tokens=5).token == EOS
    assert guided(Scripted({EOS, 4}), min_tokens=5).token == 4


LOGITS_OF = st.lists(
    st.floats(-20, 20, allow_nan=False, width=32), min_size=12, max_size=12, unique=True
).map(torch.tensor)
TOKENS = st.lists(st.integers(0, 11), max_size=8)
MODEST = settings(max_examples=60, deadline=None)


def processed(logits: torch.Tensor, **options: Any) -> torch.Tensor:
    """Log-probabilities after everything that comes before chance."""
    size = len(logits)
    sampled = Sampler(frozenset()).sample(logits, sequence(top_logprobs=size, **options))
    scores = torch.full((size,), -torch.inf)
    for token, value in sampled.top:
        scores[token] = value
    return scores


def theirs(logits: torch.Tensor, ids: list[int], *steps: LogitsProcessor) -> torch.Tensor:
    """The same by transformers."""
    process: Any = LogitsProcessorList(steps)  # its annotations want tensors of old types
    scores = process(torch.tensor([ids]), logits[None].clone())
    return torch.log_softmax(scores[0], 0)


@pytest.mark.parametrize("temperature", [0.0, 2e-5, 1.0])
def test_a_penalty_near_0_leaves_numbers(temperature: float) -> None:
    wild = sequence(
        repetition_penalty=1e-320, prompt=(1, 2), temperature=temperature, top_logprobs=5
    )
    sampled = Sampler(frozenset({EOS})).sample(LOGITS, wild)
    assert sampled.token in (1, 2)
    assert sampled.logprob == pytest.approx(math.log(0.5))


@MODEST
@given(LOGITS_OF, TOKENS, TOKENS, st.floats(0.1, 2.0))
def test_the_repetition_penalty_is_transformers(
    logits: torch.Tensor, prompt: list[int], output: list[int], penalty: float
) -> None:
    ours = processed(logits, prompt=(0, *prompt), output=tuple(output), repetition_penalty=penalty)
    reference = theirs(
        logits, [0, *prompt, *output], RepetitionPenaltyLogitsProcessor(penalty=penalty)
    )
    torch.testing.assert_close(ours, reference, atol=1e-4, rtol=1e-4)


@MODEST
@given(LOGITS_OF, st.dictionaries(st.integers(0, 11), st.floats(-100, 100), min_size=1))
def test_the_bias_is_transformers(logits: torch.Tensor, bias: dict[int, float]) -> None:
    single: Any = {(token,): value for token, value in bias.items()}
    reference = theirs(logits, [0], SequenceBiasLogitsProcessor(single))
    ours = processed(logits, logit_bias=bias)
    torch.testing.assert_close(ours, reference, atol=1e-3, rtol=1e-4)


@MODEST
@given(LOGITS_OF, TOKENS, st.floats(-2, 2), st.floats(-2, 2))
def test_presence_and_frequency_are_as_openai_defines_them(
    logits: torch.Tensor, output: list[int], presence: float, frequency: float
) -> None:
    ours = processed(
        logits, output=tuple(output), presence_penalty=presence, frequency_penalty=frequency
    )
    counts = [output.count(token) for token in range(12)]
    lowered = [
        float(score) - count * frequency - (count > 0) * presence
        for score, count in zip(logits, counts, strict=True)
    ]
    torch.testing.assert_close(
        ours, torch.log_softmax(torch.tensor(lowered), 0), atol=1e-4, rtol=1e-4
    )


@MODEST
@given(
    LOGITS_OF,
    st.floats(0.2, 2.0),
    st.integers(0, 14),
    st.one_of(st.just(1.0), st.floats(0.05, 0.99)),
    st.one_of(st.just(0.0), st.floats(0.01, 0.9)),
)
def test_what_is_left_to_chance_is_what_transformers_leaves(
    logits: torch.Tensor, heat: float, top_k: int, top_p: float, min_p: float
) -> None:
    """Every warper at once, in transformers' order."""

    def reference(slack: float) -> torch.Tensor:
        steps: list[LogitsProcessor] = [TemperatureLogitsWarper(heat)]
        steps += [TopKLogitsWarper(top_k)] if top_k else []
        steps += [TopPLogitsWarper(min(1.0, top_p + slack))] if top_p < 1 else []
        steps += [MinPLogitsWarper(max(0.0, min_p - slack))] if min_p else []
        return theirs(logits, [0], *steps).exp()

    wide, narrow = reference(1e-5), reference(-1e-5)
    assume(torch.equal(wide > 0, narrow > 0))  # no token stands on an edge, where rounding decides
    sampling = Sampling(temperature=heat, top_k=top_k, top_p=top_p, min_p=min_p)
    values, ids = left_to_chance(logits, sampling)
    ours = torch.zeros(len(logits))
    ours[torch.arange(len(logits)) if ids is None else ids] = values.float()
    torch.testing.assert_close(ours / ours.sum(), reference(0.0), atol=1e-5, rtol=1e-4)


def test_cold_and_plain_never_sorts_nor_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*values: object, **named: object) -> None:
        raise AssertionError("too slow for every token")

    for name in ("sort", "topk", "unique", "log_softmax"):
        monkeypatch.setattr(torch, name, never)
    assert token(temperature=0.0) == 1
