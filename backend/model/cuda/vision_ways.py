"""Ways to compute the attention of pictures that a card or a package brings along, and the choice.

Which one is the fastest depends on the card and on what is installed: `fastest` measures those that
there are, each of them held against plain arithmetic in float32.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

import torch

from backend.model.cuda.vision_attention import Plain, Segments, Simple, Tiled, Way, best_cut

log = logging.getLogger(__name__)

_TRIAL_ROWS = 4096  # patches of the picture that ways are measured with
_TRIAL_RUNS = 5
_CHECKED_ROWS = 128
_TOLERANCE = 1e-2  # relative error in bfloat16; 2e-3 is usual


class TorchVarlen(Simple):
    """FlashAttention-2 as it comes with torch: all pictures in one launch."""

    name = "torch varlen"

    def __init__(self) -> None:
        from torch.nn.attention.varlen import varlen_attn

        self._attend: Callable[..., Any] = varlen_attn

    def __call__(self, rows: torch.Tensor, segments: Segments, scale: float) -> torch.Tensor:
        bounds, longest = segments.bounds, segments.longest
        query, key, value = rows[: segments.ends[-1]].unbind(1)
        output: torch.Tensor = self._attend(
            query, key, value, bounds, bounds, longest, longest, scale=scale
        )
        return output


class FlashAttention(Simple):
    """flash-attn, if it is installed, of either generation: all pictures in one launch."""

    def __init__(self, module: str) -> None:
        self.name = module
        self._attend: Callable[..., Any] = import_module(module).flash_attn_varlen_func

    def __call__(self, rows: torch.Tensor, segments: Segments, scale: float) -> torch.Tensor:
        bounds, longest = segments.bounds, segments.longest
        query, key, value = rows[: segments.ends[-1]].unbind(1)
        output = self._attend(
            query, key, value, bounds, bounds, longest, longest, softmax_scale=scale
        )
        # The third generation answers the sums of its softmax as well.
        whole: torch.Tensor = output[0] if isinstance(output, tuple) else output
        return whole


# Rows that cuDNN is asked for; a picture of much less, or more, is another way's.
_LENGTHS = (1024, 1536, 2048, 3072, 4096, 6144, 8192, 12288, 16384, 24576)
_PAST = 128  # rows behind a picture that cuDNN may read, if only to leave them out


class CuDnn:
    """cuDNN's fused attention, picture by picture; what it is not ready for, another way does.

    cuDNN plans for each shape by itself, which takes up to some tenths of a second in every thread.
    So a picture is passed as a part of a few lengths of rows, and those are planned ahead.
    """

    name = "cudnn"

    def __init__(
        self,
        other: Way,
        heads: int,
        dim: int,
        dtype: torch.dtype,
        lengths: tuple[int, ...] = _LENGTHS,
    ) -> None:
        """`other` is for what was not prepared. A card without this attention raises at its use."""
        self._attend = torch.ops.aten._cudnn_attention_forward
        self._other = other
        self._lengths = lengths
        self._shape = (heads, dim, dtype)
        self._planned = threading.local()

    def spare(self, segments: Segments) -> int:
        """As much as a picture is less than the length that it is passed as."""
        lacking = [self._length(patches) - patches for patches in segments.lengths]
        return max(_PAST, *lacking)

    def prepare_more(self) -> bool:
        """Plans the next length, the longest first, so that its memory serves all."""
        missing = sorted(set(self._lengths) - self._planned_here())
        if missing:
            self.plan(missing.pop())
        return bool(missing)

    def plan(self, patches: int) -> None:
        """Plans the length that a picture of so many patches is passed as."""
        length = self._length(patches)
        heads, dim, dtype = self._shape
        rows = torch.empty(length, 3, heads, dim, dtype=dtype, device="cuda")
        bounds = torch.tensor([0, patches], dtype=torch.int32, device="cuda")
        self._one(rows, bounds, length, 1.0)
        self._planned_here().add(length)

    def __call__(self, rows: torch.Tensor, segments: Segments, scale: float) -> torch.Tensor:
        planned = self._planned_here()
        if any(self._length(patches) not in planned for patches in segments.lengths):
            return self._other(rows, segments, scale)
        rows[segments.ends[-1] :][:_PAST].zero_()  # what is left out must still be numbers
        outputs = []
        for (first, end), bounds in zip(pairwise(segments.ends), segments.alone, strict=True):
            length = self._length(end - first)
            output = self._one(rows[first : first + length], bounds, length, scale)
            outputs.append(output[: end - first])
        return outputs[0] if len(outputs) == 1 else torch.cat(outputs)

    def _one(
        self, rows: torch.Tensor, bounds: torch.Tensor, length: int, scale: float
    ) -> torch.Tensor:
        query, key, value = rows.unbind(1)
        output: torch.Tensor = self._attend(
            query,
            key,
            value,
            None,
            bounds,
            bounds,
            length,
            length,
            False,  # no sums of the softmax
            scale=scale,
        )[0]
        return output

    def _length(self, patches: int) -> int:
        """Rows that a picture is passed as: at most twice its own, or as many as it has."""
        if patches > _LENGTHS[0] // 2:
            return next((length for length in self._lengths if length >= patches), patches)
        return patches

    def _planned_here(self) -> set[int]:
        """The lengths that are planned in this thread."""
        if not hasattr(self._planned, "lengths"):
            self._planned.lengths = set()
        known: set[int] = self._planned.lengths
        return known


def ways(heads: int, dim: int, dtype: torch.dtype, device: torch.device) -> list[Way]:
    """All that there are here; the first one always works."""
    found: list[Way] = [Tiled(best_cut(dim, dtype, device))]
    if device.type != "cuda" or dtype is torch.float32:
        return found
    makers: list[Callable[[], Way]] = [
        lambda: CuDnn(found[0], heads, dim, dtype),
        TorchVarlen,
        *(
            partial(FlashAttention, module)
            for module in ("flash_attn_interface", "flash_attn")
            if find_spec(module) is not None
        ),
    ]
    for make in makers:
        try:
            found.append(make())
        except Exception as error:
            log.info("a way to compute a picture's attention is not available: %s", error)
    return found


def fastest(heads: int, dim: int, dtype: torch.dtype, device: torch.device) -> Way:
    """The way that took the least time here, of those that compute what they should."""
    candidates = ways(heads, dim, dtype, device)
    if len(candidates) == 1:
        return candidates[0]
    trial = Trial(heads, dim, dtype, device)
    times: dict[Way, float] = {}
    for way in candidates:
        try:
            error, milliseconds = trial.run(way)
        except Exception as problem:
            log.info("pictures' attention: %s cannot be used: %s", way.name, problem)
            continue
        log.info("pictures' attention: %s takes %.3f ms, error %.1e", way.name, milliseconds, error)
        if error < _TOLERANCE:
            times[way] = milliseconds
    chosen = min(times, key=times.__getitem__, default=Plain())
    log.info("pictures' attention is computed by %s", chosen.name)
    return chosen


class Trial:
    """Made-up pictures to try ways with."""

    def __init__(
        self,
        heads: int,
        dim: int,
        dtype: torch.dtype,
        device: torch.device,
        lengths: tuple[int, ...] = (_TRIAL_ROWS,),
    ) -> None:
        self.segments = Segments(lengths, device)
        chance = torch.Generator(device).manual_seed(1)
        self._rows = torch.randn(
            self.segments.ends[-1], 3, heads, dim, generator=chance, device=device
        ).to(dtype)
        self._scale = dim**-0.5
        self._expected = self._exact()

    def run(self, way: Way) -> tuple[float, float]:
        """Relative error and milliseconds."""
        if isinstance(way, CuDnn):
            for patches in self.segments.lengths:
                way.plan(patches)
        spare = self._rows.new_empty(way.spare(self.segments), *self._rows.shape[1:])
        rows = torch.cat([self._rows, spare])
        seen = way(rows, self.segments, self._scale)
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
        begin.record()
        for _ in range(_TRIAL_RUNS):
            way(rows, self.segments, self._scale)
        end.record()
        torch.cuda.synchronize()
        error = (seen[-len(self._expected) :].float() - self._expected).norm()
        return float(error / self._expected.norm()), begin.elapsed_time(end) / _TRIAL_RUNS

    def _exact(self) -> torch.Tensor:
        """What the last rows of the last picture see, in float32."""
        first, end = self.segments.ends[-2:]
        query, key, value = self._rows[first:end].float().permute(1, 2, 0, 3)
        query = query[:, -_CHECKED_ROWS:]
        seen = (query @ key.transpose(1, 2) * self._scale).softmax(-1) @ value
        exact: torch.Tensor = seen.transpose(0, 1)
        return exact
