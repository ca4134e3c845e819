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


_LEAST_PATCHES = 1024  # of a picture that cuDNN is asked for: with fewer, launches cost more
_MOST_LENGTHS = 64  # that are planned in a thread; a plan takes some memory


class CuDnn:
    """cuDNN's fused attention, picture by picture; what it is not ready for, another way does.

    cuDNN plans for each length by itself, which takes up to some tenths of a second in every
    thread. So a length that was met is planned in the next idle moment, and until then pictures of
    it go the other way. To pass pictures as parts of a few longer rows is no way out: torch plans
    such a call anew each time, which took a hundred times as long as the attention.
    """

    name = "cudnn"

    def __init__(self, other: Way) -> None:
        """`other` is for what was not planned. A card without this attention raises at its use."""
        self._attend = torch.ops.aten._scaled_dot_product_cudnn_attention
        self._other = other
        self._here = threading.local()

    def prepare_more(self) -> bool:
        """Plans a length that was met, the longest first, so that its memory serves all."""
        lengths = self._lengths()
        met = [length for length, is_planned in lengths.items() if not is_planned]
        if not met:
            return False
        length = max(met)
        shape, dtype, device, scale = self._here.last
        self._one(torch.empty(length, *shape, dtype=dtype, device=device), scale)
        lengths[length] = True  # not before: where planning fails, the other way goes on
        return len(met) > 1

    def __call__(self, rows: torch.Tensor, segments: Segments, scale: float) -> torch.Tensor:
        self._here.last = rows.shape[1:], rows.dtype, rows.device, scale
        if min(segments.lengths) < _LEAST_PATCHES or not self._has_planned(segments.lengths):
            return self._other(rows, segments, scale)
        outputs = [self._one(rows[first:end], scale) for first, end in pairwise(segments.ends)]
        return outputs[0] if len(outputs) == 1 else torch.cat(outputs)

    def _has_planned(self, met: tuple[int, ...]) -> bool:
        """Whether these lengths are planned in this thread; those that are not are taken down."""
        lengths = self._lengths()
        for length in met:
            if len(lengths) < _MOST_LENGTHS:
                lengths.setdefault(length, False)
        return all(lengths.get(length, False) for length in met)

    def _one(self, rows: torch.Tensor, scale: float) -> torch.Tensor:
        """[patches, 3, heads, dim] of one picture -> [patches, heads, dim]."""
        query, key, value = rows.permute(1, 2, 0, 3)[:, None]  # [1, heads, patches, dim]
        output: torch.Tensor = self._attend(
            query, key, value, None, False, 0.0, False, False, scale=scale
        )[0]
        return output[0].transpose(0, 1).contiguous()

    def _lengths(self) -> dict[int, bool]:
        """The lengths that this thread has met, and whether they are planned."""
        if not hasattr(self._here, "lengths"):
            self._here.lengths = {}
        known: dict[int, bool] = self._here.lengths
        return known


def ways(heads: int, dim: int, dtype: torch.dtype, device: torch.device) -> list[Way]:
    """All that there are here; the first one always works."""
    found: list[Way] = [Tiled(best_cut(dim, dtype, device))]
    if device.type != "cuda" or dtype is torch.float32:
        return found
    makers: list[Callable[[], Way]] = [
        lambda: CuDnn(found[0]),
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
        rows = self._rows
        way(rows, self.segments, self._scale)
        while way.prepare_more():
            pass
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
