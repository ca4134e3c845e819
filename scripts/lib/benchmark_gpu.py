"""Measures the engine on a GPU at GLM-4.6V-Flash's true shape, with random weights.

One process, no network: starts the engine on a model folder, which it writes first if there is
none, and asks it as the service would. `--plain` computes with transformers' own modules instead
of the fused ones, for comparison.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import threading
import time
from dataclasses import dataclass, field
from operator import sub
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.lib import true_shape

if TYPE_CHECKING:
    from backend.engine import Engine
    from backend.model.loader import LoadedModel
    from backend.prompt.events import Delta
    from backend.prompt.picture import ImageSpan
    from backend.prompt.prompt import FinishReason

READ_BYTES = 17.56e9  # weights that a decode step reads
TOKEN_BYTES = 40_960  # keys and values of a token
SIDE = 37  # tokens of a 1024x1024 picture's side


@dataclass
class Heard:
    """Listens to one answer."""

    ended: threading.Event = field(default_factory=threading.Event)
    times: list[float] = field(default_factory=list)  # when tokens came
    tokens: int = 0
    cached: int = 0
    error: str = ""

    def started(self, cached_tokens: int, queue_seconds: float) -> None:
        self.cached = cached_tokens

    def delta(self, delta: Delta) -> None:
        self.times.append(time.perf_counter())

    def finished(
        self, reasons: tuple[FinishReason, ...], completion_tokens: int, warning: str, error: str
    ) -> None:
        self.tokens, self.error = completion_tokens, error
        self.ended.set()


class Bench:
    """An engine, and what it is asked."""

    def __init__(self, folder: Path, *, plain: bool, memory_bytes: int | None) -> None:
        from backend.engine import Engine
        from backend.model.catalogue import choose
        from backend.model.loader import load

        self._chance = random.Random(0)  # noqa: S311  # made-up prompts
        self._asked = 0
        began = time.perf_counter()
        self.model: LoadedModel = load(
            choose(str(folder), folder, None),
            models_dir=folder,
            max_model_len=8192,
            threads=4,
            on_phase=lambda doing: None,
            memory_bytes=memory_bytes,
            plain=plain,
        )
        self._engine: Engine = Engine(self.model, max_running=64, max_queue=64)
        self._engine.start()
        self.first_token([1] * 8)
        self.start_seconds = time.perf_counter() - began

    def words(self, count: int) -> list[int]:
        """A prompt that was never asked before."""
        return [self._chance.randrange(1000, 150_000) for _ in range(count)]

    def ask(self, prompt: list[int], tokens: int, images: tuple[ImageSpan, ...] = ()) -> Heard:
        """Begins a request for exactly so many tokens."""
        from backend.prompt.prompt import Sampling
        from backend.work import Work

        self._asked += 1
        heard = Heard()
        sampling = Sampling(max_tokens=tokens, min_tokens=tokens, seed=0)
        work = Work(f"request {self._asked}", "o", tuple(prompt), sampling, images=images)
        self._engine.submit(work, heard)
        return heard

    def first_token(self, prompt: list[int], images: tuple[ImageSpan, ...] = ()) -> float:
        """Milliseconds until it is there."""
        began = time.perf_counter()
        heard = self.ask(prompt, 1, images)
        heard.ended.wait()
        assert heard.tokens == 1, heard.error
        return (time.perf_counter() - began) * 1e3

    def text(self, runs: int) -> float:
        """Median milliseconds to the first token of 64 tokens of text."""
        return statistics.median(self.first_token(self.words(64)) for _ in range(runs))

    def another_question(self, runs: int) -> float:
        """The same where 1,369 tokens before them are known."""
        document = self.words(1369)
        self.first_token(document + self.words(64))
        return statistics.median(self.first_token(document + self.words(64)) for _ in range(runs))

    def picture(self, runs: int) -> float:
        """The same where a picture that is new stands before them, its pixels at hand."""
        from backend.prompt.picture import ImageSpan, Picture, Pixels

        sight = self.model.sight
        assert sight is not None
        waits = []
        for _ in range(runs + 1):
            pixels = SIDE * sight.side
            data = self._chance.randbytes(pixels * pixels * 3)
            key = self._chance.randbytes(32)
            whole = Picture(key, "o", key.hex(), 1, SIDE, SIDE, Pixels(data, pixels, pixels))
            prompt = [sight.image_id] * whole.tokens + self.words(64)
            self._engine.hold_pictures([key])
            waits.append(self.first_token(prompt, (ImageSpan(0, whole),)))
        return statistics.median(waits[1:])

    def decode(self, sequences: int, context: int, tokens: int) -> float:
        """Tokens a second while so many sequences decode together, no prompt beside them."""
        heard = [self.ask(self.words(context), tokens) for _ in range(sequences)]
        for one in heard:
            one.ended.wait()
        assert all(one.tokens == tokens for one in heard), heard[0].error
        began, ended = max(one.times[0] for one in heard), min(one.times[-1] for one in heard)
        times = [when for when in heard[-1].times if began <= when <= ended]
        step: float = statistics.median(map(sub, times[1:], times))
        return sequences / step

    def at_once(self, sequences: int, context: int, tokens: int) -> float:
        """Tokens a second over everything, prompts included."""
        began = time.perf_counter()
        heard = [self.ask(self.words(context), tokens) for _ in range(sequences)]
        for one in heard:
            one.ended.wait()
        return sequences * tokens / (time.perf_counter() - began)

    def close(self) -> None:
        self._engine.stop(0)


def bandwidth() -> float:
    """Bytes a second that a copy on the device moves."""
    import torch

    source = torch.empty(1 << 30, dtype=torch.uint8, device="cuda")
    target = torch.empty_like(source)
    best = float("inf")
    for _ in range(10):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
        begin.record()
        target.copy_(source)
        end.record()
        torch.cuda.synchronize()
        best = min(best, begin.elapsed_time(end) / 1e3)
    return 2 * (1 << 30) / best


def main() -> None:
    """Prints a table; writes the figures as JSON if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="of the model; written if it is not there")
    parser.add_argument("--plain", action="store_true", help="transformers' own modules")
    parser.add_argument("--memory-gb", type=float, help="the most of the GPU's memory to take")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--tokens", type=int, default=128, help="of each answer")
    parser.add_argument("--sequences", type=int, nargs="*", default=[1, 8, 32, 64])
    parser.add_argument("--json", type=Path, help="where to write the figures")
    options = parser.parse_args()
    if not (options.folder / "config.json").exists():
        true_shape.write(options.folder)
    memory = None if options.memory_gb is None else int(options.memory_gb * 1e9)
    speed = bandwidth()
    bench = Bench(options.folder, plain=options.plain, memory_bytes=memory)
    figures: dict[str, Any] = {
        "device": bench.model.info.device,
        "modules": "transformers" if options.plain else "fused",
        "copy_gigabytes_per_second": speed / 1e9,
        "blocks": bench.model.blocks,
        "start_seconds": bench.start_seconds,
        "text_ms": bench.text(options.runs),
        "another_question_ms": bench.another_question(options.runs),
        "picture_ms": bench.picture(options.runs),
    }
    for name, value in figures.items():
        print(f"{name:28s} {value:.1f}" if isinstance(value, float) else f"{name:28s} {value}")
    bench.decode(1, 64, 8)  # what is compiled at the first use is compiled now
    for sequences in options.sequences:
        context = 1500
        rate = bench.decode(sequences, context, options.tokens)
        read = READ_BYTES + sequences * (context + options.tokens / 2) * TOKEN_BYTES
        floor = sequences * speed / read
        at_once = bench.at_once(sequences, 64, options.tokens)
        figures[f"decode_{sequences}"] = rate
        figures[f"text_at_once_{sequences}"] = at_once
        print(
            f"{sequences:3d} sequences: {rate:7.0f} tokens/s decoding at {context} tokens, "
            f"{rate / floor:4.0%} of what the memory allows; "
            f"{at_once:7.0f} tokens/s in all with prompts of 64"
        )
    bench.close()
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
