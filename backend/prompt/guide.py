"""What an answer in the making is held to, token by token."""

from __future__ import annotations

from typing import Protocol


class GuideBroken(Exception):
    """A guide that cannot go on: no token may follow, or one came that may not."""


class Guide(Protocol):
    """Holds one answer to a grammar, to a budget for reasoning, or to both.

    It hears of every token of its answer exactly once, in order; a preempted sequence keeps it.
    """

    @property
    def warning(self) -> str:
        """A sentence for people on what had to be done to the answer; empty if nothing was."""

    def allowed(self) -> bytes | None:
        """Which tokens may come next: a bit each, in 32-bit little-endian words; None: any may."""

    def forced(self) -> int | None:
        """The token that comes next whatever is sampled; None: none is forced."""

    def accept(self, token: int) -> None:
        """Takes the token that came, end-of-text included. Raises GuideBroken."""
