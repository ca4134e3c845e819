"""Contracts that nobody signed: what they say is chosen by chance, then written and laid out in pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from scripts.reader import values
from scripts.reader.facts import FACTS, KINDS, Fact
from scripts.reader.preamble import PREAMBLE
from scripts.reader.trades import Trade, taught, trades
from scripts.reader.writing import opening_en, opening_zh
from scripts.reader.writing.clauses import clauses, particulars
from scripts.reader.writing.closing import closing
from scripts.reader.writing.frame import frame
from scripts.reader.writing.pages import laid_out
from scripts.reader.writing.paragraphs import Said
from scripts.reader.writing.parties import party

_MIXED = 0.4  # share of a trade's contracts that say things of other trades besides
_SERIES = ("HT", "No.", "C", "AG", "XS")  # what a contract's number begins with
_BY_KEY = {
    fact.key: fact
    for fact in (
        *FACTS,
        *(fact for each in ("en", "zh") for trade in trades(each).values() for fact in trade.facts),
    )
}


@dataclass
class Contract:
    """One contract, its pages as lines of text, and what it says."""

    language: str
    kind: str
    title: str
    roles: tuple[str, str]
    called: tuple[str, str] = ("", "")  # what the clauses call the parties
    who: tuple[str, str] = ("", "")  # questions after them, if the kind has its own
    pages: list[str] = field(default_factory=list)
    said: dict[str, Said] = field(default_factory=dict)
    absent: list[Fact] = field(default_factory=list)
    particulars: dict[str, Fact] = field(default_factory=dict)  # facts of this contract alone

    def fact(self, key: str) -> Fact:
        """The fact that a key of `said` stands for."""
        return PREAMBLE.get(key) or self.particulars.get(key) or _BY_KEY[key]


def contract(
    chance: Random, language: str, *, kinds: Sequence[str] = (), withheld: str = ""
) -> Contract:
    """A new contract. Facts named in `withheld` never occur."""
    kind = chance.choice(list(kinds) or [*KINDS, *trades(language)])
    settled = frame(chance, language, kind)
    day = values.any_date(chance)
    chosen, absent = _facts(chance, language, kind, set(withheld.split()))
    body = clauses(chance, settled, chosen)
    besides, own = particulars(chance, settled)
    for paragraph in besides:
        body.insert(chance.randint(0, len(body)), paragraph)
    both = (party(chance, settled, 0), party(chance, settled, 1))
    written = values.dated(chance, day, language)
    number = f"{chance.choice(_SERIES)}-{chance.randint(1000, 99999)}"
    begin = opening_zh.opening if settled.zh else opening_en.opening
    paragraphs = [*begin(chance, settled, both, written, number), *body, *closing(chance, settled)]
    pages, said = laid_out(chance, settled, paragraphs)
    return Contract(
        language,
        kind,
        settled.title,
        settled.roles,
        called=settled.called,
        who=settled.who,
        pages=pages,
        said=said,
        absent=absent,
        particulars=own,
    )


def _facts(
    chance: Random, language: str, kind: str, withheld: set[str]
) -> tuple[list[Fact], list[Fact]]:
    """What a contract says, and what it could say and does not."""
    trade = trades(language).get(kind)
    general = [
        fact
        for fact in FACTS
        if fact.key not in withheld and (not fact.kinds or kind in fact.kinds)
    ]
    own = [fact for fact in (trade.facts if trade else ()) if fact.key not in withheld]
    chosen = chance.sample(own, chance.randint(min(3, len(own)), len(own)))
    count = chance.randint(0, 6) if own else chance.randint(4, 16)
    chosen += chance.sample(general, min(len(general), count))
    if trade is not None and kind in taught(language) and chance.random() < _MIXED:
        chosen += _of_others(chance, language, trade, chosen)
    return chosen, [fact for fact in (*general, *own) if fact not in chosen]


def _of_others(chance: Random, language: str, trade: Trade, chosen: Sequence[Fact]) -> list[Fact]:
    """Facts of other trades, so that no field is known by the company that it keeps."""
    named = {name for fact in (*chosen, *trade.facts) for name in _names(fact, language)}
    added: list[Fact] = []
    for key in chance.sample(taught(language), 4):
        fact = chance.choice(trades(language)[key].facts)
        if key != trade.key and named.isdisjoint(_names(fact, language)):
            added.append(fact)
            named |= _names(fact, language)
    return added


def _names(fact: Fact, language: str) -> set[str]:
    return set(fact.wording(language).names.split("|"))
