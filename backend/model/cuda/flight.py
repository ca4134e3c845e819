"""A batch on the device: its tokens are chosen there, and the next step may begin before they are
known here."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass, replace

import torch

from backend.model.cuda.sampling import Choice, is_plain, may_need_logits
from backend.model.outcome import LOST, NOT_NUMBERS, DeviceLost, Failed, Outcome, Sampled
from backend.scheduling.batch import Batch, Slice
from backend.scheduling.sequence import Sequence

log = logging.getLogger(__name__)

Sample = Callable[[torch.Tensor, Slice], Outcome]


@dataclass(frozen=True)
class Left:
    """Tokens that a step has chosen and left on the device, where the next one finds them."""

    rows: Mapping[Sequence, int]

    def source(self, part: Slice) -> int | None:
        """The row of the token that a slice of the next step begins with; None: the host has it."""
        return None if part.start < part.sequence.length else self.rows[part.sequence]

    def samples(self, part: Slice) -> bool:
        """Whether a token is chosen after a slice of the next step."""
        return part.end == part.sequence.length + (part.sequence in self.rows)


NOTHING_LEFT = Left({})


class DeviceFlight:
    """As `backend.model.flight.Flight` has it."""

    def __init__(
        self,
        batch: Batch,
        rows: SequenceOf[int | None],
        logits: torch.Tensor,
        choice: Choice,
        sample: Sample,
        check: Callable[[], None],
        *,
        is_kept: bool,
        before: DeviceFlight | None = None,
    ) -> None:
        """`rows` of the logits and of the choice belong to the batch's slices, None to one that
        samples nothing. `sample` chooses where the device does not. `check` raises DeviceLost if
        others who compute with this process are gone. `is_kept` says that the device
        keeps the choice for the next step, which will overwrite the logits. `before` is the flight
        that left this one its tokens."""
        parts = [part for part, row in zip(batch.slices, rows, strict=True) if row is not None]
        self.leaves_tokens = is_kept and all(map(is_plain, parts))
        self.late: set[Sequence] = set()  # whose token the host had to choose in the end
        self._whole = batch
        self._rows = {id(part): row for part, row in zip(batch.slices, rows, strict=True)}
        self._choice = choice
        self._sample = sample
        self._check = check
        self._before = before
        self._logits: torch.Tensor | None = logits
        if self.leaves_tokens:
            self._logits = logits.clone() if any(map(may_need_logits, parts)) else None

    @property
    def batch(self) -> Batch:
        """What of it still counts."""
        late = set() if self._before is None else self._before.late
        whole = self._whole
        return replace(
            whole,
            decodes=tuple(part for part in whole.decodes if _counts(part, late)),
            prefills=tuple(part for part in whole.prefills if _counts(part, late)),
        )

    def left(self) -> Left:
        """What of its tokens lies where on the device."""
        rows = {part.sequence: self._rows[id(part)] for part in self.batch.slices}
        return Left({sequence: row for sequence, row in rows.items() if row is not None})

    @torch.inference_mode()
    def land(self) -> list[Outcome]:
        """One outcome for each slice of what still counts."""
        try:
            tokens = self._choice.wait()
        except Exception as error:
            log.exception("the device broke while it computed")
            self._check()
            raise DeviceLost(LOST) from error
        self._check()
        self._whole, self._before = self.batch, None  # what counts now is what it answers for
        return [self._outcome(part, tokens) for part in self._whole.slices]

    def _outcome(self, part: Slice, tokens: SequenceOf[int | None]) -> Outcome:
        row = self._rows[id(part)]
        if row is None:
            return None
        token = tokens[row]
        if token is not None:
            return Sampled(token)
        self.late.add(part.sequence)
        if self._logits is not None:
            return self._sample(self._logits[row], part)
        log.warning("logits are not finite", extra={"request_id": part.sequence.request_id})
        return Failed(NOT_NUMBERS)


def _counts(part: Slice, late: set[Sequence]) -> bool:
    return part.sequence.reason is None and part.sequence not in late
