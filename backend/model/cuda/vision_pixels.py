"""From the bytes of pictures to the patches of a vision tower, on the GPU.

Pictures are resized as Pillow resizes them, to the last bit: bicubic, smoothed where it shrinks
them, first across and then down, in whole numbers of 2**-22, rounded to bytes in between. So the
tower sees what it would see of transformers' image processor for Pillow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
import triton
import triton.language as tl

from backend.prompt.picture import Picture, Pixels
from backend.prompt.sight import Sight
from backend.vision.patches import checked

_SHARPNESS = -0.5  # of Pillow's bicubic curve
_REACH = 2.0  # of the curve, in pixels of the larger of both sizes
_BITS = 22  # of a coefficient, behind the point
_BLOCK = 256  # of a program that resizes across


@dataclass(frozen=True)
class Taps:
    """How each pixel of a line is mixed from pixels of another line, which lie together."""

    first: torch.Tensor  # int32 [size]
    weights: torch.Tensor  # int32 [size, taps]


@lru_cache(maxsize=64)
def taps(before: int, after: int, device: torch.device) -> Taps:
    """For a line of `before` pixels that becomes one of `after`, as Pillow computes them."""
    scale = before / after
    stretch = max(scale, 1.0)
    support = _REACH * stretch
    middles = (np.arange(after) + 0.5) * scale
    first = np.maximum((middles - support + 0.5).astype(np.int64), 0)
    last = np.minimum((middles + support + 0.5).astype(np.int64), before)
    number = np.arange(int(np.ceil(support)) * 2 + 1)
    inside = number < (last - first)[:, None]
    distance = np.abs((number + first[:, None] - middles[:, None] + 0.5) * (1.0 / stretch))
    weights = np.where(inside, _curve(distance), 0.0)
    total = np.zeros(after)
    for tap in range(len(number)):  # one by one, in Pillow's order
        total += weights[:, tap]
    weights /= total[:, None]
    whole = np.trunc(weights * (1 << _BITS) + np.copysign(0.5, weights))
    return Taps(
        torch.tensor(first, dtype=torch.int32).to(device),
        torch.tensor(whole, dtype=torch.int32).to(device),
    )


def _curve(
    distance: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """The bicubic curve at so many pixels from its middle."""
    near = ((_SHARPNESS + 2.0) * distance - (_SHARPNESS + 3.0)) * distance * distance + 1
    far = (((distance - 5) * distance + 8) * distance - 4) * _SHARPNESS
    return np.where(distance < 1.0, near, np.where(distance < _REACH, far, 0.0))


@triton.jit
def _byte(mixed: tl.tensor, bits: tl.constexpr) -> tl.tensor:
    """int32 with so many bits behind the point, and a half added -> a byte, as int32."""
    return tl.minimum(tl.maximum(mixed >> bits, 0), 255)


@triton.jit(do_not_specialize=["width", "columns", "count"])  # compiled once, whatever the size
def _resize_across(
    source: tl.tensor,  # bytes [rows, width, 3]
    target: tl.tensor,  # bytes [rows, columns, 3]
    first: tl.tensor,
    weights: tl.tensor,
    width: tl.tensor,
    columns: tl.tensor,
    count: tl.tensor,  # taps
    bits: tl.constexpr,
    block: tl.constexpr,
) -> None:
    row = tl.program_id(0).to(tl.int64)
    number = tl.program_id(1) * block + tl.arange(0, block)
    column, colour = number // 3, number % 3
    inside = column < columns
    begin = tl.load(first + column, mask=inside, other=0)
    mixed = tl.full([block], 1 << (bits - 1), tl.int32)
    for tap in range(count):
        weight = tl.load(weights + column * count + tap, mask=inside, other=0)
        place = begin + tap
        pointers = source + (row * width + place) * 3 + colour
        near = tl.load(pointers, mask=inside & (place < width), other=0)
        mixed += near.to(tl.int32) * weight
    tl.store(target + row * columns * 3 + number, _byte(mixed, bits).to(tl.uint8), mask=inside)


@triton.jit(do_not_specialize=["height", "columns", "across", "count"])
def _resize_down_and_cut(
    source: tl.tensor,  # bytes [height, columns, 3]
    output: tl.tensor,  # [patches, 3 * temporal * patch * patch]
    first: tl.tensor,
    weights: tl.tensor,
    height: tl.tensor,
    columns: tl.tensor,
    across: tl.tensor,  # tokens in a row of the picture
    count: tl.tensor,  # taps
    mean_0: tl.tensor,
    mean_1: tl.tensor,
    mean_2: tl.tensor,
    std_0: tl.tensor,
    std_1: tl.tensor,
    std_2: tl.tensor,
    merge: tl.constexpr,
    patch: tl.constexpr,
    temporal: tl.constexpr,
    side: tl.constexpr,  # patch, as a power of two
    bits: tl.constexpr,
) -> None:
    number = tl.program_id(0)
    colour = tl.program_id(1)
    square, inner = number // (merge * merge), number % (merge * merge)
    top = (square // across * merge + inner // merge) * patch
    left = (square % across * merge + inner % merge) * patch
    down, right = tl.arange(0, side), tl.arange(0, side)
    is_row = down < patch
    inside = is_row[:, None] & (right < patch)[None, :]
    begin = tl.load(first + top + down, mask=is_row, other=0)
    mixed = tl.full([side, side], 1 << (bits - 1), tl.int32)
    for tap in range(count):
        weight = tl.load(weights + (top + down) * count + tap, mask=is_row, other=0)
        row = begin + tap
        pointers = source + (row[:, None] * columns + left + right[None, :]) * 3 + colour
        near = tl.load(pointers, mask=inside & (row < height)[:, None], other=0)
        mixed += near.to(tl.int32) * weight[:, None]
    mean = tl.where(colour == 0, mean_0, tl.where(colour == 1, mean_1, mean_2))
    std = tl.where(colour == 0, std_0, tl.where(colour == 1, std_1, std_2))
    value = (_byte(mixed, bits).to(tl.float32) * (1 / 255) - mean) / std
    area: tl.constexpr = patch * patch
    place = output + (number.to(tl.int64) * 3 + colour) * (temporal * area)
    place += down[:, None] * patch + right[None, :]
    for time in tl.static_range(temporal):
        tl.store(place + time * area, value, mask=inside)


class DevicePatches:
    """Patches of pictures whose pixels may still be of another size."""

    def __init__(self, sight: Sight, dtype: torch.dtype, device: torch.device) -> None:
        self._sight = sight
        self._dtype = dtype
        self._device = device

    def __call__(self, pictures: Sequence[Picture]) -> torch.Tensor:
        """[patches, channels * temporal * patch * patch] of the pictures, one after the other, as
        `backend.vision.patches.patches` makes them. Does not wait for the device.

        Raises UnusablePicture.
        """
        sight = self._sight
        pixels = [checked(picture) for picture in pictures]
        square = sight.merge * sight.merge
        counts = [picture.tokens * square for picture in pictures]
        output = torch.empty(
            sum(counts),
            3 * sight.temporal * sight.patch * sight.patch,
            dtype=self._dtype,
            device=self._device,
        )
        first = 0
        for picture, colours, count in zip(pictures, pixels, counts, strict=True):
            self._cut(picture, colours, output[first : first + count])
            first += count
        return output

    def _cut(self, picture: Picture, pixels: Pixels, output: torch.Tensor) -> None:
        sight = self._sight
        width, height = picture.columns * sight.side, picture.rows * sight.side
        colours = self._sent(pixels)
        if pixels.width != width:
            across = taps(pixels.width, width, self._device)
            narrow = colours.new_empty(pixels.height * width * 3)
            _resize_across[(pixels.height, triton.cdiv(3 * width, _BLOCK))](
                colours,
                narrow,
                across.first,
                across.weights,
                pixels.width,
                width,
                across.weights.shape[1],
                _BITS,
                _BLOCK,
                num_warps=4,
            )
            colours = narrow
        down = taps(pixels.height, height, self._device)
        _resize_down_and_cut[(len(output), 3)](
            colours,
            output,
            down.first,
            down.weights,
            pixels.height,
            width,
            picture.columns,
            down.weights.shape[1],
            *sight.mean,
            *sight.std,
            sight.merge,
            sight.patch,
            sight.temporal,
            triton.next_power_of_2(sight.patch),
            _BITS,
            num_warps=2,
        )

    def _sent(self, pixels: Pixels) -> torch.Tensor:
        """The picture's bytes on the device, on their way there when this answers."""
        given = np.frombuffer(pixels.data, np.uint8)
        if self._device.type != "cuda":
            return torch.from_numpy(given.copy())
        # Pinned, and kept by torch until the copy is done.
        staged = torch.empty(len(given), dtype=torch.uint8, pin_memory=True)
        np.copyto(staged.numpy(), given)
        return staged.to(self._device, non_blocking=True)
