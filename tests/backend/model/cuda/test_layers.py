"""The fused text model says what transformers' own says, decoding and prompts in one company."""

from __future__ import annotations

import random
from typing import Any

import pytest
import torch

from backend.model.cuda.forward import FusedForward
from backend.model.cuda.layers import FusedText, can_fuse
from backend.model.cuda.quantised import Quantization, quantise_layers
from backend.model.kv_cache import KVCache
from backend.prompt.prompt import Sampling
from backend.scheduling.scheduler import Slice
from backend.scheduling.sequence import Sequence
from tests.fakes import checkpoints

BLOCK = 16
FUSED = ("glm4v", "glm46v", "glm_ocr")


def text_of(model: Any) -> Any:
    return model.model.language_model


def forward_of(model: Any, device: torch.device) -> FusedForward:
    """Ours, out of the weights of transformers' model, which is of no use afterwards."""
    text = text_of(model)
    config = text.config
    cache = KVCache(
        layers=config.num_hidden_layers,
        blocks=40,
        block_size=BLOCK,
        heads=config.num_key_value_heads,
        head_dim=config.head_dim,
        dtype=model.dtype,
        device=device,
    )
    head = model.get_output_embeddings()
    return FusedForward(
        FusedText(text), text.embed_tokens, head, cache, frozenset({0}), longest=320
    )


def compute(ours: FusedForward, model: Any, slices: list[Slice]) -> torch.Tensor:
    """What the head would read, row by row."""
    ids = [token for part in slices for token in part.sequence.tokens(part.start, part.end)]
    places = [place for part in slices for place in range(part.start, part.end)]
    embed = text_of(model).embed_tokens
    device = embed.weight.device
    positions = torch.tensor(places, device=device).expand(3, -1)
    return ours.hidden(embed(torch.tensor(ids, device=device)), positions, slices)


@pytest.mark.parametrize("architecture", FUSED)
def test_rows_equal_those_of_transformers(architecture: str, device: torch.device) -> None:
    chance = random.Random(5)
    reference = text_of(checkpoints.build(architecture).to(device))
    model = checkpoints.build(architecture).to(device)
    ours = forward_of(model, device)
    blocks = list(range(40))
    chance.shuffle(blocks)
    sequences = []
    for length in (35, 16, 50):
        prompt = tuple(chance.randrange(4, 260) for _ in range(length))
        sequence = Sequence("a", "o", 0, prompt, Sampling(), output_ids=[7, 8, 9])
        sequence.blocks.extend(blocks.pop() for _ in range(-(-(length + 3) // BLOCK)))
        sequences.append(sequence)
    first, second, third = sequences
    with torch.inference_mode():
        expected = [
            reference(
                torch.tensor([[*one.prompt_ids, *one.output_ids]], device=device), use_cache=False
            ).last_hidden_state[0]
            for one in sequences
        ]
        steps = [
            [Slice(first, 0, 20), Slice(first, 20, 35), Slice(second, 0, 16)],
            [Slice(first, 35, 36), Slice(second, 16, 17), Slice(third, 0, 37)],
            [Slice(second, 17, 18), Slice(third, 37, 50)],
            [Slice(third, 50, 51)],
        ]
        for step in steps:
            rows = compute(ours, model, step)
            wanted = [expected[sequences.index(part.sequence)] for part in step]
            wanted = [
                whole[part.start : part.end] for whole, part in zip(wanted, step, strict=True)
            ]
            torch.testing.assert_close(rows, torch.cat(wanted), atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize("kind", [Quantization.FP8, Quantization.INT8])
def test_quantised_rows_equal_those_of_dequantised_layers(
    kind: Quantization, device: torch.device
) -> None:
    reference, model = (checkpoints.build("glm4v").to(device) for _ in range(2))
    for each in (reference, model):
        quantise_layers(each, "model.language_model", kind)
    ours = forward_of(model, device)
    chance = random.Random(6)
    prompt = tuple(chance.randrange(4, 260) for _ in range(80))  # more rows than a tile has
    one = Sequence("a", "o", 0, prompt, Sampling(), output_ids=[7, 8, 9, 10], blocks=list(range(6)))
    two = Sequence("b", "o", 0, prompt[:9], Sampling(), output_ids=[5], blocks=[7])
    steps = [
        [Slice(one, 0, 80)],
        [Slice(one, 80, 81)],
        [Slice(one, 81, 82), Slice(two, 0, 9)],
        [Slice(one, 82, 83), Slice(two, 9, 10)],
        [Slice(one, 83, 84)],
    ]
    with torch.inference_mode():
        expected = {
            part.request_id: reference(
                torch.tensor([[*part.prompt_ids, *part.output_ids]], device=device)
            ).logits[0]
            for part in (one, two)
        }
        for step in steps:
            said = ours.head(compute(ours, model, step))
            wanted = [expected[part.sequence.request_id][part.start : part.end] for part in step]
            torch.testing.assert_close(said, torch.cat(wanted), atol=2e-4, rtol=1e-3)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_recorded_decode_steps_equal_transformers(count: int, device: torch.device) -> None:
    if device.type != "cuda":
        pytest.skip("needs a GPU: nothing is recorded in the interpreter")
    chance = random.Random(count)
    reference = checkpoints.build("glm4v").to(device)
    model = checkpoints.build("glm4v").to(device)
    ours = forward_of(model, device)
    sequences = []
    for number, length in enumerate((15, 40, 3)[:count]):
        prompt = tuple(chance.randrange(4, 260) for _ in range(length))
        answer = [chance.randrange(4, 260) for _ in range(6)]
        blocks = list(range(4 * number, 4 * number + 4))
        sequences.append(
            Sequence("a", "o", 0, prompt, Sampling(), output_ids=answer, blocks=blocks)
        )
    with torch.inference_mode():
        compute(ours, model, [Slice(one, 0, len(one.prompt_ids)) for one in sequences])
        for step in range(6):
            places = [len(one.prompt_ids) + step for one in sequences]
            logits = ours.decode(
                [Slice(one, place, place + 1) for one, place in zip(sequences, places, strict=True)]
            )
            for row, one, place in zip(logits, sequences, places, strict=True):
                ids = torch.tensor([one.tokens(0, place + 1)], device=device)
                torch.testing.assert_close(row, reference(ids).logits[0, -1], atol=2e-4, rtol=1e-3)


def test_before_all_is_recorded_what_is_serves_every_size(device: torch.device) -> None:
    if device.type != "cuda":
        pytest.skip("needs a GPU: nothing is recorded in the interpreter")
    reference = checkpoints.build("glm4v").to(device)
    model = checkpoints.build("glm4v").to(device)
    ours = forward_of(model, device)
    told: list[str] = []
    ours.prepare(8, told.append, whole=False)
    assert told[-1] == f"recording steps, {len(told)} of {len(told)}"
    sequences = [
        Sequence("a", "o", 0, (7 + number, 9, 11), Sampling(), output_ids=[5], blocks=[number])
        for number in range(3)
    ]

    def check() -> None:
        compute(ours, model, [Slice(one, 0, 3) for one in sequences])
        logits = ours.decode([Slice(one, 3, 4) for one in sequences])
        for row, one in zip(logits, sequences, strict=True):
            ids = torch.tensor([one.tokens(0, 4)], device=device)
            torch.testing.assert_close(row, reference(ids).logits[0, -1], atol=2e-4, rtol=1e-3)

    with torch.inference_mode():
        check()
        while ours.prepare_more():
            pass
        check()


def test_other_text_models_stay_as_they_are() -> None:
    assert not can_fuse(checkpoints.build("llama").model)
    assert all(can_fuse(text_of(checkpoints.build(name))) for name in FUSED)
