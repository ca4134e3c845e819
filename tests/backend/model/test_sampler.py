"""The sampler: what each parameter does, and that chance repeats."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import torch

from backend.model.sampler import Sampler, UnusableLogits
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
