"""Greedy tokens equal transformers' own generate(), for every architecture and in any company."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
import torch

from backend.model.network import Network, load_network
from backend.model.outcome import Sampled
from backend.prompt.prompt import FinishReason, Sampling
from backend.scheduling.blocks import BlockPool
from backend.scheduling.scheduler import Scheduler
from backend.scheduling.sequence import Sequence
from tests.fakes import checkpoints

ANSWER = 8


@pytest.fixture(scope="module", params=checkpoints.ARCHITECTURES)
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """transformers' model, and ours loaded from the folder it was saved to."""
    folder = tmp_path_factory.mktemp(request.param)
    reference = checkpoints.save(request.param, folder)
    return reference, load_network(folder, max_model_len=256, threads=1, dtype=torch.float32)


@pytest.fixture(scope="module")
def prompts() -> list[tuple[int, ...]]:
    chance = random.Random(3)
    lengths = (1, 2, 15, 16, 17, 31, 40, 63)
    return [tuple(chance.randrange(4, 260) for _ in range(length)) for length in lengths]


@pytest.fixture(scope="module")
def expected(pair: Any, prompts: list[tuple[int, ...]]) -> list[list[int]]:
    reference, _ = pair
    return [generate(reference, prompt) for prompt in prompts]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """More threads only wait for each other on models this small."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def generate(reference: Any, prompt: tuple[int, ...]) -> list[int]:
    with torch.inference_mode():
        ids = reference.generate(
            torch.tensor([prompt]), max_new_tokens=ANSWER, do_sample=False, use_cache=True
        )
    answer: list[int] = ids[0, len(prompt) :].tolist()
    return answer[: answer.index(0)] if 0 in answer else answer


def run(
    network: Network,
    prompts: list[tuple[int, ...]],
    *,
    chunk: int = 256,
    blocks: int | None = None,
    running: int = 8,
    arrivals: int = 0,
) -> tuple[list[list[int]], int]:
    """Our answers, in the order of the prompts, and how often a sequence was preempted."""
    cache = network.runner.cache
    pool = BlockPool(blocks or cache.blocks, cache.block_size)
    scheduler = Scheduler(
        pool, max_running=running, eos_ids=network.eos_ids, chunk_tokens=chunk, step_tokens=chunk
    )
    sequences = [
        Sequence(str(number), "o", 0, prompt, Sampling(max_tokens=ANSWER, seed=0))
        for number, prompt in enumerate(prompts)
    ]
    waiting = list(sequences)
    random.Random(arrivals).shuffle(waiting)
    while waiting or scheduler.has_work:
        if waiting:
            scheduler.add([waiting.pop()])
        batch = scheduler.schedule(0.0)
        outcomes = network.runner.run(batch, {})
        tokens = [outcome.token if isinstance(outcome, Sampled) else None for outcome in outcomes]
        for advance in scheduler.commit(batch, tokens):
            if advance.reason:
                scheduler.finish(advance.sequence, advance.reason)
    assert pool.used == 0
    assert all(sequence.reason is not FinishReason.ERROR for sequence in sequences)
    return [sequence.output_ids for sequence in sequences], scheduler.preemptions


def test_alone(pair: Any, prompts: Any, expected: Any) -> None:
    for prompt, answer in zip(prompts, expected, strict=True):
        assert run(pair[1], [prompt])[0] == [answer]


def test_the_reference_says_different_things(expected: list[list[int]]) -> None:
    assert len({tuple(answer) for answer in expected}) > len(expected) // 2


@pytest.mark.parametrize("arrivals", range(3))
def test_together_in_any_order(pair: Any, prompts: Any, expected: Any, arrivals: int) -> None:
    assert run(pair[1], prompts, arrivals=arrivals)[0] == expected


@pytest.mark.parametrize("chunk", [1, 7, 16])
def test_with_small_chunks(pair: Any, prompts: Any, expected: Any, chunk: int) -> None:
    assert run(pair[1], prompts, chunk=chunk)[0] == expected


def test_after_preemption_and_with_scattered_blocks(pair: Any, prompts: Any, expected: Any) -> None:
    answers, preemptions = run(pair[1], prompts * 2, blocks=7, running=5)
    assert answers == expected * 2
    assert preemptions > 0


def test_logits_are_close(pair: Any, prompts: Any) -> None:
    reference, network = pair
    prompt = prompts[-1]
    scheduler = Scheduler(
        BlockPool(64, network.runner.cache.block_size),
        max_running=1,
        eos_ids=frozenset(),
        chunk_tokens=16,
        step_tokens=256,
    )
    sampling = Sampling(max_tokens=1, seed=0, top_logprobs=20)
    scheduler.add([Sequence("a", "o", 0, prompt, sampling)])
    sampled = network.runner.run(scheduler.schedule(0.0), {})[-1]
    assert isinstance(sampled, Sampled)
    with torch.inference_mode():
        logprobs = reference(torch.tensor([prompt])).logits[0, -1].log_softmax(-1)
    for token, logprob in sampled.top:
        assert logprob == pytest.approx(float(logprobs[token]), abs=1e-4)
