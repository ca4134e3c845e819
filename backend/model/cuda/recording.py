"""Records steps as CUDA graphs: several hundred kernels, launched as one.

A graph has fixed sizes and fixed addresses, so what a step needs is filled in beforehand, in one
piece.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
import torch

log = logging.getLogger(__name__)

NOWHERE = -1  # a slot
_WARM_UPS = 2


class Recording(Protocol):
    """A step that can be run again and again, each time on what has been filled in."""

    def replay(self) -> torch.Tensor:
        """Computes, without waiting for the device; overwritten by the next step of any size."""


class _Graph:
    """A step as a CUDA graph, and the tensor it fills."""

    def __init__(self, graph: torch.cuda.CUDAGraph, output: torch.Tensor) -> None:
        self._graph = graph
        self._output = output

    def replay(self) -> torch.Tensor:
        """As `Recording` has it."""
        self._graph.replay()
        return self._output


class _Repeated:
    """A step that is launched kernel by kernel, for want of graphs."""

    def __init__(self, step: Callable[[], torch.Tensor]) -> None:
        self.replay = step


class Recorder:
    """Makes graphs that share the memory for what they compute on the way.

    So each overwrites what the one before it has left.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._pool: Any = None

    def record(self, step: Callable[[], torch.Tensor]) -> Recording:
        """A step that never waits for the device; the tensor it fills may move where there are no
        graphs, as in Triton's interpreter."""
        if self._device.type != "cuda":
            return _Repeated(step)
        side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(_WARM_UPS):  # kernels are compiled and libraries get their workspaces
                step()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        # Other threads may go on meanwhile, as those that watch over a team's meetings do.
        with torch.cuda.graph(graph, pool=self._pool, capture_error_mode="thread_local"):
            output = step()
        self._pool = self._pool or graph.pool()
        return _Graph(graph, output)


Step = TypeVar("Step")


class Recordings(Generic[Step]):
    """The steps of a few sizes, as far as they are recorded."""

    def __init__(self, what: str, sizes: Sequence[int], record: Callable[[int], Step]) -> None:
        """`record` makes the step of a size."""
        self.sizes = sizes
        self._what = what
        self._record = record
        self._steps: dict[int, Step] = {}

    def fitting(self, count: int) -> Step:
        """The smallest recorded step for that many; recorded now where none is large enough."""
        fitting = [size for size in self._steps if size >= count]
        return self.of(min(fitting) if fitting else next(n for n in self.sizes if n >= count))

    def of(self, size: int) -> Step:
        """The step of a size, recorded if need be."""
        if size not in self._steps:
            self._steps[size] = self._record(size)
            log.info("recorded the step of %d %s", size, self._what)
        return self._steps[size]

    def missing(self, most: int) -> list[int]:
        """Sizes up to `most` that are not recorded, the largest first: the others find their
        memory in its."""
        return [size for size in reversed(self.sizes) if size <= most and size not in self._steps]


class Staging:
    """Whole numbers that the host fills in and a graph reads on the device."""

    def __init__(self, shapes: Sequence[tuple[int, int]], device: torch.device) -> None:
        """One matrix for each shape."""
        size = sum(rows * columns for rows, columns in shapes)
        self.flat = torch.zeros(size, dtype=torch.int32, device=device)  # all of them
        has_queue = device.type == "cuda"
        self._host = torch.zeros(size, dtype=torch.int32, pin_memory=has_queue)
        self._sent: torch.cuda.Event | None = None
        if has_queue:
            self._sent = torch.cuda.Event()  # type: ignore[no-untyped-call]
        self.device: list[torch.Tensor] = []
        self.host: list[np.ndarray[Any, np.dtype[np.int32]]] = []
        first = 0
        for rows, columns in shapes:
            end = first + rows * columns
            self.device.append(self.flat[first:end].view(rows, columns))
            self.host.append(self._host[first:end].numpy().reshape(rows, columns))
            first = end

    def send(self) -> None:
        """Copies what the host has filled in, without waiting for it."""
        self.flat.copy_(self._host, non_blocking=True)
        if self._sent is not None:
            self._sent.record()

    def wait(self) -> None:
        """Until the host may fill in again: the last copy is done."""
        if self._sent is not None:
            self._sent.synchronize()


class Tables:
    """The blocks of the sequences of a step, as rows of a matrix on the host.

    Most often a row's sequence is that of the step before, with one more block at most.
    """

    def __init__(self, matrix: np.ndarray[Any, np.dtype[np.int32]]) -> None:
        self._matrix = matrix
        self._known: list[list[int]] = [[] for _ in matrix]

    def write(self, row: int, blocks: list[int]) -> None:
        """What stood behind them in the row is left; nobody reads it."""
        known = self._known[row]
        same = len(known) if known == blocks[: len(known)] else 0
        if same < len(blocks):
            self._matrix[row, same : len(blocks)] = blocks[same:]
            self._known[row] = blocks
