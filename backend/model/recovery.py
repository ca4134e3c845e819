"""What is done when a step breaks, memory is short or logits are of no use: most is saved."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from collections.abc import Sequence as SequenceOf

import torch

from backend.model.outcome import LOST, NO_MEMORY, NOT_NUMBERS, DeviceLost, Failed, Outcome
from backend.model.sampler import Sampler, UnusableLogits
from backend.prompt.guide import GuideBroken
from backend.scheduling.scheduler import Slice

log = logging.getLogger(__name__)

_FORMLESS = "The answer could not be kept to the form that was asked for."


def computed(
    slices: SequenceOf[Slice],
    forward: Callable[[SequenceOf[Slice]], torch.Tensor],
    chosen: Callable[[torch.Tensor, SequenceOf[Slice]], list[Outcome]],
    device: torch.device,
) -> list[Outcome]:
    """Outcomes, `chosen` from the logits of one `forward` pass of the slices; if that breaks, of
    parts of them, to find the one at fault.

    So for want of memory, too: what is computed alone needs least, and nobody else is harmed.
    Raises DeviceLost.
    """
    if not slices:
        return []
    try:
        logits = forward(slices)
    except Exception as error:
        recover(error, device)
        if len(slices) > 1:
            return [
                outcome
                for some in _apart(slices)
                for outcome in computed(some, forward, chosen, device)
            ]
        log.warning("a slice cannot be computed", extra=_named(slices[0]))
        is_full = isinstance(error, torch.OutOfMemoryError)
        return [Failed(NO_MEMORY, is_passing=True) if is_full else Failed()]
    return chosen(logits, slices)


def recover(error: Exception, device: torch.device) -> None:
    """Makes the device ready to go on after an error. Raises DeviceLost if it never will."""
    if isinstance(error, DeviceLost):
        raise error
    log.warning("a step broke", exc_info=error)
    if not answers(device):
        raise DeviceLost(LOST) from error
    if isinstance(error, torch.OutOfMemoryError) and device.type == "cuda":
        torch.cuda.empty_cache()


def answers(device: torch.device) -> bool:
    """Whether a device does what it is told: after some errors a GPU never does again."""
    if device.type != "cuda":
        return True
    try:
        torch.cuda.synchronize(device)
    except Exception:
        return False
    return True


def sampled(sampler: Sampler, logits: torch.Tensor, part: Slice) -> Outcome:
    """A token after a slice, from logits [vocabulary]; a failure if none can be had."""
    try:
        return sampler.sample(logits, part.sequence)
    except UnusableLogits:
        log.warning("logits are not finite", extra=_named(part))
        return Failed(NOT_NUMBERS)
    except GuideBroken:
        log.warning("no token has the form", extra=_named(part))
        return Failed(_FORMLESS)
    except Exception:
        log.exception("sampling failed", extra=_named(part))
        return Failed()


def _apart(slices: SequenceOf[Slice]) -> Iterator[SequenceOf[Slice]]:
    """Decodes, which need little, apart from prompts; then each slice by itself."""
    decodes = [part for part in slices if part.start >= len(part.sequence.prompt_ids)]
    if 0 < len(decodes) < len(slices):
        yield decodes
        slices = slices[len(decodes) :]
    for part in slices:
        yield [part]


def _named(part: Slice) -> dict[str, str]:
    """Says in the log whose slice it is."""
    return {"request_id": part.sequence.request_id}
