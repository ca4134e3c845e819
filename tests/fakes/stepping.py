"""Prompts of every kind, and the steps that answer them without an engine."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Any

import torch

from backend.model.network import Network
from backend.model.outcome import Failed, Sampled
from backend.prompt.picture import ImageSpan
from backend.prompt.positions import Positions
from backend.prompt.prompt import FinishReason, Sampling
from backend.prompt.sight import Sight
from backend.scheduling.blocks import BlockPool
from backend.scheduling.scheduler import Scheduler
from backend.scheduling.sequence import Sequence
from tests.fakes.pictures import noise, picture

ANSWER = 8
SIZES = ((28, 28), (56, 56), (84, 56), (56, 112), (112, 84))
TEXTS = (1, 2, 15, 16, 17, 31, 40, 63)


@dataclass(frozen=True)
class Asked:
    """A prompt, and what transformers answers."""

    ids: tuple[int, ...]
    images: tuple[ImageSpan, ...]
    answer: list[int]
    logits: torch.Tensor  # [vocabulary] of the first token

    def sequence(self, name: str, **options: Any) -> Sequence:
        sampling = Sampling(**{"max_tokens": ANSWER, "seed": 0, **options})
        # Copies, for pictures lose their pixels.
        images = tuple(ImageSpan(each.start, replace(each.picture)) for each in self.images)
        positions = Positions(images) if images else None
        return Sequence(name, "o", 0, self.ids, sampling, images=images, positions=positions)


def prompt(
    chance: random.Random, sight: Sight | None, number: int
) -> tuple[tuple[int, ...], tuple[ImageSpan, ...], list[Any]]:
    """Ids, pictures in their places, and the same pictures as Pillow's."""
    ids = [chance.randrange(4, 260) for _ in range(TEXTS[number % len(TEXTS)])]
    spans, images = [], []
    for _ in range(0 if sight is None else number // len(TEXTS) % 4):
        assert sight is not None
        image = noise(*chance.choice(SIZES), seed=chance.randrange(1 << 30))
        span = ImageSpan(len(ids), picture(image, sight.size(*image.size)))
        ids += [sight.image_id] * span.picture.tokens
        ids += [chance.randrange(4, 260) for _ in range(chance.randint(1, 9))]
        spans.append(span)
        images.append(image)
    return tuple(ids), tuple(spans), images


def run(
    network: Network,
    asked: list[Asked],
    *,
    chunk: int = 256,
    blocks: int | None = None,
    running: int = 8,
    arrivals: int | None = None,
) -> tuple[list[list[int]], Scheduler]:
    """Our answers, in the order of the prompts; `arrivals` seeds another order of coming."""
    cache, vision = network.runner.cache, network.vision
    scheduler = Scheduler(
        BlockPool(blocks or cache.blocks, cache.block_size),
        max_running=running,
        eos_ids=network.eos_ids,
        chunk_tokens=chunk,
        step_tokens=chunk,
        reuse_tokens=cache.block_size,
    )
    sequences = [each.sequence(str(number)) for number, each in enumerate(asked)]
    waiting = sequences[::-1]
    keys = [span.picture.key for sequence in sequences for span in sequence.images]
    for key in keys:
        assert vision is not None
        vision.cache.hold(key)
    if arrivals is not None:
        random.Random(arrivals).shuffle(waiting)
    while waiting or scheduler.has_work:
        if waiting:
            scheduler.add([waiting.pop()])
        batch = scheduler.schedule(0.0)
        embeddings = {} if vision is None else vision.embeddings(batch.images)
        outcomes = network.runner.run(batch, embeddings)
        assert not any(isinstance(outcome, Failed) for outcome in outcomes)
        tokens = [outcome.token if isinstance(outcome, Sampled) else None for outcome in outcomes]
        for advance in scheduler.commit(batch, tokens):
            if advance.reason:
                scheduler.finish(advance.sequence, advance.reason)
    for key in keys:
        assert vision is not None
        vision.cache.release(key)
    assert scheduler.pool.used == 0
    assert all(sequence.reason is not FinishReason.ERROR for sequence in sequences)
    return [sequence.output_ids for sequence in sequences], scheduler
