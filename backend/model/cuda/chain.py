"""Kernels that begin before the one in front of them has ended (programmatic dependent launch).

A decode step is several hundred short kernels. Between two of them the card idles while one drains
and the next is brought up. A chained kernel is brought up early: it reads what no other kernel
writes, such as weights, then calls `gdc_wait`, after which everything that came before it is done
and to be seen. Every chained kernel waits, so whoever waits for its neighbour waits for all.
"""

from __future__ import annotations

from functools import cache

import torch


@cache
def is_available(device: torch.device) -> bool:
    """Whether the device can do it: from Hopper on."""
    return device.type == "cuda" and torch.cuda.get_device_capability(device) >= (9, 0)


def options(chained: bool) -> dict[str, bool]:
    """What a chained kernel's launch says besides the kernel's own arguments."""
    return {"launch_pdl": True} if chained else {}
