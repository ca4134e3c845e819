"""Measures products with quantised weights on a GPU, kernel by kernel, beside cuBLAS in bfloat16.

Sizes are GLM-4.6V-Flash's. For each, the shapes that come into question are tried and the fastest
are printed, with what `backend.model.cuda` chooses of its own accord. Times are graph replays that
rotate through more weights than the cache holds.
"""

from __future__ import annotations

import argparse
import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import torch
from torch.nn.functional import linear

from backend.model.cuda import products, quantised_products
from backend.model.cuda.products import Shape
from backend.model.cuda.quantised import Quantised, Quantization, Weight, quantise
from backend.model.cuda.quantised_products import Tile

SIZES = {
    "attention's output": (4096, 4096),
    "queries, keys, values": (4608, 4096),
    "gate and up": (27392, 4096),
    "down": (4096, 13696),
    "output layer": (151552, 4096),
}
ROTATED_BYTES = 200 << 20  # an H100's cache holds 50 MiB
LAUNCHES = 12  # in a graph, at least
SHAPES = [
    Shape(outputs, block, warps, group)
    for block, warps, group in ((1024, 2, 16), (2048, 4, 16), (4096, 8, 16), (4096, 4, 16))
    for outputs in (2, 4, 8)
]
PLAIN_SHAPES = [Shape(4, 1024, 4), Shape(4, 1024, 4, 8), Shape(4, 2048, 8, 8), Shape(8, 2048, 8, 8)]
TILES = [
    Tile(outputs, columns, splits, warps, stages)
    for outputs, columns, warps, stages in (
        (64, 128, 4, 4),
        (64, 256, 4, 3),
        (64, 64, 4, 6),
        (128, 128, 4, 4),
        (128, 128, 8, 4),
        (128, 64, 4, 5),
        (256, 64, 8, 4),
        (256, 128, 8, 3),
    )
    for splits in (1, 2, 4, 8)
]
MANY = (128, 256, 512, 1433)  # rows of prompts
DENSE_NUMBERS = (1 << 27, 1 << 24, 1 << 23)


@dataclass(frozen=True)
class Try:
    """One kernel, one size."""

    size: str
    kind: Quantization
    rows: int
    cut: Shape | Tile

    def call(self, weight: Weight, rows: torch.Tensor) -> torch.Tensor:
        if isinstance(self.cut, Shape):
            return products.times(weight, rows, self.cut)
        assert isinstance(weight, Quantised)
        return quantised_products.times(weight, rows, None, self.cut)


def tries(size: str, kind: Quantization, rows: int) -> list[Try]:
    """What comes into question."""
    if rows == 1:
        shapes = PLAIN_SHAPES if kind is Quantization.NONE else SHAPES
        return [Try(size, kind, 1, shape) for shape in shapes]
    outputs, width = SIZES[size]
    return [
        Try(size, kind, rows, tile)
        for tile in TILES
        if 60 <= outputs / tile.outputs * tile.splits <= 2400 and width // tile.splits >= 512
    ]


def weight_of(size: str, kind: Quantization) -> Weight:
    weight = torch.empty(SIZES[size], dtype=torch.bfloat16, device="cuda").normal_(0, 0.02)
    return weight if kind is Quantization.NONE else quantise(weight, kind)


def compile_all(some: list[Try]) -> int:
    """In a process of its own: what it compiles, all find on the disk. Answers failures."""
    failed = 0
    for one in some:
        try:
            rows = torch.zeros(one.rows, SIZES[one.size][1], dtype=torch.bfloat16, device="cuda")
            one.call(weight_of(one.size, one.kind), rows)
            torch.cuda.synchronize()
        except Exception as error:
            failed += 1
            print(f"{one}: {str(error)[:200]}")
    return failed


def microseconds(calls: list[Callable[[], object]]) -> float:
    """Of one call, on average; they follow each other as in a decode step."""
    stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    with torch.cuda.stream(stream):
        for call in calls:
            call()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    repeats = -(-LAUNCHES // len(calls))
    with torch.cuda.graph(graph):
        for _ in range(repeats):
            for call in calls:
                call()
    times = []
    for _ in range(6):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
        begin.record()
        graph.replay()
        end.record()
        torch.cuda.synchronize()
        times.append(float(begin.elapsed_time(end)))
    return sorted(times)[2] * 1e3 / (repeats * len(calls))


def copies(size: str, kind: Quantization) -> list[Weight]:
    outputs, width = SIZES[size]
    nbytes = outputs * width * (2 if kind is Quantization.NONE else 1)
    return [weight_of(size, kind) for _ in range(max(1, -(-ROTATED_BYTES // nbytes)))]


def timed(call: Callable[[Weight, torch.Tensor], object], some: list[Weight], rows: int) -> float:
    row = torch.randn(rows, some[0].shape[1], dtype=torch.bfloat16, device="cuda")
    return microseconds([partial(call, weight, row) for weight in some])


def report(size: str, kind: Quantization, rows: int, some: list[Weight]) -> float:
    """Prints the fastest; answers what the fastest takes."""
    found: list[tuple[float, Shape | Tile | None]] = []
    if rows == 1:
        found.append((timed(products.times, some, 1), None))
    elif kind is not Quantization.NONE:
        found.append((timed(_tiled, some, rows), None))
    for one in tries(size, kind, rows):
        try:
            found.append((timed(one.call, some, rows), one.cut))
        except Exception as error:  # it takes more of the card than there is
            print(f"{one.cut}: {str(error)[:100]}")
    chosen = found[0][0]
    found.sort(key=lambda pair: pair[0])
    outputs, width = SIZES[size]
    nbytes = outputs * width * (2 if kind is Quantization.NONE else 1)
    print(
        f"{size}, {kind.value}, {rows} rows: chosen {chosen:.1f} us "
        f"({nbytes / chosen / 1e3:.0f} GB/s); "
        + "; ".join(f"{taken:.1f} {_short(cut)}" for taken, cut in found[:5]),
        flush=True,
    )
    return found[0][0]


def _tiled(weight: Weight, rows: torch.Tensor) -> torch.Tensor:
    assert isinstance(weight, Quantised)
    cut = quantised_products.tile_for(weight, len(rows))
    return quantised_products.times(weight, rows, None, cut)


def _short(cut: Shape | Tile | None) -> str:
    if cut is None:
        return "as chosen"
    return type(cut).__name__ + str(tuple(vars(cut).values()))


def many(size: str, some: list[Weight], plain: list[Weight]) -> None:
    """Prints what prompts cost: cuBLAS in bfloat16, dequantised pieces, tiles, and FP8 by FP8."""
    for rows in MANY:
        said = [f"bf16 {timed(_cublas, plain, rows):.1f}"]
        for numbers in DENSE_NUMBERS:
            quantised_products._DENSE_NUMBERS = numbers
            said.append(f"dense {numbers >> 20}M {timed(_dense, some, rows):.1f}")
        quantised_products._DENSE_NUMBERS = DENSE_NUMBERS[0]
        if rows <= 256:
            for tile in (Tile(128, 64, 1, 8, 4), Tile(128, 64, 2, 8, 4), Tile(64, 64, 1, 4, 4)):
                try:
                    call = partial(_cut, tile)
                    said.append(f"{_short(tile)} {timed(call, some, rows):.1f}")
                except Exception as error:
                    said.append(f"{_short(tile)} {str(error)[:40]}")
        if some[0].numbers.dtype is torch.float8_e4m3fn:  # type: ignore[union-attr]
            try:
                said.append(f"fp8 by fp8 {timed(_both, some, rows):.1f}")
                row = torch.randn(rows, SIZES[size][1], dtype=torch.bfloat16, device="cuda")
                exact = _dense(some[0], row).float()
                off = (_both(some[0], row).float() - exact).norm() / exact.norm()
                said.append(f"(its error {float(off):.4f})")
            except Exception as error:
                said.append(f"fp8 by fp8: {str(error)[:80]}")
        print(f"{size}, {rows} rows, us: " + "; ".join(said), flush=True)


def _cublas(weight: Weight, rows: torch.Tensor) -> torch.Tensor:
    assert isinstance(weight, torch.Tensor)
    return linear(rows, weight)


def _dense(weight: Weight, rows: torch.Tensor) -> torch.Tensor:
    assert isinstance(weight, Quantised)
    return quantised_products.times_dense(weight, rows, None)


def _cut(tile: Tile, weight: Weight, rows: torch.Tensor) -> torch.Tensor:
    assert isinstance(weight, Quantised)
    return quantised_products.times(weight, rows, None, tile)


def _both(weight: Weight, rows: torch.Tensor) -> torch.Tensor:
    """The rows in FP8, too."""
    assert isinstance(weight, Quantised)
    scale = rows.abs().amax(1, keepdim=True).float() / 448
    near = (rows / scale).to(torch.float8_e4m3fn)
    return torch._scaled_mm(
        near,
        weight.numbers.T,
        scale_a=scale,
        scale_b=weight.scales[None, :],
        out_dtype=torch.bfloat16,
        use_fast_accum=True,
    )


@torch.inference_mode()
def main() -> None:
    """Prints lines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="*", default=[1, 8, 32, 64])
    parser.add_argument("--kinds", nargs="*", default=["none", "fp8", "int8"])
    parser.add_argument("--sizes", nargs="*", default=list(SIZES), choices=list(SIZES))
    parser.add_argument("--many", action="store_true", help="rows of prompts, too")
    parser.add_argument("--processes", type=int, default=14, help="that compile")
    options = parser.parse_args()
    kinds = [Quantization(name) for name in options.kinds]
    todo = [
        one
        for size in options.sizes
        for kind in kinds
        for rows in options.rows
        if rows == 1 or kind is not Quantization.NONE
        for one in tries(size, kind, rows)
    ]
    shares = [todo[first :: options.processes] for first in range(options.processes)]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.processes, mp_context=context) as pool:
        print(f"{len(todo)} compiled, {sum(pool.map(compile_all, shares))} failed", flush=True)
    for size in options.sizes:
        plain = copies(size, Quantization.NONE)
        for rows in options.rows:
            print(f"{size}, cuBLAS in bf16, {rows} rows: {timed(_cublas, plain, rows):.1f} us")
        for kind in kinds:
            some = plain if kind is Quantization.NONE else copies(size, kind)
            for rows in options.rows:
                if rows == 1 or kind is not Quantization.NONE:
                    report(size, kind, rows, some)
            if options.many and kind is Quantization.FP8:
                many(size, some, plain)


if __name__ == "__main__":
    main()
