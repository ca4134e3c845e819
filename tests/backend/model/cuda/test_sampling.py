"""Many sequences chosen for at once get the tokens that the sampler chooses one by one."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from backend.model.cuda.sampling import DeviceSampler
from backend.model.outcome import Sampled
from backend.model.sampler import Sampler
from backend.prompt.prompt import Sampling
from backend.scheduling.batch import Slice
from backend.scheduling.sequence import Sequence

VOCABULARY = 5000
ENDS = frozenset({11, 4999})

PLAIN = (
    Sampling(),
    Sampling(min_tokens=4),
    Sampling(temperature=0.7),
    Sampling(temperature=1.3, min_p=0.01),
    Sampling(temperature=1.0, top_k=5),
    Sampling(temperature=0.8, top_p=0.9),
    Sampling(temperature=0.3, top_k=50, top_p=0.8, min_p=0.02),
    Sampling(temperature=0.9, min_tokens=9),
)


def sequence(sampling: Sampling, seed: int = 0) -> Sequence:
    return Sequence("a", "o", 1, (1, 2), replace(sampling, seed=seed), output_ids=[5, 6, 7])


def choose(
    logits: torch.Tensor, sequences: list[Sequence], device: torch.device
) -> list[int | None]:
    parts = [Slice(one, one.length - 1, one.length) for one in sequences]
    return DeviceSampler(ENDS, device).choose(logits, parts).wait()


@pytest.mark.parametrize("seed", range(6))
def test_chooses_as_the_sampler_does(seed: int, device: torch.device) -> None:
    torch.manual_seed(seed)
    sequences = [sequence(sampling, seed) for sampling in PLAIN]
    logits = torch.randn(len(PLAIN), VOCABULARY, device=device) * 4
    logits[1, 11] = logits[7, 4999] = 60.0  # an end that comes too early
    logits[0, 4999] = 60.0  # and one that may come
    sampler = Sampler(ENDS)
    expected = [sampler.sample(row, one) for row, one in zip(logits, sequences, strict=True)]
    tokens = choose(logits, sequences, device)
    assert [Sampled(token) for token in tokens if token is not None] == expected
    assert tokens[0] == 4999
    assert tokens[1] != 11


@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(top_logprobs=0),
        Sampling(repetition_penalty=1.1),
        Sampling(presence_penalty=0.5),
        Sampling(frequency_penalty=0.5),
        Sampling(logit_bias={3: 1.0}),
        Sampling(temperature=1.0, top_k=3000),
    ],
)
def test_leaves_the_others_alone(sampling: Sampling, device: torch.device) -> None:
    logits = torch.randn(2, VOCABULARY, device=device)
    tokens = choose(logits, [sequence(sampling), sequence(Sampling())], device)
    assert tokens == [None, int(logits[1].argmax())]


def test_leaves_a_nucleus_alone_that_is_nearly_everything(device: torch.device) -> None:
    logits = torch.randn(1, VOCABULARY, device=device) * 0.01
    drawn = sequence(Sampling(temperature=1.0, top_p=0.9))
    assert choose(logits, [drawn], device) == [None]


@pytest.mark.parametrize("number", [torch.nan, torch.inf])
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_leaves_rows_alone_that_are_no_numbers(
    number: float, temperature: float, device: torch.device
) -> None:
    logits = torch.randn(3, VOCABULARY, device=device)
    logits[1, 11] = number
    sequences = [sequence(Sampling(temperature=temperature, min_tokens=9)) for _ in range(3)]
    tokens = choose(logits, sequences, device)
    assert tokens[1] is None
    assert all(token is not None and token >= 0 for token in (tokens[0], tokens[2]))
