"""Prompts with nothing before them get the same from other kernels as from their pages."""

from __future__ import annotations

import random

import pytest
import torch
from torch.nn.attention import SDPBackend

from backend.model.cuda import prompt_ways
from backend.model.cuda.prompt_ways import Fresh, Sdpa, Way
from backend.model.cuda.rotation import Heads
from backend.prompt.prompt import Sampling
from backend.scheduling.batch import Slice
from backend.scheduling.sequence import Sequence
from tests.backend.model.cuda.test_layers import BLOCK, compute, forward_of, text_of
from tests.fakes import checkpoints

HEADS = Heads(8, 2, 64)


class Short(Sdpa):
    """Takes prompts of a few tokens, by torch's choice of a kernel."""

    lengths: tuple[int, ...] = (8, 32, 64)


def sequence(length: int, first_block: int, seed: int) -> Sequence:
    chance = random.Random(seed)
    prompt = tuple(chance.randrange(4, 260) for _ in range(length))
    blocks = list(range(first_block, first_block - (-(length + 1) // BLOCK)))
    return Sequence(str(seed), "o", 0, prompt, Sampling(), blocks=blocks)


@pytest.mark.parametrize("least", [1, 30, 100])
def test_a_step_is_the_same_by_whatever_way(least: int, device: torch.device) -> None:
    """Fresh prompts, one in two chunks, one that follows its own prefix, and one that decodes."""
    model = checkpoints.build("glm4v").to(device)
    reference = text_of(checkpoints.build("glm4v").to(device))
    ours = forward_of(model, device)
    heads = ours._text.heads
    way = Short(heads, model.dtype, device, None)
    for length in way.lengths:
        way.ready(length)
    ours._fresh = way, least
    known, long, short = sequence(20, 0, 1), sequence(50, 4, 2), sequence(6, 10, 3)
    known.output_ids.append(9)
    with torch.inference_mode():
        compute(ours, model, [Slice(known, 0, 20)])
        step = [
            Slice(known, 20, 21),
            Slice(long, 0, 32),
            Slice(long, 32, 50),
            Slice(short, 0, 6),
        ]
        rows = compute(ours, model, step)
        expected = [
            reference(
                torch.tensor([[*part.prompt_ids, *part.output_ids]], device=device),
                use_cache=False,
            ).last_hidden_state[0]
            for part in (known, long, short)
        ]
    wanted = torch.cat([expected[0][20:], expected[1], expected[2]])
    torch.testing.assert_close(rows, wanted, atol=2e-5, rtol=1e-4)


def test_a_prompt_is_filled_up_to_a_length_that_is_planned(device: torch.device) -> None:
    way = Short(HEADS, torch.float32, device, None)
    assert not way.takes(20)
    way.ready(32)
    assert way.takes(9)
    assert way.takes(32)
    assert not way.takes(33)
    assert not way.takes(1000)
    rows = prompt_ways._rows(HEADS, torch.float32, device, 20)
    seen = Fresh(way, HEADS).attend(rows, rows, rows, HEADS.dim**-0.5)
    torch.testing.assert_close(seen, prompt_ways._exact(rows, HEADS, HEADS.dim**-0.5))


def cuda_ways() -> list[Way]:
    if not torch.cuda.is_available():
        return []
    return prompt_ways.ways(HEADS, torch.bfloat16, torch.device("cuda"))


@pytest.mark.parametrize("way", cuda_ways(), ids=lambda way: way.name)
@pytest.mark.parametrize("length", [1024, 1433, 4000])
def test_every_way_of_the_card_computes_what_plain_arithmetic_does(way: Way, length: int) -> None:
    rows = prompt_ways._rows(HEADS, torch.bfloat16, torch.device("cuda"), length)
    seen = way(rows, HEADS, HEADS.dim**-0.5)
    expected = prompt_ways._exact(rows, HEADS, HEADS.dim**-0.5)
    error = (seen[-len(expected) :].float() - expected).norm() / expected.norm()
    assert float(error) < 5e-3


def test_a_way_that_computes_something_else_is_not_taken(
    device: torch.device, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Wrong(Short):
        def __call__(self, rows: torch.Tensor, heads: Heads, scale: float) -> torch.Tensor:
            return super().__call__(rows, heads, scale) * 1.1

    monkeypatch.setattr(prompt_ways, "_pages", lambda *given: 1.0)
    monkeypatch.setattr(prompt_ways, "_milliseconds", lambda work, device: 0.1)
    memory = torch.zeros(4, BLOCK, HEADS.keys, HEADS.dim, device=device)
    wrong = Wrong(HEADS, torch.float32, device, None)
    right = Short(HEADS, torch.float32, device, SDPBackend.MATH)
    assert prompt_ways.fastest([wrong], HEADS, memory, memory, (8, 32)) is None
    assert prompt_ways.fastest([wrong, right], HEADS, memory, memory, (8, 32)) == (right, 8)


def test_a_way_is_taken_from_the_length_on_that_it_is_worth(
    device: torch.device, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = {8: 1.1, 32: 0.9, 64: 0.5}
    monkeypatch.setattr(prompt_ways, "_pages", lambda *given: 1.0)
    monkeypatch.setattr(prompt_ways, "_tried", lambda *given: times[given[-1]])
    memory = torch.zeros(4, BLOCK, HEADS.keys, HEADS.dim, device=device)
    way = Short(HEADS, torch.float32, device, None)
    assert prompt_ways.fastest([way], HEADS, memory, memory, (8, 32, 64)) == (way, 32)
    times[64] = 0.99
    assert prompt_ways.fastest([way], HEADS, memory, memory, (8, 32, 64)) is None
