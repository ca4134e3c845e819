"""What is settled before a contract is written: its language, kind and title, and its parties' names."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from scripts.reader.facts import KINDS
from scripts.reader.trades import trades


@dataclass(frozen=True)
class Frame:
    """The frame of one contract."""

    language: str
    kind: str
    title: str
    roles: tuple[str, str]  # what the parties are to each other
    a: str  # what the clauses call them, with the article
    b: str
    who: tuple[str, str]  # questions after them, if the kind has its own

    @property
    def zh(self) -> bool:
        """Whether it is written in Chinese."""
        return self.language == "zh"

    @property
    def joint(self) -> str:
        """What stands between two sentences."""
        return "" if self.zh else " "

    @property
    def called(self) -> tuple[str, str]:
        """What the clauses call the parties, without an article."""
        return self.a.removeprefix("the "), self.b.removeprefix("the ")


def frame(chance: Random, language: str, kind: str) -> Frame:
    """A frame for a contract of that kind."""
    zh = language == "zh"
    trade = trades(language).get(kind)
    if trade is None:
        english, chinese, *both = KINDS[kind]
        roles, titles = chinese if zh else english, both[zh]
    else:
        roles, titles = trade.roles, trade.titles
    a, b = _called_zh(chance, kind, roles) if zh else _called(chance, roles)
    title = chance.choice(titles.split("|"))
    return Frame(language, kind, title, roles, a, b, trade.asks if trade else ("", ""))


def _called(chance: Random, roles: tuple[str, str]) -> tuple[str, str]:
    article = chance.choice(("the ", "the ", ""))
    return f"{article}{roles[0]}", f"{article}{roles[1]}"


def _called_zh(chance: Random, kind: str, roles: tuple[str, str]) -> tuple[str, str]:
    is_plain = chance.random() < 0.65
    a, b = ("甲方", "乙方") if is_plain else roles
    if is_plain and chance.random() < 0.5 and kind != "nda":
        a, b = b, a
    return a, b
