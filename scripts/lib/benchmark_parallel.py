"""Measures a model in several processes, a GPU each, beside the same in one; and compares answers.

Every stage is a process of its own, so that what breaks or hangs in one is told and harms no other.
Small models have random weights in float32 and bfloat16; the large one is GLM-4.6V-Flash's true
shape. Times are those of the engine, asked as the service would ask it. `--small` leaves the large
model out, and needs no GPU.
"""

from __future__ import annotations

import argparse
import faulthandler
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
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.lib import true_shape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backend.model.network import Network
    from backend.scheduling.sequence import Sequence

CONTEXT = 1500  # tokens before an answer
PROMPT = 1433  # tokens
DECODES = (1, 8, 64)  # sequences
RUNS = 7  # of a first token
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


def measure(folder: Path, cards: int, context: int) -> None:
    """The engine with the large model, asked as the service would ask it."""
    from scripts.gpu import profile
    from scripts.gpu.bench import WORDS, Bench

    bench = Bench(folder, max_model_len=8192, processes=cards)
    say(
        device=bench.model.info.device,
        blocks=bench.model.blocks,
        start_seconds=bench.start_seconds,
        prepared_seconds=bench.prepared_seconds,
    )
    bench.decode(2, WORDS, 8)  # what is compiled at the first use is compiled now
    bench.first_token(bench.words(PROMPT))
    waits = [bench.first_token(bench.words(PROMPT)) for _ in range(RUNS)]
    say(
        **{
            f"first token of {WORDS}, ms": bench.text(RUNS),
            f"first token of {PROMPT}, ms": statistics.median(waits),
            f"{WORDS} after a known prompt, ms": bench.another_question(RUNS),
        }
    )
    for count in DECODES:
        rate = bench.decode(count, context)
        say(**{f"decode step of {count}, ms": count / rate * 1e3})
    say(**{"first token of a new picture, ms": bench.pictures(1, RUNS)})
    say(**{"64 texts at once, ms a token": 1e3 / bench.texts_at_once(64)})
    for count in (1, 64):
        profile.watch(f"16 tokens of {count}", partial(bench.decode, count, WORDS, 16))
    bench.close()


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


def stage(name: str, folder: Path, cards: int, *options: str, limit: int) -> dict[str, Any]:
    """Runs one in a process of its own; what it said."""
    command = [
        *(sys.executable, "-m", "scripts.lib.benchmark_parallel"),
        *("--stage", name, "--limit", str(limit)),
        *("--folder", str(folder), "--cards", str(cards), *options),
    ]
    title = " ".join([name, f"on {cards}", *options])
    print(f"== {title}", flush=True)
    began = time.perf_counter()
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={"NCCL_DEBUG": "WARN", **os.environ},
        )
        killer = threading.Timer(limit + 10, process.kill)
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
    if status:
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
    parser.add_argument("--only-large", action="store_true", help="no small models")
    parser.add_argument("--large", type=Path, help="its folder; written if it is not there")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    parser.add_argument("--stage", choices=STAGES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--dtype", default="float32", help=argparse.SUPPRESS)
    parser.add_argument("--plain", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--context", type=int, default=CONTEXT, help=argparse.SUPPRESS)
    parser.add_argument("--limit", type=int, default=600, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.stage:  # where it hangs, it says where
        faulthandler.dump_traceback_later(options.limit, exit=True)
    if options.stage == "answer":
        answer(options.folder, options.cards, options.dtype, plain=options.plain)
    elif options.stage == "measure":
        measure(options.folder, options.cards, options.context)
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
        if not options.only_large:
            small = Path(temporary) / "small"
            described = true_shape.config()
            described["text_config"] |= SMALL_TEXT
            described["vision_config"] |= SMALL_VISION
            true_shape.write(small, described)
            for kind in (("--plain",), (), ("--dtype", "bfloat16")):
                one = stage("answer", small, 1, *kind, limit=120)
                two = stage("answer", small, cards, *kind, limit=120)
                compare(one, two)
            stage("lose", small, cards, limit=120)
        if not options.small:
            large = options.large or Path(temporary) / "large"
            if not (large / "config.json").exists():
                began = time.perf_counter()
                true_shape.write(large)
                print(
                    f"== wrote the large model in {time.perf_counter() - began:.1f} s", flush=True
                )
            for count in (1, cards):
                figures[str(count)] = stage("measure", large, count, limit=230)
            print(f"== {'':20s} {'one':>9s} {'together':>9s}")
            for what, one in figures["1"].items():
                two = figures[str(cards)].get(what)
                if isinstance(one, float) and isinstance(two, float):
                    print(f"   {what:20s} {one:9.2f} {two:9.2f} {one / two:6.2f}x")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
