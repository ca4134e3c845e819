"""Batches under way: begun, and not yet known what became of them; free of torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from backend.model.outcome import Outcome
from backend.scheduling.batch import Batch


class Flight(Protocol):
    """A batch that has been begun."""

    @property
    def batch(self) -> Batch:
        """What of it still counts: nothing of a sequence that has ended meanwhile, or whose token
        before turned out to be another than the one it was computed with."""

    @property
    def leaves_tokens(self) -> bool:
        """Whether the next step can take its tokens from the device, before the host knows them."""

    def land(self) -> list[Outcome]:
        """One outcome for each slice of what still counts. Waits for the device; called once.

        Raises DeviceLost.
        """


@dataclass(frozen=True)
class Landed:
    """A batch that is computed already."""

    batch: Batch
    outcomes: list[Outcome]
    leaves_tokens: bool = False

    def land(self) -> list[Outcome]:
        """As `Flight` has it."""
        return self.outcomes
