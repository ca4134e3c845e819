"""Plain questions before and after: what counts as right, and as the same."""

from __future__ import annotations

import pytest

from scripts.contracts.ordinary import compared
from scripts.reader.plain import FIFTY


@pytest.mark.parametrize("spoilt", [0, 3])
def test_answers_are_marked_and_compared(spoilt: int) -> None:
    def ask(adapted: bool) -> list[str]:
        right = ["It is Paris."] + ["?"] * (len(FIFTY) - 1)
        return [*right[spoilt:], *["!"] * spoilt] if adapted else right

    report = compared(ask)
    before, after, same = report.figures
    assert (before.value, after.value) == (1, 0 if spoilt else 1)
    assert same.value == (len(FIFTY) - 1 - spoilt if spoilt else len(FIFTY))
    assert report.misses == bool(spoilt)
