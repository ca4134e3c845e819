"""What a network is computed on, and in what form: the device, its arithmetic, its weights."""

from __future__ import annotations

import logging

import torch

from backend.hardware import UnfitDevice
from backend.model.cuda.quantised import Quantization
from backend.model.manifest import DamagedModel

log = logging.getLogger(__name__)


def claimed(wanted: torch.device | None) -> torch.device:
    """The device that was asked for, None being the best there is; from now on this thread's.

    Raises DamagedModel.
    """
    count = torch.cuda.device_count()
    device = wanted or torch.device("cuda" if count else "cpu")
    if device.type == "cuda":
        device = torch.device("cuda", device.index or 0)
        if device.index >= count:
            raise DamagedModel(f"{device} was asked for, and there are {count} GPUs")
        torch.cuda.set_device(device)
    return device


def best_dtype(device: torch.device) -> torch.dtype:
    """bfloat16 where the processor multiplies it, else float32; float16 would overflow in GLM."""
    if device.type == "cuda":
        return torch.bfloat16
    capable = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    log.info("the CPU %s bfloat16", "multiplies" if capable else "lacks")
    return torch.bfloat16 if capable else torch.float32


def quantization_on(name: str, device: torch.device) -> Quantization:
    """What is asked for, where the device has kernels for it. Raises UnfitDevice."""
    kind = Quantization(name)
    if kind is Quantization.NONE:
        return kind
    if device.type != "cuda":
        log.info("there is no GPU: weights are not quantised")
        return Quantization.NONE
    have, need = torch.cuda.get_device_capability(device), kind.least_capability
    if have < need:
        raise UnfitDevice(
            f"QUANTIZATION={name} needs a GPU of compute capability {need[0]}.{need[1]}, "
            f"this one has {have[0]}.{have[1]}: use int8 or none"
        )
    return kind
