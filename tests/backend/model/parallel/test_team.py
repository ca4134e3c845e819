"""Two processes say what one says: any prompt, together, again, in pieces, after preemption."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import torch

from backend.model.network import Network, load_network
from backend.model.parallel.leader import Crew
from backend.model.parallel.team import Release
from tests.fakes import checkpoints
from tests.fakes.stepping import Asked, prompt, run

PROMPTS = range(0, 32, 2)  # text of four lengths with none to three pictures in it


@dataclass(frozen=True)
class Pair:
    """A model in one process and in two."""

    one: Network
    two: Network
    asked: list[Asked]
    answers: list[list[int]]  # of the one


@pytest.fixture(scope="module")
def crew() -> Iterator[Crew]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    crew = Crew(2, lambda reason: None)
    yield crew
    crew.close()
    assert [process.returncode for process in crew.processes] == [0]
    torch.set_num_threads(threads)


@pytest.fixture(scope="module", params=["llama", "glm4v", "glm46v"])
def pair(
    request: pytest.FixtureRequest, crew: Crew, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp(request.param)
    checkpoints.save(request.param, folder)

    def load(**options: object) -> Network:
        return load_network(
            folder,
            max_model_len=256,
            threads=1,
            dtype=torch.float32,
            **options,  # type: ignore[arg-type]
        )

    one, two = load(packed=True), load(team=crew.team)
    chance = random.Random(3)
    sight = None if one.vision is None else one.vision.sight
    prompts = [prompt(chance, sight, number) for number in PROMPTS]
    asked = [Asked(ids, spans, [], torch.empty(0)) for ids, spans, _ in prompts]
    yield Pair(one, two, asked, run(one, asked)[0])
    crew.team.tell(Release())


def test_the_whole_is_told_of(pair: Pair) -> None:
    assert pair.two.parameters == pair.one.parameters
    assert pair.two.vocabulary_size == pair.one.vocabulary_size
    assert pair.two.device == f"2 x {pair.one.device}"
    heads, _ = pair.one.runner.cache.shape
    assert pair.two.runner.cache.shape[0] == heads // 2


def test_together(pair: Pair) -> None:
    assert len({tuple(answer) for answer in pair.answers}) > len(PROMPTS) // 2
    assert run(pair.two, pair.asked)[0] == pair.answers


def test_with_known_prefixes_and_in_pieces(pair: Pair) -> None:
    said, scheduler = run(pair.two, [*pair.asked, *pair.asked], running=4, chunk=32)
    assert said == pair.answers * 2
    assert scheduler.prefix_hits > 0


def test_after_preemption(pair: Pair) -> None:
    some = [number for number, each in enumerate(pair.asked) if len(each.ids) < 90]
    short = [pair.asked[number] for number in some]
    said, scheduler = run(pair.two, short * 2, blocks=7)
    assert said == [pair.answers[number] for number in some] * 2
    assert scheduler.preemptions > 0
