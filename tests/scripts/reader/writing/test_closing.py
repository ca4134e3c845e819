"""How contracts end."""

from __future__ import annotations

from random import Random

import pytest

from scripts.reader.writing.closing import closing
from scripts.reader.writing.frame import frame


@pytest.mark.parametrize("language", ["en", "zh"])
def test_both_parties_sign_if_anybody_does(language: str) -> None:
    signed = 0
    for seed in range(40):
        settled = frame(Random(seed), language, "loan")
        text = "\n".join(one.text for one in closing(Random(seed), settled))
        for role, letter in zip(settled.roles, "甲乙", strict=True):
            assert not text or role.upper() in text or role in text or f"{letter}方" in text
        signed += bool(text)
    assert 0 < signed < 40
