"""How much of the GPU's memory there is to give away."""

from __future__ import annotations

from collections.abc import Callable

import torch


def limit(most: int, device: torch.device) -> None:
    """Keeps torch's allocations on the device within `most` bytes from now on."""
    total = torch.cuda.get_device_properties(device).total_memory
    torch.cuda.set_per_process_memory_fraction(min(1.0, most / total), device)


def peak(work: Callable[[], object], device: torch.device) -> int:
    """Bytes that the work takes at its height, beyond what is taken before it."""
    torch.cuda.synchronize(device)
    before = torch.cuda.memory_allocated(device)
    torch.cuda.reset_peak_memory_stats(device)
    work()
    torch.cuda.synchronize(device)
    return torch.cuda.max_memory_allocated(device) - before


def free(most: int | None, device: torch.device) -> int:
    """Bytes that torch can still allocate, if it may allocate `most` in all."""
    torch.cuda.empty_cache()
    available: int = torch.cuda.mem_get_info(device)[0]
    if most is not None:
        available = min(available, most - torch.cuda.memory_reserved(device))
    return available
