"""Measures what the scheduler costs a step: `python -m scripts.bench_scheduler`; free of torch."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator

from backend.prompt.prompt import FinishReason, Sampling
from backend.scheduling.blocks import BlockPool
from backend.scheduling.scheduler import Scheduler
from backend.scheduling.sequence import Sequence

BLOCK_SIZE = 16
BLOCKS = 16384
PROMPT = 512  # tokens
OWNERS = 8
STEPS = 200


def scheduler_for(count: int) -> Scheduler:
    """A scheduler in which that many sequences run at once."""
    return Scheduler(BlockPool(BLOCKS, BLOCK_SIZE), max_running=count, eos_ids=frozenset())


def sequences(count: int, first: int = 0, answer: int = PROMPT) -> list[Sequence]:
    """Sequences with nothing in common."""
    return [
        Sequence(
            request_id=str(number),
            owner=f"owner {number % OWNERS}",
            index=0,
            prompt_ids=tuple(range(number * PROMPT, (number + 1) * PROMPT)),
            sampling=Sampling(max_tokens=answer, seed=0),
        )
        for number in range(first, first + count)
    ]


def step(scheduler: Scheduler) -> tuple[float, float]:
    """One turn of the engine without a model: processor milliseconds for `schedule` and
    for `commit`."""
    began = time.thread_time()
    batch = scheduler.schedule(0.0)
    scheduled = time.thread_time()
    tokens = [number if part.samples else None for number, part in enumerate(batch.slices)]
    advances = scheduler.commit(batch, tokens)
    for advance in advances:
        if advance.reason is not None:
            scheduler.finish(advance.sequence, FinishReason.LENGTH)
    return 1e3 * (scheduled - began), 1e3 * (time.thread_time() - scheduled)


def admission(count: int) -> Iterator[tuple[float, float]]:
    """The step in which all leave the queue with cold prompts, again and again."""
    for number in range(10):
        scheduler = scheduler_for(count)
        scheduler.add(sequences(count, number * count))
        yield step(scheduler)


def decoding(count: int) -> Iterator[tuple[float, float]]:
    """Steps in which all get their next token."""
    scheduler = scheduler_for(count)
    everyone = sequences(count)
    scheduler.add(everyone)
    while any(sequence.is_prefilling for sequence in everyone):
        step(scheduler)
    for _ in range(STEPS):
        yield step(scheduler)


def mixed(count: int) -> Iterator[tuple[float, float]]:
    """Steps in which answers end and new prompts arrive, with as many waiting as running."""
    scheduler = scheduler_for(count)
    added = 0
    for number in range(3 * count + STEPS):
        missing = 2 * count - scheduler.running - scheduler.waiting
        scheduler.add(sequences(missing, added, answer=count))
        added += missing
        times = step(scheduler)
        if number >= 3 * count:
            yield times


def main() -> None:
    """Prints a table: median and least milliseconds a step."""
    print(f"{'':12}{'sequences':>10}{'schedule ms':>18}{'commit ms':>18}")
    for measure in (admission, decoding, mixed):
        for count in (16, 64, 256):
            columns = zip(*measure(count), strict=True)
            shown = [f"{statistics.median(times):8.3f} ({min(times):6.3f})" for times in columns]
            print(f"{measure.__name__:12}{count:>10}" + "".join(f"{text:>18}" for text in shown))


if __name__ == "__main__":
    main()
