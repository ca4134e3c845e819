"""Measures the vision tower on a GPU, alone: GLM-4.6V-Flash's true shape with random weights made
on the device, no engine and no model folder.

Prints what each way to compute attention takes, what the tower takes for several pictures of
1024x1024 with transformers' own modules and with ours, what errors come of it, and where the time
goes from a picture's bytes on. The floor is what the tower's products take at the speed of an
8192^3 product. `--small` tries the script itself where there is no GPU.
"""

from __future__ import annotations

import argparse
import copy
import json
import logging
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from transformers.models.glm4v.configuration_glm4v import Glm4vVisionConfig
from transformers.models.glm4v.modeling_glm4v import Glm4vVisionModel
from transformers.utils.import_utils import is_flash_attn_2_available

from backend.model.cuda import vision_attention, vision_ways
from backend.model.cuda.vision_attention import Cut, Plain, Segments, Tiled, Way
from backend.model.cuda.vision_tower import FusedTower
from scripts.lib import true_shape

PRODUCTS = 786e12  # floating point operations a second of an 8192^3 product on an H100
SIDE = 1024  # pixels of a picture
ON_GPU = torch.cuda.is_available()
DEVICE = torch.device("cuda" if ON_GPU else "cpu")
DTYPE = torch.bfloat16 if ON_GPU else torch.float32
SMALL = {"hidden_size": 32, "num_heads": 2, "out_hidden_size": 64, "intermediate_size": 48}


_OTHER_CUTS = (  # that are worth a look
    Cut(128, 128, 8, 2, described=True),
    Cut(128, 64, 8, 3, described=True),
    Cut(128, 128, 8, 3, described=True),
    Cut(256, 64, 16, 2, described=True),
    Cut(64, 128, 4, 2, described=True),
    Cut(128, 64, 4, 3, described=True),
)


class Changeable:
    """A way to compute attention that can be exchanged for another."""

    name = "changeable"

    def __init__(self) -> None:
        self.way: Way = Plain()

    def prepare_more(self) -> bool:
        return self.way.prepare_more()

    def __call__(self, rows: torch.Tensor, segments: Segments, scale: float) -> torch.Tensor:
        return self.way(rows, segments, scale)


def tower(depth: int, *, small: bool) -> Any:  # noqa: ANN401  # a class of transformers
    """transformers' tower with so many layers."""
    config = {**true_shape.config()["vision_config"], "depth": depth, **(SMALL if small else {})}
    del config["model_type"]
    made: Any = Glm4vVisionModel
    torch.manual_seed(0)
    with DEVICE:
        whole = made._from_config(
            Glm4vVisionConfig(**config), dtype=DTYPE, attn_implementation="sdpa"
        )
    for name, weight in whole.named_parameters():
        if "norm" in name and name.endswith("weight"):
            weight.data.normal_(1, 0.1)
        elif name.endswith("bias"):
            weight.data.normal_(0, 0.1)
    return whole.eval().requires_grad_(requires_grad=False)


def floor(config: Any, grids: Sequence[tuple[int, int]]) -> float:  # noqa: ANN401
    """Milliseconds that the products take at least."""
    hidden, outer = config.hidden_size, config.out_hidden_size
    layer = 4 * hidden * hidden + 3 * hidden * outer
    merger = 4 * hidden * outer + outer * outer + 3 * outer * config.intermediate_size
    total = 0.0
    for height, width in grids:
        count = height * width
        total += config.depth * (2 * count * layer + 4 * count * count * hidden)
        total += 2 * count * 1176 * hidden + 2 * (count // 4) * merger
    return total / PRODUCTS * 1e3


def milliseconds(work: Callable[[], object], runs: int) -> float:
    """The median of several runs, by the host's clock, until the device is done."""
    times = []
    for _ in range(runs + 1):
        wait()
        began = time.perf_counter()
        work()
        wait()
        times.append((time.perf_counter() - began) * 1e3)
    return statistics.median(times[1:])


def wait() -> None:
    if ON_GPU:
        torch.cuda.synchronize()


def candidates(heads: int, dim: int, cuts: Sequence[Cut] = ()) -> list[Way]:
    """Every way to compute attention that there is here, and Triton cut in some more ways."""
    found = vision_ways.ways(heads, dim, DTYPE, DEVICE)
    known = {way.name for way in found}
    return [*found, *(way for way in map(Tiled, cuts) if way.name not in known), Plain()]


def attention(heads: int, dim: int, shapes: Sequence[tuple[int, ...]]) -> None:
    """Prints what attention takes by each way, for a layer."""
    print("\nattention of one layer, ms (error against float32)")
    for lengths in shapes:
        trial = vision_ways.Trial(heads, dim, DTYPE, DEVICE, lengths)
        print(f"  {len(lengths)} x {lengths[0]} patches")
        tried = candidates(heads, dim, (*vision_attention.CUTS, *_OTHER_CUTS))
        for way in tried:
            began = time.perf_counter()
            try:
                error, first = trial.run(way)
                readied = time.perf_counter() - began
                error, taken = trial.run(way)
            except Exception as problem:
                print(f"    {way.name:52s} {str(problem).splitlines()[0][:70]}")
                continue
            print(
                f"    {way.name:52s} {min(first, taken):8.3f}  ({error:.1e}; "
                f"first use {readied:.2f} s)"
            )


@torch.inference_mode()
def errors(grids: Sequence[tuple[int, int]], *, small: bool) -> None:
    """Prints errors against transformers in float32, on four layers."""
    plain = tower(4, small=small)
    rows = torch.randn(sum(h * w for h, w in grids), 1176, device=DEVICE).to(DTYPE)
    sizes = torch.tensor([(1, *grid) for grid in grids], device=DEVICE)
    expected = copy.deepcopy(plain).float()(rows.float(), grid_thw=sizes).pooler_output
    said = plain(rows, grid_thw=sizes).pooler_output.float()
    fused = FusedTower(plain)(rows, grids).float()
    print("\nrelative error against float32, 4 layers:", end="")
    for name, made in (("transformers", said), ("fused", fused)):
        print(f" {name} {float((made - expected).norm() / expected.norm()):.4f}", end="")
    print()


def towers(whole: Any, counts: Sequence[int], grid: tuple[int, int], runs: int) -> FusedTower:  # noqa: ANN401
    """Prints what the tower takes by transformers' modules and ours; answers ours."""
    patch_counts = [grid[0] * grid[1]] * max(counts)
    rows = torch.randn(sum(patch_counts), 1176, device=DEVICE).to(DTYPE)
    print(f"\ntower, {grid[0]}x{grid[1]} patches each, ms (times the floor)")
    print("  " + " " * 54 + "".join(f"{count:>16d}" for count in counts))

    def line(name: str, work: Callable[[int], object], runs: int) -> None:
        print(f"  {name:54s}", end="")
        for count in counts:
            try:
                taken = milliseconds(partial(work, count), runs)
            except Exception as problem:
                print(f"  {str(problem).splitlines()[0][:40]}", end="")
                break
            print(f"{taken:9.2f} ({taken / floor(whole.config, [grid] * count):4.2f})", end="")
        print(flush=True)

    def plain(count: int) -> object:
        sizes = torch.tensor([(1, *grid)] * count, device=DEVICE)
        return whole(rows[: count * patch_counts[0]], grid_thw=sizes).pooler_output

    kinds = ["eager", "sdpa"]
    kinds += ["flash_attention_2"] if is_flash_attn_2_available() else []
    for kind in kinds:
        whole.set_attn_implementation(kind)
        line(f"transformers, {kind}", plain, 2 if kind == "eager" else runs)
    way = Changeable()
    fused = FusedTower(whole, way)
    heads, dim = whole.config.num_heads, whole.config.hidden_size // whole.config.num_heads

    def ours(count: int) -> object:
        return fused(rows[: count * patch_counts[0]], [grid] * count)

    for way.way in candidates(heads, dim):
        ours(1)
        wait()
        began = time.perf_counter()
        while way.prepare_more():
            pass
        wait()
        readied = time.perf_counter() - began
        line(f"ours, {way.way.name}", ours, runs)
        if readied > 0.01:
            print(f"  {'':8s}readied in {readied:.2f} s")
    way.way = vision_ways.fastest(heads, dim, DTYPE, DEVICE)
    ours(1)
    while way.prepare_more():
        pass
    line(f"ours, as chosen: {way.way.name}", ours, runs)
    for size, many in (((16, 16), 1), ((16, 16), 16), ((32, 32), 1)):
        given = [size] * many
        some = rows[: size[0] * size[1] * many]
        if len(some) == size[0] * size[1] * many:
            taken = milliseconds(partial(fused, some, given), runs)
            began = time.perf_counter()
            fused(some, given)
            host = (time.perf_counter() - began) * 1e3
            wait()
            print(f"  ours, {many} of {size[0]}x{size[1]} patches: {taken:.2f}, host {host:.2f}")
    return fused


def profile(fused: FusedTower, grid: tuple[int, int]) -> None:
    """Prints the kernels of one picture."""
    rows = torch.randn(grid[0] * grid[1], 1176, device=DEVICE).to(DTYPE)
    kinds = [torch.profiler.ProfilerActivity.CPU]
    kinds += [torch.profiler.ProfilerActivity.CUDA] if ON_GPU else []
    fused(rows, [grid])
    with torch.profiler.profile(activities=kinds) as taken:
        fused(rows, [grid])
        wait()
    spent: dict[str, list[float]] = {}
    for event in taken.events():
        if event.device_type.name == "CUDA":
            spent.setdefault(event.name, []).append(event.time_range.elapsed_us())
    print("\nkernels of one picture, us")
    for name, times in sorted(spent.items(), key=lambda item: -sum(item[1]))[:20]:
        print(
            f"  {sum(times):9.0f}  {len(times):4d} x {statistics.median(times):8.1f}  {name[:100]}"
        )


@torch.inference_mode()
def main() -> None:
    """Prints tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", action="store_true", help="the kernels of one picture")
    parser.add_argument("--small", action="store_true", help="a tower of a few numbers")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument(
        "--parts",
        nargs="*",
        default=["errors", "attention", "towers", "stages"],
        choices=["errors", "attention", "towers", "stages"],
    )
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="  [%(message)s]")
    small: bool = options.small
    name = torch.cuda.get_device_name() if ON_GPU else "CPU"
    print(json.dumps({"device": name, "torch": torch.__version__, "small": small}))
    sight_side = 2 if small else SIDE // 28 * 2 + 2
    grid = (sight_side, sight_side)
    whole = tower(1 if small else 24, small=small)
    heads, dim = whole.config.num_heads, whole.config.hidden_size // whole.config.num_heads
    if "errors" in options.parts:
        errors([(2, 4), (2, 2)] if small else [(40, 60), (20, 30)], small=small)
    if "attention" in options.parts and ON_GPU:
        attention(heads, dim, [(5476,), (5476,) * 4, (256,) * 16])
    if "towers" in options.parts or options.profile or "stages" in options.parts:
        counts = (1, 2) if small else (1, 2, 4, 8)
        fused = towers(whole, counts, grid, options.runs)
        if options.profile:
            profile(fused, grid)
        if "stages" in options.parts:
            from scripts.lib import benchmark_pictures  # needs Pillow

            benchmark_pictures.show(fused, 56 if small else SIDE, options.runs)


if __name__ == "__main__":
    main()
