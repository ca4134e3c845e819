"""Greedy tokens equal transformers' own generate(), for every architecture and in any company."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch
from transformers.models.glm46v.image_processing_pil_glm46v import Glm46VImageProcessorPil

from backend.model.network import Network, load_network
from backend.prompt.picture import ImageSpan
from backend.prompt.positions import Positions
from backend.scheduling.scheduler import Slice
from tests.fakes import checkpoints
from tests.fakes.pictures import noise, picture
from tests.fakes.stepping import ANSWER, Asked, prompt, run

PROMPTS = 52  # for each of the four architectures
BATCH = 13  # prompts that transformers answers at once


@dataclass(frozen=True)
class Pair:
    """transformers' model, and ours from the folder it was saved to, in both ways to compute."""

    reference: Any
    exact: Network
    packed: Network


@pytest.fixture(scope="module", params=checkpoints.ARCHITECTURES)
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    folder = tmp_path_factory.mktemp(request.param)
    reference = checkpoints.save(request.param, folder)
    options: dict[str, Any] = {"max_model_len": 256, "threads": 1, "dtype": torch.float32}
    return Pair(
        reference,
        load_network(folder, **options, packed=False),
        load_network(folder, **options, packed=True),
    )


@pytest.fixture(scope="module")
def asked(pair: Pair) -> list[Asked]:
    """Text of several lengths with nothing, one, two or three pictures in it."""
    chance = random.Random(3)
    sight = None if pair.exact.vision is None else pair.exact.vision.sight
    prompts = [prompt(chance, sight, number) for number in range(PROMPTS)]
    prompts.sort(key=lambda made: len(made[0]))  # so that little is padded
    return [
        answered
        for first in range(0, PROMPTS, BATCH)
        for answered in generate(pair.reference, prompts[first : first + BATCH])
    ]


def generate(reference: Any, prompts: list[Any]) -> Iterator[Asked]:
    """transformers' greedy answers to a batch."""
    longest = max(len(ids) for ids, _, _ in prompts)
    padded = [[0] * (longest - len(ids)) + list(ids) for ids, _, _ in prompts]
    seen = [[0] * (longest - len(ids)) + [1] * len(ids) for ids, _, _ in prompts]
    inputs: dict[str, Any] = {"attention_mask": torch.tensor(seen)}
    if images := [image for _, _, images in prompts for image in images]:
        processor = Glm46VImageProcessorPil(**checkpoints.PROCESSOR)
        inputs |= processor(images=images, return_tensors="pt")
    input_ids = torch.tensor(padded)
    if hasattr(reference.config, "image_token_id"):
        inputs["mm_token_type_ids"] = (input_ids == reference.config.image_token_id).int()
    with torch.inference_mode():
        made = reference.generate(
            input_ids,
            **inputs,
            max_new_tokens=ANSWER,
            do_sample=False,
            output_logits=True,
            return_dict_in_generate=True,
        )
    for number, (ids, spans, _) in enumerate(prompts):
        answer: list[int] = made.sequences[number, longest:].tolist()
        answer = answer[: answer.index(0)] if 0 in answer else answer
        yield Asked(ids, spans, answer, made.logits[0][number])


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """More threads only wait for each other on models this small."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def answers(asked: list[Asked]) -> list[list[int]]:
    return [each.answer for each in asked]


def test_the_reference_says_different_things(asked: list[Asked]) -> None:
    assert len({tuple(each.answer) for each in asked}) > len(asked) // 2


both = pytest.mark.parametrize("way", ["exact", "packed"])


@both
def test_alone(pair: Pair, asked: list[Asked], way: str) -> None:
    assert run(getattr(pair, way), asked, running=1)[0] == answers(asked)


@both
def test_together_in_any_order(pair: Pair, asked: list[Asked], way: str) -> None:
    assert run(getattr(pair, way), asked, arrivals=len(way))[0] == answers(asked)


@pytest.mark.parametrize(("way", "chunk"), [("exact", 16), ("packed", 7), ("packed", 1)])
def test_in_small_chunks(pair: Pair, asked: list[Asked], way: str, chunk: int) -> None:
    some = asked[:: 2 if chunk > 1 else 9]  # a token at a time takes its time
    assert run(getattr(pair, way), some, chunk=chunk)[0] == answers(some)


@both
def test_after_preemption_and_with_scattered_blocks(
    pair: Pair, asked: list[Asked], way: str
) -> None:
    short = [each for each in asked if len(each.ids) < 90]
    said, scheduler = run(getattr(pair, way), short, blocks=8, running=5)
    assert said == answers(short)
    assert scheduler.preemptions > 0


@both
def test_with_and_without_a_cached_prefix(pair: Pair, asked: list[Asked], way: str) -> None:
    said, scheduler = run(getattr(pair, way), [*asked, *asked], running=4, chunk=64)
    assert said == answers(asked) * 2
    assert scheduler.prefix_hits == sum(max(0, len(each.ids) - 9) // 16 * 16 for each in asked)


@both
def test_logits_are_close(pair: Pair, asked: list[Asked], way: str) -> None:
    network = getattr(pair, way)
    for each in asked:
        sequence = each.sequence("logits")
        sequence.blocks.extend(range(len(each.ids)))
        pictures = [span.picture for span in sequence.images]
        embeddings = network.vision.embeddings(pictures) if pictures else {}
        step = [Slice(sequence, 0, len(each.ids))]
        logits = network.runner.logits(step, embeddings)[0]
        torch.testing.assert_close(logits, each.logits, atol=1e-4, rtol=0)


def test_positions_are_transformers_own(pair: Pair, asked: list[Asked]) -> None:
    for each in asked:
        if not each.images:
            continue
        ids = torch.tensor([each.ids])
        grids = [[1, 2 * span.picture.rows, 2 * span.picture.columns] for span in each.images]
        expected, delta = pair.reference.model.get_rope_index(
            ids, (ids == pair.reference.config.image_token_id).int(), torch.tensor(grids)
        )
        length = len(each.ids)
        rows = Positions(each.images).rows(0, length + 3)
        assert [row[:length] for row in rows] == expected[:, 0].tolist()
        after = [place + int(delta) for place in range(length, length + 3)]
        assert [row[length:] for row in rows] == [after] * 3


def test_pictures_of_one_size_are_told_apart(pair: Pair, asked: list[Asked]) -> None:
    """With the same ids, another picture gives other logits, and the right ones."""
    vision, runner = pair.exact.vision, pair.exact.runner
    if vision is None:
        return
    each = next(each for each in asked if len(each.images) == 1)
    span = each.images[0]
    size = vision.sight.size(span.picture.columns * 28, span.picture.rows * 28)
    other = ImageSpan(span.start, picture(noise(size.width, size.height, seed=99), size))
    logits = []
    for shown in (span, other):
        sequence = replace(each, images=(shown,)).sequence("told apart")
        sequence.blocks.extend(range(len(each.ids)))
        embeddings = vision.embeddings([sequence.images[0].picture])
        logits.append(runner.logits([Slice(sequence, 0, len(each.ids))], embeddings)[0])
    torch.testing.assert_close(logits[0], each.logits, atol=1e-4, rtol=0)
    assert float((logits[0] - logits[1]).abs().max()) > 1e-2
