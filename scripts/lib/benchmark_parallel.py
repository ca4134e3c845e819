"""Measures a model in several processes, a GPU each, beside the same in one; and compares answers.

Every stage is a process of its own, so that what breaks or hangs in one is told and harms no other.
Small models have random weights in float32 and bfloat16; the large one is GLM-4.6V-Flash's true
shape. Times are those of `Runner.run`, by the host's clock: tables and tokens sent, computed, the
next tokens chosen and read back. `--small` leaves the large model out, and needs no GPU.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence as SequenceOf
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.lib import true_shape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backend.model.network import Network
    from backend.scheduling.sequence import Sequence

CONTEXT = 1500  # tokens
STEPS = 40
FIRST_TOKENS = (64, 1433)
DECODES = (1, 8, 64)
PATIENCE = 15.0  # seconds to notice that a process is gone
SMALL_TEXT = {
    "hidden_size": 512,
    "intermediate_size": 1408,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
}
SMALL_VISION = {
    "depth": 1,
    "hidden_size": 64,
    "num_heads": 2,
    "intermediate_size": 96,
    "out_hidden_size": 512,
}


def say(**figures: object) -> None:
    """One line for the process that runs the stages."""
    print(json.dumps(figures), flush=True)


@contextmanager
def loaded(folder: Path, cards: int, **options: Any) -> Iterator[tuple[Network, Any]]:  # noqa: ANN401
    """The model in so many processes, and those that follow, if any do."""
    from backend.model.network import load_network
    from backend.model.parallel.leader import Crew

    began = time.perf_counter()
    crew = None
    if cards > 1:
        crew = Crew(cards, lambda reason: print(reason, file=sys.stderr))
        say(met_seconds=time.perf_counter() - began)
    try:
        network = load_network(
            folder,
            max_model_len=8192,
            threads=4,
            packed=True,
            team=None if crew is None else crew.team,
            **options,
        )
        say(
            start_seconds=time.perf_counter() - began,
            device=network.device,
            blocks=network.runner.cache.blocks,
        )
        yield network, crew
    finally:
        if crew is not None:
            crew.close()


def sequence(chance: random.Random, number: int, tokens: int, width: int) -> Sequence:
    """A prompt that is its own, on `width` blocks that are its own."""
    from backend.prompt.prompt import Sampling
    from backend.scheduling.sequence import Sequence

    prompt = tuple(chance.randrange(1000, 150_000) for _ in range(tokens))
    sampling = Sampling(max_tokens=10_000, min_tokens=10_000, seed=0)
    blocks = list(range(number * width, (number + 1) * width))
    return Sequence(str(number), "o", 0, prompt, sampling, blocks=blocks)


def step(network: Network, sequences: SequenceOf[Sequence], start: int | None = None) -> None:
    """The next token of each, from its prompt after `start`, or else from its newest token."""
    from backend.model.outcome import Sampled
    from backend.scheduling.scheduler import Batch, Slice

    if start is None:
        batch = Batch(decodes=tuple(Slice(one, one.length - 1, one.length) for one in sequences))
    else:
        batch = Batch(prefills=tuple(Slice(one, start, one.length) for one in sequences))
    outcomes = network.runner.run(batch, {})
    for one, outcome in zip(sequences, outcomes, strict=True):
        assert isinstance(outcome, Sampled), outcome
        one.output_ids.append(outcome.token)


def answer(folder: Path, cards: int, dtype: str, *, plain: bool) -> None:
    """Greedy answers to prompts of many lengths, alone and together."""
    import torch

    with loaded(folder, cards, dtype=getattr(torch, dtype), plain=plain) as (network, _):
        chance = random.Random(1)  # noqa: S311  # made-up prompts
        lengths = (1, 2, 16, 17, 64, 513)
        sequences = [sequence(chance, *each, 80) for each in enumerate(lengths)]
        for one in sequences[::2]:
            step(network, [one], 0)
        step(network, sequences[1::2], 0)
        for _ in range(16):
            step(network, sequences)
        for one in sequences:
            step(network, [one])
        say(answers=[one.output_ids for one in sequences])


def measure(folder: Path, cards: int, *, profile: bool) -> None:
    """Steps of the large model."""
    with loaded(folder, cards) as (network, _):
        chance = random.Random(2)  # noqa: S311
        width = -(-(CONTEXT + 3 * STEPS) // network.runner.cache.block_size)
        for tokens in FIRST_TOKENS:
            times = []
            for _ in range(7):
                one = sequence(chance, 0, tokens, width)
                began = time.perf_counter()
                step(network, [one], 0)
                times.append((time.perf_counter() - began) * 1e3)
            say(**{f"first token of {tokens}": statistics.median(times[2:])})
        sequences = [sequence(chance, number, CONTEXT, width) for number in range(max(DECODES))]
        for one in sequences:
            step(network, [one], 0)
        for count in DECODES:
            times = []
            for _ in range(STEPS):
                began = time.perf_counter()
                step(network, sequences[:count])
                times.append((time.perf_counter() - began) * 1e3)
            say(**{f"decode step of {count}": statistics.median(times[5:])})
        if profile:
            kernels(network, sequences[:1])


def kernels(network: Network, sequences: SequenceOf[Sequence]) -> None:
    """Prints what the device does in a decode step."""
    from torch.profiler import ProfilerActivity
    from torch.profiler import profile as profiled

    with profiled(activities=[ProfilerActivity.CUDA]) as found:
        for _ in range(5):
            step(network, sequences)
    table = found.key_averages().table(sort_by="cuda_time_total", row_limit=14)
    print(table, file=sys.stderr, flush=True)


def lose(folder: Path, cards: int) -> None:
    """Kills a follower while the leader computes, and tells how long it takes to be noticed."""
    from backend.model.outcome import TeamLost

    with loaded(folder, cards) as (network, crew):
        one = sequence(random.Random(3), 0, 64, 100)  # noqa: S311
        step(network, [one], 0)
        began = 0.0

        def end() -> None:
            nonlocal began
            began = time.perf_counter()
            os.kill(crew.processes[0].pid, signal.SIGKILL)

        threading.Timer(0.5, end).start()
        hung = threading.Timer(0.5 + PATIENCE, os._exit, (9,))
        hung.start()
        try:
            while True:
                step(network, [one])
                if one.length > 1400:
                    one = sequence(random.Random(3), 0, 64, 100)  # noqa: S311
                    step(network, [one], 0)
        except TeamLost as lost:
            say(lost=str(lost), after_seconds=time.perf_counter() - began)
        hung.cancel()


STAGES = {"answer", "measure", "lose"}


def stage(name: str, folder: Path, cards: int, *options: str, timeout: float) -> dict[str, Any]:
    """Runs one in a process of its own; what it said."""
    command = [
        *(sys.executable, "-m", "scripts.lib.benchmark_parallel"),
        *("--stage", name, "--folder", str(folder), "--cards", str(cards), *options),
    ]
    title = " ".join([name, f"on {cards}", *options])
    print(f"== {title}", flush=True)
    began = time.perf_counter()
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        killer = threading.Timer(timeout, process.kill)
        killer.start()
        assert process.stdout is not None
        figures: dict[str, Any] = {}
        for line in process.stdout:
            try:
                figures |= json.loads(line)
            except ValueError:
                print(line, end="")
        status = process.wait()
        killer.cancel()
        errors.seek(0)
        said = errors.read()
    seconds = time.perf_counter() - began
    if status or "--profile" in options:
        print(said[-6000:])
    print(f"   ended with {status} after {seconds:.1f} s", flush=True)
    for what, figure in figures.items():
        if what != "answers":
            shown = f"{figure:.2f}" if isinstance(figure, float) else figure
            print(f"   {what}: {shown}", flush=True)
    return figures


def compare(one: dict[str, Any], two: dict[str, Any]) -> None:
    """How many answers, and how many of their tokens, are the same."""
    mine, theirs = one.get("answers"), two.get("answers")
    if not mine or not theirs:
        print("   NOT COMPARED")
        return
    whole = sum(a == b for a, b in zip(mine, theirs, strict=True))
    tokens = [
        next((n for n, (x, y) in enumerate(zip(a, b, strict=True)) if x != y), len(a))
        for a, b in zip(mine, theirs, strict=True)
    ]
    print(f"   same answers: {whole} of {len(mine)}; same tokens up to place {tokens}", flush=True)


def main() -> None:
    """Runs all stages, or one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cards", type=int, default=2)
    parser.add_argument("--small", action="store_true", help="no large model")
    parser.add_argument("--large", type=Path, help="its folder; written if it is not there")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    parser.add_argument("--stage", choices=STAGES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--dtype", default="float32", help=argparse.SUPPRESS)
    parser.add_argument("--plain", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--profile", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.stage == "answer":
        answer(options.folder, options.cards, options.dtype, plain=options.plain)
    elif options.stage == "measure":
        measure(options.folder, options.cards, profile=options.profile)
    elif options.stage == "lose":
        lose(options.folder, options.cards)
    else:
        everything(options)
        return
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # NCCL would wait for recorded steps


def everything(options: argparse.Namespace) -> None:
    """All stages, one after the other."""
    figures: dict[str, Any] = {}
    cards = options.cards
    with tempfile.TemporaryDirectory() as temporary:
        small = Path(temporary) / "small"
        described = true_shape.config()
        described["text_config"] |= SMALL_TEXT
        described["vision_config"] |= SMALL_VISION
        true_shape.write(small, described)
        for kind in (("--plain",), (), ("--dtype", "bfloat16")):
            one = stage("answer", small, 1, *kind, timeout=150)
            two = stage("answer", small, cards, *kind, timeout=150)
            compare(one, two)
        stage("lose", small, cards, timeout=150)
        if not options.small:
            large = options.large or Path(temporary) / "large"
            if not (large / "config.json").exists():
                began = time.perf_counter()
                true_shape.write(large)
                print(
                    f"== wrote the large model in {time.perf_counter() - began:.1f} s", flush=True
                )
            for count in (1, cards):
                figures[str(count)] = stage("measure", large, count, "--profile", timeout=240)
            print(f"== {'':20s} {'one':>9s} {'together':>9s}")
            for what, one in figures["1"].items():
                two = figures[str(cards)].get(what)
                if isinstance(one, float) and isinstance(two, float):
                    print(f"   {what:20s} {one:9.2f} {two:9.2f} {one / two:6.2f}x")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
