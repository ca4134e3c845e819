"""The runner: one bad request harms no other, and a cached prefix changes no bit."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from backend.model.catalogue import UnknownModel, choose
from backend.model.network import Network, load_network
from backend.model.outcome import DeviceLost, Failed, Outcome, Sampled
from backend.prompt.picture import ImageSpan
from backend.prompt.positions import Positions
from backend.prompt.prompt import Sampling
from backend.scheduling.scheduler import Batch, Slice
from backend.scheduling.sequence import Sequence
from tests.fakes import checkpoints
from tests.fakes.pictures import noise, picture

MODELS = Path(os.environ.get("MODELS_DIR") or Path(__file__).parents[3] / ".models")
BLOCK = 16


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """More threads only wait for each other on models this small."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("sees")
    checkpoints.save("glm46v", made)
    return made


@pytest.fixture(scope="module", params=["exact", "packed"])
def network(request: pytest.FixtureRequest, folder: Path) -> Network:
    packed = request.param == "packed"
    return load_network(folder, max_model_len=256, threads=1, dtype=torch.float32, packed=packed)


def four(network: Network) -> list[Sequence]:
    """Four prompts with a picture each, on blocks of their own."""
    assert network.vision is not None
    sight = network.vision.sight
    size = sight.size(84, 84)
    sequences = []
    for number in range(4):
        span = ImageSpan(3 + number, picture(noise(84, 84, seed=number), size))
        ids = [*range(10, 13 + number), *[sight.image_id] * size.tokens, *range(30, 40)]
        sequences.append(
            Sequence(
                request_id=str(number),
                owner="o",
                index=0,
                prompt_ids=tuple(ids),
                sampling=Sampling(max_tokens=9, seed=0, top_logprobs=5),
                images=(span,),
                positions=Positions((span,)),
                blocks=list(range(4 * number, 4 * number + 4)),
            )
        )
    return sequences


def embeddings(network: Network, sequences: list[Sequence]) -> dict[bytes, torch.Tensor]:
    assert network.vision is not None
    pictures = [replace(sequence.images[0].picture) for sequence in sequences]
    return dict(network.vision.embeddings(pictures))


def answer(
    network: Network, sequences: list[Sequence], known: dict[bytes, torch.Tensor]
) -> list[list[Outcome]]:
    """The prompt and two more tokens of all of them, as far as each gets."""
    steps: list[list[Outcome]] = [[] for _ in sequences]
    alive = dict(enumerate(sequences))
    for step in range(3):
        parts = tuple(
            Slice(each, 0 if step == 0 else each.length - 1, each.length) for each in alive.values()
        )
        batch = Batch(prefills=parts) if step == 0 else Batch(decodes=parts)
        outcomes = network.runner.run(batch, known)
        for (number, sequence), outcome in zip(list(alive.items()), outcomes, strict=True):
            steps[number].append(outcome)
            if isinstance(outcome, Sampled):
                sequence.output_ids.append(outcome.token)
            else:
                del alive[number]
    return steps


def same(network: Network, ours: list[Outcome], expected: list[Outcome]) -> bool:
    """To the last bit where that is promised, else the tokens."""
    if not network.runner.packed:
        return ours == expected
    assert all(isinstance(outcome, Sampled) for outcome in [*ours, *expected])
    return [getattr(each, "token", None) for each in ours] == [
        getattr(each, "token", None) for each in expected
    ]


@pytest.mark.parametrize("fault", ["missing", "too short", "too wide", "nan", "token", "positions"])
def test_a_bad_request_among_four_fails_alone(network: Network, fault: str) -> None:
    good = four(network)
    known = embeddings(network, good)
    del good[1]
    expected = answer(network, good, known)

    mixed = four(network)
    bad = mixed[1]
    key = bad.images[0].picture.key
    spoilt = dict(known)
    if fault == "missing":
        del spoilt[key]
    elif fault == "too short":
        spoilt[key] = known[key][:-1]
    elif fault == "too wide":
        spoilt[key] = known[key].repeat(1, 2)
    elif fault == "nan":
        spoilt[key] = known[key] * torch.nan
    elif fault == "token":
        bad.prompt_ids = (10**6, *bad.prompt_ids[1:])
    else:
        bad.positions = Broken()
    steps = answer(network, mixed, spoilt)
    (failed,) = steps.pop(1)
    assert isinstance(failed, Failed)
    reasons = {"nan": "numbers", "token": "", "positions": ""}
    assert reasons.get(fault, "picture") in failed.reason
    assert bool(failed.reason) == (fault not in ("token", "positions"))
    assert all(same(network, ours, theirs) for ours, theirs in zip(steps, expected, strict=True))


class Broken(Positions):
    """Where nothing can be found."""

    def rows(self, start: int, end: int) -> Any:
        raise ArithmeticError


def test_what_a_spoilt_request_left_in_its_blocks_reaches_nobody(network: Network) -> None:
    sequences = four(network)
    known = embeddings(network, sequences)
    fresh = four(network)[0]
    fresh.blocks[:] = range(20, 24)
    expected = answer(network, [fresh], known)
    bad = four(network)[1]
    bad.blocks[:] = range(8)
    bad.prompt_ids += tuple(range(60))  # so that every block is full of it
    spoilt = {key: embedding * torch.nan for key, embedding in known.items()}
    assert isinstance(answer(network, [bad], spoilt)[0][0], Failed)
    after = four(network)[0]
    assert same(network, answer(network, [after], known)[0], expected[0])


@pytest.mark.parametrize("network", ["packed"], indirect=True)
@pytest.mark.parametrize(("room", "failing"), [(70, ()), (30, ("long",))])
def test_want_of_memory_costs_one_request_at_most(
    network: Network, monkeypatch: pytest.MonkeyPatch, room: int, failing: tuple[str, ...]
) -> None:
    """For so many rows in one pass there is memory: two short prompts, and one of 64 tokens."""
    forward = network.runner._forward

    def cramped(slices: list[Slice], known: dict[bytes, torch.Tensor]) -> torch.Tensor:
        if sum(part.end - part.start for part in slices) > room:
            raise torch.OutOfMemoryError
        return forward(slices, known)

    sequences = {
        name: Sequence(
            name,
            "o",
            0,
            tuple(4 + (7 * place + length) % 250 for place in range(length)),
            Sampling(max_tokens=9, seed=0),
            blocks=list(range(10 * number, 10 * number + 10)),
        )
        for number, (name, length) in enumerate({"one": 20, "long": 64, "two": 25}.items())
    }

    def computed() -> dict[str, Outcome]:
        parts = [Slice(each, 0, each.length) for each in sequences.values()]
        return dict(
            zip(sequences, network.runner.run(Batch(prefills=tuple(parts)), {}), strict=True)
        )

    expected = computed()
    monkeypatch.setattr(network.runner, "_forward", cramped)
    found = computed()
    for name, outcome in found.items():
        if name in failing:
            assert isinstance(outcome, Failed)
            assert outcome.is_passing
            for setting in ("MAX_RUNNING", "DTYPE", "DEVICE_MAP"):
                assert setting in outcome.reason
        else:
            assert outcome == expected[name]


@pytest.mark.parametrize("network", ["packed"], indirect=True)
def test_answers_go_on_when_there_is_no_memory_for_a_prompt_beside_them(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    running, newcomer = (
        Sequence(name, "o", 0, tuple(range(4, 4 + length)), Sampling(max_tokens=9, seed=0))
        for name, length in (("running", 5), ("newcomer", 40))
    )
    running.blocks.extend(range(4))
    newcomer.blocks.extend(range(4, 8))
    [first] = network.runner.run(Batch(prefills=(Slice(running, 0, 5),)), {})
    assert isinstance(first, Sampled)
    running.output_ids.append(first.token)
    forward, passes = network.runner._forward, []

    def cramped(slices: list[Slice], known: dict[bytes, torch.Tensor]) -> torch.Tensor:
        passes.append([part.sequence.request_id for part in slices])
        if any(part.sequence is newcomer for part in slices):
            raise torch.OutOfMemoryError
        return forward(slices, known)

    monkeypatch.setattr(network.runner, "_forward", cramped)
    batch = Batch(decodes=(Slice(running, 5, 6),), prefills=(Slice(newcomer, 0, 40),))
    going_on, failed = network.runner.run(batch, {})
    assert isinstance(going_on, Sampled)
    assert isinstance(failed, Failed)
    assert passes == [["running", "newcomer"], ["running"], ["newcomer"]]


@pytest.mark.parametrize("network", ["packed"], indirect=True)
def test_a_device_that_never_answers_again_is_lost(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(slices: list[Slice], known: dict[bytes, torch.Tensor]) -> torch.Tensor:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    monkeypatch.setattr(network.runner, "_forward", broken)
    [sequence, *_] = four(network)
    batch = Batch(prefills=(Slice(sequence, 0, 3),))
    assert isinstance(network.runner.run(batch, {})[0], Failed)
    monkeypatch.setattr("backend.model.recovery.answers", lambda device: False)
    with pytest.raises(DeviceLost):
        network.runner.run(batch, {})


def test_a_slice_inside_a_picture_needs_its_embedding_and_one_beside_it_does_not(
    network: Network,
) -> None:
    sequence = four(network)[0]
    span = sequence.images[0]
    before, inside = Slice(sequence, 0, span.start), Slice(sequence, span.start, span.start + 1)
    assert network.runner.run(Batch(prefills=(before, inside)), {})[0] is None
    assert isinstance(network.runner.run(Batch(prefills=(inside,)), {})[0], Failed)


def prefixed(network: Network, ids: tuple[int, ...], start: int) -> list[torch.Tensor]:
    """Logits, keys and values of a prompt whose first `start` tokens stand in shared blocks."""
    cache = network.runner.cache
    count = -(-len(ids) // BLOCK)
    shared, own = list(range(count)), list(range(count, 2 * count))

    def computed(blocks: list[int], first: int) -> torch.Tensor:
        sequence = Sequence("", "", 0, ids, Sampling(max_tokens=1, seed=0), blocks=blocks)
        logits = torch.empty(0)
        while first < len(ids):
            end = min((first // 256 + 1) * 256, len(ids))
            logits = network.runner.logits([Slice(sequence, first, end)], {})
            first = end
        return logits

    if start == 0:  # the first to ask
        table = shared
        logits = computed(table, 0)
    else:
        table = shared[: start // BLOCK] + own[start // BLOCK :]
        logits = computed(table, start)
    slots = torch.tensor(cache.slots(table, 0, len(ids)))
    return [logits] + [
        torch.stack([part.flatten(0, 1)[slots] for part in pair])
        for layer in range(cache.layers)
        for pair in [cache.look(layer, 0, [2 * count, 1])]
    ]


def check_prefixes(network: Network, ids: tuple[int, ...], starts: range) -> None:
    whole = prefixed(network, ids, 0)
    for start in starts:
        assert all(map(torch.equal, prefixed(network, ids, start), whole))


@pytest.mark.parametrize("architecture", checkpoints.ARCHITECTURES)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_a_cached_prefix_changes_no_bit(
    architecture: str, dtype: torch.dtype, tmp_path: Path
) -> None:
    checkpoints.save(architecture, tmp_path)
    network = load_network(tmp_path, max_model_len=512, threads=1, dtype=dtype, packed=False)
    pieces = network.reuse_tokens
    assert pieces in (BLOCK, 256)
    for length in (25, 200, 271, 505):
        ids = tuple(4 + 7 * place % 250 for place in range(length))
        check_prefixes(network, ids, range(pieces, length - 8, pieces))


@pytest.mark.model
def test_a_cached_prefix_changes_no_bit_of_the_embedded_model() -> None:
    try:
        choice = choose("embedded", MODELS, None)
    except UnknownModel as missing:
        pytest.skip(str(missing))
    network = load_network(choice.folder, max_model_len=1024, threads=2)
    ids = tuple(100 + 37 * place % 40000 for place in range(281))
    check_prefixes(network, ids, range(network.reuse_tokens, 273, network.reuse_tokens))
