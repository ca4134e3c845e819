"""Measures what the engine's thread costs a decode step: `python -m scripts.bench_steps`.

The device is made up: a step takes a fixed time there, and needs nobody meanwhile. With steps begun
one after the other, the host's work comes on top of it; with steps begun ahead, it should vanish.
"""

from __future__ import annotations

import random
import statistics
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from backend.engine import Engine
from backend.errors import RequestError
from backend.model.catalogue import entries
from backend.model.flight import Flight
from backend.model.loader import LoadedModel
from backend.model.outcome import Outcome, Sampled
from backend.prompt.events import Delta
from backend.prompt.prompt import FinishReason, Sampling
from backend.prompt.template import Template
from backend.prompt.tokenizer import Tokenizer
from backend.scheduling.batch import Batch
from backend.work import Work
from scripts.lib import true_shape

PROMPT = 1500  # tokens
ANSWER = 128
STEP = 0.008  # seconds that the device takes


@dataclass
class Device:
    """Computes one batch after the other, each in the same time."""

    by_itself: bool  # whether a batch may begin before the tokens of the one before are known
    busy_until: float = 0.0

    def attach(self) -> None:
        """There is nothing to attach to."""

    def prepare_more(self) -> bool:
        return False

    def launch(self, batch: Batch, embeddings: Mapping[bytes, Any]) -> Flight:
        now = time.perf_counter()
        self.busy_until = max(now, self.busy_until) + STEP
        return _Flight(batch, self.busy_until, self.by_itself)

    def go_on(self, flight: Flight, batch: Batch, embeddings: Mapping[bytes, Any]) -> Flight:
        return self.launch(batch, embeddings)


@dataclass
class _Flight:
    """A batch on the device."""

    whole: Batch
    done_at: float
    leaves_tokens: bool

    @property
    def batch(self) -> Batch:
        decodes = tuple(part for part in self.whole.decodes if part.sequence.reason is None)
        return replace(self.whole, decodes=decodes)

    def land(self) -> list[Outcome]:
        time.sleep(max(0.0, self.done_at - time.perf_counter()))
        return [
            Sampled(1000 + part.end * 7 % 997)
            if part.end >= len(part.sequence.prompt_ids)
            else None
            for part in self.batch.slices
        ]


@dataclass
class Quiet:
    """Hears an answer and says nothing."""

    ended: threading.Event = field(default_factory=threading.Event)

    def started(self, cached_tokens: int, queue_seconds: float) -> None:
        pass

    def delta(self, delta: Delta) -> None:
        pass

    def finished(
        self,
        reasons: tuple[FinishReason, ...],
        completion_tokens: int,
        warning: str,
        error: RequestError | None,
    ) -> None:
        self.ended.set()


class Watched(Engine):
    """Notes the processor time of every decode step, and the time by the clock."""

    def __init__(self, model: LoadedModel, count: int) -> None:
        super().__init__(model, max_running=count, max_queue=count)
        self.busy: list[float] = []
        self.whole: list[float] = []

    def step(self) -> None:
        busy, began = time.thread_time(), time.perf_counter()
        super().step()
        self.busy.append(time.thread_time() - busy)
        self.whole.append(time.perf_counter() - began)


def measure(words: Tokenizer, count: int, *, by_itself: bool) -> tuple[float, float]:
    """Median microseconds of the host's work in a step, and of a step by the clock."""
    model = LoadedModel(
        info=replace(entries()[0], context_length=8192),
        tokenizer=words,
        template=Template("", words),
        eos_ids=frozenset({0}),
        runner=Device(by_itself),  # type: ignore[arg-type]
        blocks=32_768,
        block_size=16,
        vocabulary_size=true_shape.VOCABULARY,
        chunk_tokens=2048,
        step_tokens=8192,
    )
    engine, heard = Watched(model, count), [Quiet() for _ in range(count)]
    engine.start()
    chance = random.Random(count)  # noqa: S311  # made-up prompts
    for number, one in enumerate(heard):
        prompt = tuple(chance.randrange(1000, 150_000) for _ in range(PROMPT))
        sampling = Sampling(max_tokens=ANSWER, min_tokens=ANSWER, seed=0)
        engine.submit(Work(str(number), "o", prompt, sampling), one)
    for one in heard:
        one.ended.wait()
    engine.stop(1)
    steady = slice(-ANSWER + 20, -10)
    busy, whole = (statistics.median(times[steady]) for times in (engine.busy, engine.whole))
    return busy * 1e6, whole * 1e6


def main() -> None:
    """Prints a table."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "tokenizer.json"
        true_shape.write_tokenizer(path)
        words = Tokenizer(path.read_text(encoding="utf-8"))
    print(f"a step takes the device {STEP * 1e6:.0f} us; medians of a step, in us")
    print(f"{'sequences':>10}{'host':>10}{'one by one':>14}{'ahead':>10}")
    for count in (1, 32, 64):
        busy, whole = measure(words, count, by_itself=False)
        _, ahead = measure(words, count, by_itself=True)
        print(f"{count:>10}{busy:>10.0f}{whole:>14.0f}{ahead:>10.0f}")


if __name__ == "__main__":
    main()
