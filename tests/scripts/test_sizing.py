"""The sizing table: from the record's figures, and the same as in the documentation."""

from __future__ import annotations

import pytest

from scripts import sizing
from scripts.sizing import Measured, measured, measured_reader, table, users

RECORD = """
| | H100 | to be reached | H200 |
|---|---|---|---|
| 32 / 64 text prompts at once | 10–11 / 1,000–1,100 tokens/s | 5 / 6 | 20 / 2,000 |
| 64 picture prompts at once | 300 tokens/s, 2.24 s; 200 at the first run | 1 | 400 |
"""


def test_rates_are_those_of_64_at_once_and_the_lower_of_a_range() -> None:
    assert measured(RECORD) == [
        Measured("H100", "questions about words", 1000),
        Measured("H200", "questions about words", 2000),
        Measured("H100", "questions about a picture", 300),
        Measured("H200", "questions about a picture", 400),
    ]


@pytest.mark.parametrize("lost", ["H200", "64 picture prompts"])
def test_a_record_that_has_changed_is_no_ground_for_figures(lost: str) -> None:
    with pytest.raises(ValueError, match=r"record|list"):
        measured(RECORD.replace(lost, "something"))
    with pytest.raises(ValueError, match="reader"):
        measured_reader(RECORD)


def test_users_are_what_the_rate_has_room_for() -> None:
    # 1,000 tokens a second, half of it used: 5 answers of 100 tokens a second, 60 s between two.
    assert users(1000, 1, answer=100, every=60, busy=0.5) == 300
    assert users(1000, 4, answer=100, every=60, busy=0.5) == 1200


def test_the_table_rounds_down() -> None:
    lines = list(table([Measured("X", "words", 1999)], answer=100, every=100, busy=1.0))
    assert lines[-1].endswith("| X | words | 1,900 | 3,900 | 7,900 | 15,000 |")


def test_the_documentation_holds_what_is_computed(capsys: pytest.CaptureFixture[str]) -> None:
    assert sizing.main([]) == 0
    printed = capsys.readouterr().out.strip()
    told = (sizing.ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    assert printed in told
    for words in (f"{sizing.ANSWER} tokens", "three minutes", "60 %"):
        assert words in told
