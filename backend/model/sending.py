"""Numbers on their way from the host to the device."""

from __future__ import annotations

import torch


def sent(values: object, device: torch.device, dtype: torch.dtype | None = None) -> torch.Tensor:
    """A tensor of these numbers on the device, in the order of what else it is told.

    The host does not wait until they are there: it would have to wait for all that the device is
    still at, and the device for the host afterwards.
    """
    tensor = torch.tensor(values, dtype=dtype)
    if device.type != "cuda":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)
