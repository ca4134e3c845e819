"""Trades read from their lists say everything that a contract and a request need."""

from __future__ import annotations

import pytest

from scripts.reader import exam
from scripts.reader.trades import taught, trades, withheld

BOTH = pytest.mark.parametrize("language", ["en", "zh"])


@BOTH
def test_every_clause_says_its_value(language: str) -> None:
    for trade in trades(language).values():
        assert trade.titles
        assert all(trade.roles)
        for fact in trade.facts:
            wording = fact.wording(language)
            assert wording.names, fact.key
            assert wording.ask, fact.key
            assert (fact.kind == "flag") == bool(wording.denies), fact.key
            assert (fact.kind == "text") == bool(wording.choices), fact.key
            for says in wording.says.split("|"):
                assert ("{v}" in says) == (fact.kind != "flag"), says
                assert says.format(v="7", a="A", b="B")


@BOTH
def test_no_trade_is_one_that_is_examined(language: str) -> None:
    examined = {paper.kind for paper in exam.papers(1, language, 1)}

    assert examined.isdisjoint(
        title for trade in trades(language).values() for title in trade.titles.split("|")
    )


@BOTH
def test_no_field_of_a_trade_is_one_that_is_examined(language: str) -> None:
    examined = {name for paper in exam.papers(1, language, 4) for name in paper.answer}
    named = {
        name
        for trade in trades(language).values()
        for fact in trade.facts
        for name in fact.wording(language).names.split("|")
    }
    roles = {role for trade in trades(language).values() for role in trade.roles}

    assert examined.isdisjoint(named | roles)


@BOTH
def test_some_kinds_are_withheld(language: str) -> None:
    assert len(withheld(language)) >= 2
    assert sorted([*taught(language), *withheld(language)]) == sorted(trades(language))
