"""What is saved when a step breaks."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence as SequenceOf

import pytest
import torch

from backend.model import recovery
from backend.model.outcome import NO_MEMORY, DeviceLost, Failed, Outcome, Sampled
from backend.prompt.prompt import Sampling
from backend.scheduling.scheduler import Slice
from backend.scheduling.sequence import Sequence

CPU = torch.device("cpu")


def slices(*prompts: int, decoding: int = 0) -> list[Slice]:
    """Decodes first, as in a batch, then whole prompts of so many tokens."""
    parts = []
    for number in range(decoding):
        sequence = Sequence(f"d{number}", "o", 0, (1, 2), Sampling(), output_ids=[3])
        parts.append(Slice(sequence, 2, 3))
    for number, length in enumerate(prompts):
        sequence = Sequence(f"p{number}", "o", 0, (1,) * length, Sampling())
        parts.append(Slice(sequence, 0, length))
    return parts


def names(parts: SequenceOf[Slice]) -> list[str]:
    return [part.sequence.request_id for part in parts]


def chosen(logits: torch.Tensor, parts: SequenceOf[Slice]) -> list[Outcome]:
    return [Sampled(int(row)) for row in logits]


def failing_on(
    name: str, error: Exception
) -> tuple[Callable[[SequenceOf[Slice]], torch.Tensor], list[list[str]]]:
    """A forward pass that breaks with that sequence in it, and what it was tried with."""
    tried: list[list[str]] = []

    def forward(parts: SequenceOf[Slice]) -> torch.Tensor:
        tried.append(names(parts))
        if name in names(parts):
            raise error
        return torch.arange(len(parts))

    return forward, tried


def test_what_does_not_break_is_computed_once() -> None:
    forward, tried = failing_on("nobody", RuntimeError())

    outcomes = recovery.computed(slices(5, 6, decoding=1), forward, chosen, CPU)

    assert outcomes == [Sampled(0), Sampled(1), Sampled(2)]
    assert tried == [["d0", "p0", "p1"]]
    assert recovery.computed([], forward, chosen, CPU) == []


def test_decodes_go_on_together_and_the_prompt_at_fault_is_found() -> None:
    forward, tried = failing_on("p1", RuntimeError("broken"))

    outcomes = recovery.computed(slices(5, 6, 7, decoding=2), forward, chosen, CPU)

    assert outcomes == [Sampled(0), Sampled(1), Sampled(0), Failed(), Sampled(0)]
    assert tried == [["d0", "d1", "p0", "p1", "p2"], ["d0", "d1"], ["p0"], ["p1"], ["p2"]]


def test_want_of_memory_may_pass() -> None:
    forward, _ = failing_on("p0", torch.OutOfMemoryError())

    [outcome] = recovery.computed(slices(5), forward, chosen, CPU)

    assert outcome == Failed(NO_MEMORY, is_passing=True)


def test_a_lost_device_is_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    forward, tried = failing_on("p0", RuntimeError("illegal memory access"))
    monkeypatch.setattr(recovery, "answers", lambda device: False)

    with pytest.raises(DeviceLost):
        recovery.computed(slices(5, 6), forward, chosen, CPU)
    assert len(tried) == 1


def test_what_is_lost_already_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[torch.device] = []
    monkeypatch.setattr(recovery, "answers", asked.append)

    with pytest.raises(DeviceLost, match="gone"):
        recovery.recover(DeviceLost("gone"), CPU)
    assert asked == []
