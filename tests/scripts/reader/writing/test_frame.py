"""The frame of a contract, settled by chance."""

from __future__ import annotations

from random import Random

from scripts.reader.facts import KINDS
from scripts.reader.writing.frame import frame


def test_english_clauses_call_the_parties_by_their_roles() -> None:
    made = [frame(Random(seed), "en", "lease") for seed in range(20)]

    assert {one.roles for one in made} == {KINDS["lease"][0]}
    assert all(one.called == one.roles for one in made)
    assert {one.a.startswith("the ") for one in made} == {True, False}


def test_chinese_clauses_call_them_by_letters_or_roles() -> None:
    made = [frame(Random(seed), "zh", "lease") for seed in range(40)]

    called = {(one.a, one.b) for one in made}
    assert called == {("甲方", "乙方"), ("乙方", "甲方"), KINDS["lease"][1]}
