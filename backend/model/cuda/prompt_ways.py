"""Ways to compute the attention of a prompt with nothing before it that a card or a package brings
along, and the choice.

`attention.Prompts` reads keys and values from their pages, wherever a prompt begins. Where a prompt
begins at its beginning, all of them lie in the step's own rows as well, and another kernel may be
faster on them, from some length on: `fastest` measures those that there are, each held against
plain arithmetic in float32.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import scaled_dot_product_attention

from backend.model.cuda.attention import Prompts, tiles
from backend.model.cuda.rotation import Heads

log = logging.getLogger(__name__)

TRIAL_LENGTHS = (1024, 2048, 4096)  # tokens of the prompts that ways are measured with
_RUNS = 5
_CHECKED_ROWS = 128
_TOLERANCE = 1e-2  # relative error in bfloat16; 2e-3 is usual
_GAIN = 0.95  # of the time of the pages' own kernel, that is worth another one


class Way(Protocol):
    """A way to compute attention within one prompt, of which every token sees those before it."""

    name: str
    lengths: tuple[int, ...]  # of rows, for which it has to be readied in the thread that uses it

    def ready(self, length: int) -> None:
        """Readies one of its lengths."""

    def takes(self, count: int) -> bool:
        """Whether it is ready for a prompt of so many rows."""

    def __call__(self, rows: torch.Tensor, heads: Heads, scale: float) -> torch.Tensor:
        """rows [n, heads * dim], queries first -> [n, query heads * dim]."""


def _split(rows: torch.Tensor, heads: Heads) -> Iterator[torch.Tensor]:
    """Queries, keys and values [n, heads, dim] of each kind."""
    counts = [heads.queries, heads.keys, heads.keys]
    yield from torch.split(rows.view(len(rows), heads.count, heads.dim), counts, dim=1)


class Sdpa:
    """torch's own function for dense attention, by one of the kernels behind it, or by its choice.

    cuDNN plans for each length by itself, which takes up to some tenths of a second, so prompts are
    filled up to a few lengths. What fills them up stands behind the prompt, where nobody looks.
    """

    lengths: tuple[int, ...] = (1024, 1536, 2048, 2560, 3072, 4096, 5120, 6144, 7168, 8192)

    def __init__(
        self, heads: Heads, dtype: torch.dtype, device: torch.device, kernel: SDPBackend | None
    ) -> None:
        self.name = "sdpa" if kernel is None else f"sdpa {kernel.name}"
        self._kernel = kernel
        self._heads = heads
        self._empty = torch.empty(0, heads.count * heads.dim, dtype=dtype, device=device)
        self._ready: set[int] = set()

    def ready(self, length: int) -> None:
        """Lets the kernel plan."""
        self(self._empty.new_zeros(length, self._empty.shape[1]), self._heads, 1.0)
        self._ready.add(length)

    def takes(self, count: int) -> bool:
        """Whether the length that it is filled up to is planned."""
        return self._length(count) in self._ready

    def __call__(self, rows: torch.Tensor, heads: Heads, scale: float) -> torch.Tensor:
        count = len(rows)
        length = self._length(count) or count
        if count < length:
            given, rows = rows, rows.new_empty(length, rows.shape[1])
            rows[:count] = given
            rows[count:] = 0
        query, key, value = (part.transpose(0, 1)[None] for part in _split(rows, heads))
        with nullcontext() if self._kernel is None else sdpa_kernel(self._kernel):
            output = scaled_dot_product_attention(
                query, key, value, is_causal=True, scale=scale, enable_gqa=True
            )
        return output[0].transpose(0, 1).flatten(1)[:count]

    def _length(self, count: int) -> int | None:
        """The rows that a prompt of so many is filled up to."""
        return next((length for length in self.lengths if length >= count), None)


class FlashAttention:
    """flash-attn, if it is installed, of either generation."""

    lengths: tuple[int, ...] = ()

    def __init__(self, module: str) -> None:
        self.name = module
        self._attend: Callable[..., Any] = import_module(module).flash_attn_varlen_func

    def ready(self, length: int) -> None:
        """It needs no readying."""

    def takes(self, count: int) -> bool:
        """Any."""
        return True

    def __call__(self, rows: torch.Tensor, heads: Heads, scale: float) -> torch.Tensor:
        count = len(rows)
        bounds = torch.arange(0, count + 1, count, dtype=torch.int32, device=rows.device)
        query, key, value = _split(rows, heads)
        output = self._attend(
            query, key, value, bounds, bounds, count, count, softmax_scale=scale, causal=True
        )
        # The third generation answers the sums of its softmax as well.
        whole: torch.Tensor = output[0] if isinstance(output, tuple) else output
        return whole.flatten(1)


@dataclass(frozen=True)
class Fresh:
    """A prompt with nothing before it, as rows of a step."""

    way: Way
    heads: Heads

    def attend(
        self, rows: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, scale: float
    ) -> torch.Tensor:
        """As `Prompts.attend`; what is stored is not needed."""
        return self.way(rows, self.heads, scale)


def ways(heads: Heads, dtype: torch.dtype, device: torch.device) -> list[Way]:
    """Those that there are here besides the pages' own kernel."""
    if device.type != "cuda" or dtype is torch.float32:
        return []
    makers: list[Callable[[], Way]] = [
        partial(Sdpa, heads, dtype, device, SDPBackend.CUDNN_ATTENTION),
        *(
            partial(FlashAttention, module)
            for module in ("flash_attn_interface", "flash_attn")
            if find_spec(module) is not None
        ),
    ]
    found: list[Way] = []
    for make in makers:
        try:
            found.append(make())
        except Exception as error:
            log.info("a way to compute a prompt's attention is not available: %s", error)
    return found


def fastest(
    candidates: list[Way],
    heads: Heads,
    keys: torch.Tensor,
    values: torch.Tensor,
    lengths: tuple[int, ...] = TRIAL_LENGTHS,
) -> tuple[Way, int] | None:
    """The way that takes the least time for the longest prompt tried, and the rows from which on
    it is worth it; None where the pages' own kernel is as good.

    `keys` and `values` are what a layer has stored, of no use to anybody yet.
    """
    best: tuple[Way, int] | None = None
    least = float("inf")
    own = {length: _pages(heads, keys, values, length) for length in lengths}
    for way in candidates:
        try:
            times = {length: _tried(way, heads, keys.dtype, keys.device, length) for length in own}
        except Exception as problem:
            log.info("prompts' attention: %s cannot be used: %s", way.name, problem)
            continue
        for length, milliseconds in times.items():
            log.info(
                "prompts' attention at %d tokens: %s %.3f ms, from pages %.3f ms",
                length,
                way.name,
                milliseconds,
                own[length],
            )
        slow = [length for length in lengths if times[length] > _GAIN * own[length]]
        worth = [length for length in lengths if not slow or length > slow[-1]]
        if worth and times[lengths[-1]] < least:
            best, least = (way, worth[0]), times[lengths[-1]]
    if best is not None:
        log.info("prompts of %d tokens or more attend by %s", best[1], best[0].name)
    return best


def _rows(heads: Heads, dtype: torch.dtype, device: torch.device, length: int) -> torch.Tensor:
    chance = torch.Generator(device).manual_seed(length)
    shape = length, heads.count * heads.dim
    return torch.randn(shape, generator=chance, device=device).to(dtype)


def _tried(way: Way, heads: Heads, dtype: torch.dtype, device: torch.device, length: int) -> float:
    """Milliseconds for a prompt of that length. Raises ArithmeticError if it computes otherwise."""
    rows, scale = _rows(heads, dtype, device, length), heads.dim**-0.5
    if length in way.lengths:
        way.ready(length)
    seen = way(rows, heads, scale)[-_CHECKED_ROWS:].float()
    expected = _exact(rows, heads, scale)
    error = float((seen - expected).norm() / expected.norm())
    if not error < _TOLERANCE:
        raise ArithmeticError(f"its error is {error:.1e}")
    return _milliseconds(lambda: way(rows, heads, scale), device)


def _pages(heads: Heads, keys: torch.Tensor, values: torch.Tensor, length: int) -> float:
    """Milliseconds of the pages' own kernel."""
    device = keys.device
    rows = _rows(heads, keys.dtype, device, length)
    blocks = torch.arange(-(-length // keys.shape[1]), dtype=torch.int32, device=device)[None]
    cut = torch.tensor(
        tiles([(0, 0, length)], heads, keys.dtype, device), dtype=torch.int32, device=device
    )
    own = Prompts(blocks, cut, heads)
    return _milliseconds(lambda: own.attend(rows, keys, values, heads.dim**-0.5), device)


def _exact(rows: torch.Tensor, heads: Heads, scale: float) -> torch.Tensor:
    """What the last rows see, in float32 [rows, query heads * dim]."""
    query, key, value = (part.float().transpose(0, 1) for part in _split(rows, heads))
    group, count = heads.queries // heads.keys, min(_CHECKED_ROWS, len(rows))
    query = query[:, -count:].reshape(heads.keys, group, count, heads.dim)
    scores = query @ key[:, None].transpose(-1, -2) * scale
    places = torch.arange(len(rows), device=rows.device)
    scores = scores.masked_fill(places[None] > places[-count:, None], -torch.inf)
    seen: torch.Tensor = scores.softmax(-1) @ value[:, None]
    return seen.flatten(0, 1).transpose(0, 1).flatten(1)


def _milliseconds(work: Callable[[], object], device: torch.device) -> float:
    """Of one run, after a first one."""
    work()
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
    begin.record()
    for _ in range(_RUNS):
        work()
    end.record()
    torch.cuda.synchronize(device)
    milliseconds: float = begin.elapsed_time(end) / _RUNS
    return milliseconds
