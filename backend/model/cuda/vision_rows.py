"""What happens to single rows of a vision tower on the GPU: where a patch lies is added to it, and
its queries and keys are turned by it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import triton
import triton.language as tl
from triton.language.extra.cuda import gdc_launch_dependents, gdc_wait

from backend.model.cuda import chain

_HEADS = 8  # of a program
_SHARPNESS = -0.75  # of a bicubic curve, as torch's grid_sample has it
_PATCHES = 8  # of a program


@dataclass(frozen=True)
class Grid:
    """How many patches high and wide a picture is; multiples of `merge`, whose squares of patches
    lie together."""

    height: int
    width: int
    merge: int

    @property
    def patches(self) -> int:
        """All of them."""
        return self.height * self.width


@dataclass(frozen=True)
class Turns:
    """How far each pair of numbers of a head is turned, for every patch: float32 [rows, dim / 2].
    A number's other is half a head away."""

    cosines: torch.Tensor
    sines: torch.Tensor


@triton.jit
def _place(patch: tl.tensor, width: tl.tensor, merge: tl.constexpr) -> tuple[tl.tensor, tl.tensor]:
    """Row and column of a picture's patch."""
    square = patch // (merge * merge)
    inner = patch % (merge * merge)
    columns = width // merge
    return (
        square // columns * merge + inner // merge,
        square % columns * merge + inner % merge,
    )


@triton.jit(do_not_specialize=["count", "width"])  # compiled once, whatever the picture's size
def _turn_tables(
    frequencies: tl.tensor,
    cosines: tl.tensor,
    sines: tl.tensor,
    count: tl.tensor,  # of patches
    width: tl.tensor,  # of the picture, in patches
    merge: tl.constexpr,
    pairs: tl.constexpr,
    block: tl.constexpr,
    per: tl.constexpr,
) -> None:
    patch = tl.program_id(0) * per + tl.arange(0, per)
    pair = tl.arange(0, block)
    row, column = _place(patch, width, merge)
    half: tl.constexpr = pairs // 2
    frequency = tl.load(frequencies + pair % half, mask=pair < pairs, other=0.0)
    along = tl.where((pair < half)[None, :], row[:, None], column[:, None]).to(tl.float32)
    angle = along * frequency[None, :]
    place = patch[:, None] * pairs + pair[None, :]
    inside = (patch < count)[:, None] & (pair < pairs)[None, :]
    tl.store(cosines + place, tl.cos(angle), mask=inside)
    tl.store(sines + place, tl.sin(angle), mask=inside)


def turns(frequencies: torch.Tensor, grids: list[Grid]) -> Turns:
    """Of the patches of several pictures, one after the other; `frequencies` [dim / 4] are for the
    rows of a picture, and again for its columns."""
    rows, pairs = sum(grid.patches for grid in grids), 2 * len(frequencies)
    cosines, sines = (torch.empty(rows, pairs, device=frequencies.device) for _ in range(2))
    first = 0
    for grid in grids:
        _turn_tables[(triton.cdiv(grid.patches, _PATCHES),)](
            frequencies,
            cosines[first:],
            sines[first:],
            grid.patches,
            grid.width,
            grid.merge,
            pairs,
            triton.next_power_of_2(pairs),
            _PATCHES,
            num_warps=4,
        )
        first += grid.patches
    return Turns(cosines, sines)


@triton.jit
def _turn_rows(
    rows: tl.tensor,  # [n, 3, heads, dim]: queries, keys, values; turned in place
    cosines: tl.tensor,
    sines: tl.tensor,
    query_weight: tl.tensor,
    key_weight: tl.tensor,
    epsilon: tl.tensor,
    heads: tl.constexpr,
    dim: tl.constexpr,
    block: tl.constexpr,  # dim / 2
    per: tl.constexpr,
    normed: tl.constexpr,
    chained: tl.constexpr,
) -> None:
    row = tl.program_id(0).to(tl.int64)
    head = tl.program_id(1) * per + tl.arange(0, per)
    pair = tl.arange(0, block)
    half: tl.constexpr = dim // 2
    is_pair = pair < half
    if chained:
        gdc_wait()
        gdc_launch_dependents()
    cosine = tl.load(cosines + row * half + pair, mask=is_pair, other=1.0)[None, :]
    sine = tl.load(sines + row * half + pair, mask=is_pair, other=0.0)[None, :]
    place = row * (3 * heads * dim) + head[:, None] * dim + pair[None, :]
    inside = (head < 2 * heads)[:, None] & is_pair[None, :]
    first = tl.load(rows + place, mask=inside, other=0.0)
    second = tl.load(rows + place + half, mask=inside, other=0.0)
    kind: tl.constexpr = first.dtype
    one, two = first.to(tl.float32), second.to(tl.float32)
    if normed:
        is_query = (head < heads)[:, None]
        query = tl.load(query_weight + pair, mask=is_pair, other=0.0).to(tl.float32)
        key = tl.load(key_weight + pair, mask=is_pair, other=0.0).to(tl.float32)
        weight = tl.where(is_query, query[None, :], key[None, :])
        query = tl.load(query_weight + half + pair, mask=is_pair, other=0.0).to(tl.float32)
        key = tl.load(key_weight + half + pair, mask=is_pair, other=0.0).to(tl.float32)
        other_weight = tl.where(is_query, query[None, :], key[None, :])
        scale = tl.rsqrt(tl.sum(one * one + two * two, 1)[:, None] / dim + epsilon)
        one = ((one * scale).to(kind).to(tl.float32) * weight).to(kind).to(tl.float32)
        two = ((two * scale).to(kind).to(tl.float32) * other_weight).to(kind).to(tl.float32)
    tl.store(rows + place, one * cosine - two * sine, mask=inside)
    tl.store(rows + place + half, two * cosine + one * sine, mask=inside)


class Turner:
    """Norms queries and keys head by head, if the original does, and turns them."""

    def __init__(self, original: torch.nn.Module) -> None:
        """`original` is the attention of one of transformers' GLM vision towers."""
        self.heads = int(original.num_heads)  # type: ignore[arg-type]
        self.dim = int(original.head_dim)  # type: ignore[arg-type]
        self._query_weight: torch.Tensor | None = None
        self._key_weight: torch.Tensor | None = None
        self._epsilon = 0.0
        if hasattr(original, "q_norm"):
            norm = original.get_submodule("q_norm")
            self._query_weight = norm.get_parameter("weight")
            self._key_weight = original.get_parameter("k_norm.weight")
            self._epsilon = float(norm.variance_epsilon)  # type: ignore[arg-type]

    def turn(self, rows: torch.Tensor, angles: Turns) -> None:
        """Changes queries and keys of rows [n, 3 * heads * dim] in place."""
        chained = chain.is_available(rows.device)
        _turn_rows[(len(rows), triton.cdiv(2 * self.heads, _HEADS))](
            rows,
            angles.cosines,
            angles.sines,
            self._query_weight,
            self._key_weight,
            self._epsilon,
            self.heads,
            self.dim,
            triton.next_power_of_2(self.dim // 2),
            _HEADS,
            self._query_weight is not None,
            chained,
            num_warps=4,
            **chain.options(chained),
        )


@triton.jit
def _curve(distance: tl.tensor, sharpness: tl.constexpr) -> tl.tensor:
    """The bicubic weight of what lies so far away, at most 2."""
    near = ((sharpness + 2) * distance - (sharpness + 3)) * distance * distance + 1
    far = ((distance - 5) * distance + 8) * distance - 4
    return tl.where(distance <= 1, near, sharpness * far)


@triton.jit(do_not_specialize=["height", "width"])
def _add_places(
    rows: tl.tensor,  # [patches, hidden], changed in place
    weight: tl.tensor,  # of the norm before
    table: tl.tensor,  # [side * side, hidden]
    epsilon: tl.tensor,
    height: tl.tensor,  # of the picture, in patches
    width: tl.tensor,
    merge: tl.constexpr,
    side: tl.constexpr,
    hidden: tl.constexpr,
    block: tl.constexpr,
    sharpness: tl.constexpr,
) -> None:
    patch = tl.program_id(0)
    columns = tl.arange(0, block)
    inside = columns < hidden
    before = tl.load(rows + patch * hidden + columns, mask=inside, other=0.0)
    kind: tl.constexpr = before.dtype
    values = before.to(tl.float32)
    values *= tl.rsqrt(tl.sum(values * values, 0) / hidden + epsilon)
    scales = tl.load(weight + columns, mask=inside, other=0.0).to(tl.float32)
    values = (values.to(kind).to(tl.float32) * scales).to(kind).to(tl.float32)
    row, column = _place(patch, width, merge)
    # Where the middle of the patch lies on the table, whose places are at whole numbers
    y = (row.to(tl.float32) + 0.5) / height * side - 0.5
    x = (column.to(tl.float32) + 0.5) / width * side - 0.5
    top, left = tl.floor(y), tl.floor(x)
    place = tl.zeros([block], tl.float32)
    for down in tl.static_range(-1, 3):
        at_row = tl.minimum(tl.maximum(top + down, 0.0), side - 1.0).to(tl.int32)
        line = tl.zeros([block], tl.float32)
        for right in tl.static_range(-1, 3):
            at_column = tl.minimum(tl.maximum(left + right, 0.0), side - 1.0).to(tl.int32)
            pointers = table + (at_row * side + at_column) * hidden + columns
            near = tl.load(pointers, mask=inside, other=0.0).to(tl.float32)
            line += near * _curve(tl.abs(x - left - right), sharpness)
        place += line * _curve(tl.abs(y - top - down), sharpness)
    values += place.to(kind).to(tl.float32)
    tl.store(rows + patch * hidden + columns, values, mask=inside)


class Places:
    """Norms patches and adds a learned embedding of where they lie, drawn out to the size of the
    picture; bicubic, as GLM-4.xV's tower does it."""

    def __init__(self, norm: torch.nn.Module, embeddings: torch.nn.Module) -> None:
        """`embeddings` are those of transformers' tower, and `norm` the one before them."""
        self._weight = norm.get_parameter("weight")
        self._epsilon = float(norm.variance_epsilon)  # type: ignore[arg-type]
        self._table = embeddings.get_parameter("position_embedding.weight")
        self._side = round(len(self._table) ** 0.5)
        assert self._side**2 == len(self._table)

    def add(self, rows: torch.Tensor, grids: list[Grid]) -> None:
        """Changes the patches [n, hidden] of pictures, one after the other, in place."""
        hidden, first = rows.shape[1], 0
        for grid in grids:
            _add_places[(grid.patches,)](
                rows[first:],
                self._weight,
                self._table,
                self._epsilon,
                grid.height,
                grid.width,
                grid.merge,
                self._side,
                hidden,
                triton.next_power_of_2(hidden),
                _SHARPNESS,
                num_warps=8,
            )
            first += grid.patches
