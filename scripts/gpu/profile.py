"""Which kernels a step is made of, by torch's own profiler."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch.profiler import ProfilerActivity, profile

from scripts.gpu.bench import WORDS, Bench

_SHOWN = 24  # kernels


def show(bench: Bench) -> None:
    """Prints the kernels of decode steps and of prompts, the longest first."""
    for count in (1, 32, 64):
        bench.decode(count, WORDS, 20)
        watch(f"16 tokens of {count} sequences", partial(bench.decode, count, WORDS, 16))
    for length in (64, 1433, 8000):
        bench.first_token(bench.words(length))
        watch(f"a prompt of {length} tokens", partial(bench.first_token, bench.words(length)))
    bench.pictures(1, 1)
    watch("two prompts with a picture", lambda: bench.pictures(1, 1))


def watch(title: str, work: Callable[[], object]) -> None:
    """Prints the kernels of some work, the longest first."""
    with profile(activities=[ProfilerActivity.CUDA]) as watched:
        work()
        torch.cuda.synchronize()
    print(f"\n{title}")
    kernels = sorted(watched.key_averages(), key=lambda one: -one.device_time_total)
    total = sum(one.device_time_total for one in kernels)
    for one in kernels[:_SHOWN]:
        print(
            f"  {one.device_time_total / 1e3:9.3f} ms {one.device_time_total / total:5.1%}"
            f" {one.count:6d} x {one.device_time_total / one.count:8.1f} us  {one.key[:90]}"
        )
    print(f"  {total / 1e3:9.3f} ms in all, {sum(one.count for one in kernels)} kernels")
