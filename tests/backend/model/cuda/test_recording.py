"""Steps that are not recorded yet are served by larger ones that are."""

from __future__ import annotations

from backend.model.cuda.recording import Recordings


def recordings() -> tuple[Recordings[str], list[int]]:
    """Steps of four sizes, and in which order they were recorded."""
    recorded: list[int] = []

    def record(size: int) -> str:
        recorded.append(size)
        return f"step of {size}"

    return Recordings("rows", (1, 4, 16, 64), record), recorded


def test_what_is_recorded_and_large_enough_serves() -> None:
    steps, recorded = recordings()
    steps.of(64)
    steps.of(4)
    assert [steps.fitting(count) for count in (1, 4, 5, 64)] == [
        "step of 4",
        "step of 4",
        "step of 64",
        "step of 64",
    ]
    assert recorded == [64, 4]


def test_what_nothing_is_large_enough_for_is_recorded_once() -> None:
    steps, recorded = recordings()
    steps.of(4)
    assert steps.fitting(5) == steps.fitting(16) == "step of 16"
    assert recorded == [4, 16]


def test_the_largest_is_recorded_first() -> None:
    steps, _ = recordings()
    steps.of(4)
    assert steps.missing(64) == [64, 16, 1]
    assert steps.missing(16) == [16, 1]
