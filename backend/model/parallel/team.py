"""The processes that compute one model together, each on a device of its own.

The first of them leads: it schedules, embeds, sees and samples. The others follow: they hold their
share of the weights and of the keys and values, and do what they are told. Within a step all of
them meet in collectives, in the same order, so a step that breaks anywhere is the end of the team.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import torch
import torch.distributed as dist
from torch._C._distributed_c10d import FileStore

from backend.model.outcome import TeamLost

log = logging.getLogger(__name__)

LOST = "One of the processes that compute the model has ended."
_MEETING = timedelta(minutes=10)  # the longest wait of one for another
_NOBODY: AbstractContextManager[None] = nullcontext()
# The newer name of the same thing; the older one warns where both are there.
_gather: Any = getattr(dist, "all_gather_single", None) or dist.all_gather_into_tensor


@dataclass(frozen=True)
class Load:
    """Load a model; the options are those of `load_network`."""

    folder: Path
    options: dict[str, Any]


@dataclass(frozen=True)
class Prepare:
    """Ready the steps in which up to that many sequences decode."""

    decodes: int


@dataclass(frozen=True)
class Decode:
    """Take part in a recorded step of so many sequences."""

    count: int


@dataclass(frozen=True)
class Piece:
    """A slice, as much of it as one needs who has no use for its text."""

    prompt: int  # tokens
    start: int
    end: int
    samples: bool  # whether the next token is chosen after it
    blocks: list[int]


@dataclass(frozen=True)
class Rows:
    """Take part in computing these slices, whose rows and positions are spread."""

    pieces: list[Piece]


@dataclass(frozen=True)
class Release:
    """The model, or what stands for it for a while, is of no use any more."""


Command = Load | Prepare | Decode | Rows | Release


class Team(Protocol):
    """What a process knows of those it computes with. All of its tensors lie on its device."""

    @property
    def rank(self) -> int:
        """Its place among them; 0 leads."""

    @property
    def size(self) -> int:
        """How many they are."""

    @property
    def device(self) -> torch.device:
        """Where it computes."""

    def tell(self, command: Command) -> None:
        """From the leader, sends word to the others. Raises TeamLost."""

    def doing(self, command: Callable[[], Command]) -> AbstractContextManager[None]:
        """Where the leader does what it tells the others to do at the same time."""

    def check(self) -> None:
        """Raises TeamLost, if one of them is gone."""

    def sum(self, rows: torch.Tensor) -> torch.Tensor:
        """The sum of everybody's rows, in their place."""

    def spread(self, rows: torch.Tensor) -> torch.Tensor:
        """The leader's rows, in the place of everybody's."""

    def join(self, columns: torch.Tensor) -> torch.Tensor:
        """For the leader, everybody's columns [rows, n] side by side [rows, size * n]."""

    def least(self, number: int) -> int:
        """The least of everybody's numbers."""


class Alone:
    """A team of one, which has nobody to wait for."""

    rank = 0
    size = 1

    def __init__(self, device: torch.device | None = None) -> None:
        self._device = device

    @property
    def device(self) -> torch.device:
        return self._device or torch.device("cuda" if torch.cuda.is_available() else "cpu")

    def tell(self, command: Command) -> None:
        pass

    def doing(self, command: Callable[[], Command]) -> AbstractContextManager[None]:
        return _NOBODY

    def check(self) -> None:
        pass

    def sum(self, rows: torch.Tensor) -> torch.Tensor:
        return rows

    def spread(self, rows: torch.Tensor) -> torch.Tensor:
        return rows

    def join(self, columns: torch.Tensor) -> torch.Tensor:
        return columns

    def least(self, number: int) -> int:
        return number


class Together:
    """One of several processes: tensors meet through NCCL, or through gloo on the CPU."""

    def __init__(
        self, rank: int, size: int, meeting: Path, channels: Sequence[Connection] = ()
    ) -> None:
        """Waits for the others, who know the same file to meet at. The leader has a channel to
        each of them."""
        self.rank = rank
        self.size = size
        self.is_lost = False  # one of them is gone; set by any thread
        self._channels = channels
        # They are on one machine, and nobody else is to reach them.
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
        os.environ.setdefault("NCCL_SOCKET_IFNAME", "lo")
        # What passes is small; recorded steps need no memory of theirs known to the others.
        os.environ.setdefault("NCCL_GRAPH_REGISTER", "0")
        self.device = torch.device("cpu")
        if torch.cuda.is_available():
            self.device = torch.device("cuda", rank)
            torch.cuda.set_device(rank)
        dist.init_process_group(
            "nccl" if self.device.type == "cuda" else "gloo",
            store=FileStore(str(meeting), size),
            rank=rank,
            world_size=size,
            timeout=_MEETING,
        )

    def doing(self, command: Callable[[], Command]) -> AbstractContextManager[None]:
        return _Step(self, command()) if self.rank == 0 else _NOBODY

    def tell(self, command: Command) -> None:
        self.check()
        try:
            for channel in self._channels:
                channel.send(command)
        except OSError as error:
            raise self.gone() from error

    def check(self) -> None:
        if self.is_lost:
            raise TeamLost(LOST)

    def gone(self) -> TeamLost:
        """From now on the team is no more."""
        self.is_lost = True
        return TeamLost(LOST)

    def sum(self, rows: torch.Tensor) -> torch.Tensor:
        dist.all_reduce(rows)
        return rows

    def spread(self, rows: torch.Tensor) -> torch.Tensor:
        rows = rows.contiguous()
        dist.broadcast(rows, 0)
        return rows

    def join(self, columns: torch.Tensor) -> torch.Tensor:
        rows, count = columns.shape
        parts = columns.new_empty(self.size * rows, count)
        _gather(parts, columns.contiguous())
        if self.rank:
            return columns
        return parts.view(self.size, rows, count).transpose(0, 1).flatten(1)

    def least(self, number: int) -> int:
        shared = torch.tensor(number, device=self.device)
        dist.all_reduce(shared, dist.ReduceOp.MIN)
        return int(shared)

    def leave(self, *, at_once: bool = False) -> None:
        """Ends its part in the meeting; `at_once` also frees whoever waits in it for one that is
        gone."""
        if not dist.is_initialized():
            return
        if self.device.type == "cpu":
            if not at_once:
                dist.destroy_process_group()
        elif at_once:  # else the process ends with it: NCCL waits for recorded steps to be dropped
            dist.distributed_c10d._abort_process_group()


class _Step:
    """What all of them do at the same time: whatever breaks in it breaks the team."""

    def __init__(self, team: Together, command: Command) -> None:
        self._team = team
        self._command = command

    def __enter__(self) -> None:
        self._team.tell(self._command)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None and not isinstance(error, TeamLost):
            log.error("a step of several processes broke", exc_info=error)
            raise self._team.gone() from error
