"""Contracts of many trades, each with facts of its own, read from `trades_zh`,
`trades_zh_more` and `trades_en`.

What the reader is examined with (see `exam`) is no trade of these lists.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from scripts.reader.facts import Fact, Wording
from scripts.reader.trades_en import TRADES_EN
from scripts.reader.trades_zh import TRADES_ZH
from scripts.reader.trades_zh_more import MORE_TRADES_ZH

_WITHHELD = (4, 13, 22, 31)  # places among a language's trades
_NOBODY = Wording("", "", "", "", "")


@dataclass(frozen=True)
class Trade:
    """A kind of contract that one language tells of."""

    key: str
    titles: str  # alternatives separated by `|`
    roles: tuple[str, str]
    asks: tuple[str, str]  # who the one and the other is
    facts: tuple[Fact, ...]


@cache
def trades(language: str) -> dict[str, Trade]:
    """Every trade of a language, by key."""
    found: dict[str, Trade] = {}
    head = ""
    rows: list[str] = []
    texts = (TRADES_ZH, MORE_TRADES_ZH) if language == "zh" else (TRADES_EN,)
    for line in [*(line for text in texts for line in text.strip().splitlines()), "="]:
        if not line.startswith("="):
            rows.append(line)
            continue
        if head:
            trade = _trade(language, f"trade_{language}_{len(found)}", head, rows)
            found[trade.key] = trade
        head, rows = line.removeprefix("=").strip(), []
    return found


def taught(language: str) -> list[str]:
    """The kinds that lessons show; the others choose between adapters."""
    return [key for place, key in enumerate(trades(language)) if place not in _WITHHELD]


def withheld(language: str) -> list[str]:
    """The kinds that lessons never show."""
    shown = taught(language)
    return [key for key in trades(language) if key not in shown]


def _trade(language: str, key: str, head: str, rows: list[str]) -> Trade:
    titles, first, second = (part.strip() for part in head.split(" ; "))
    roles, asks = zip(*(role.split("~") for role in (first, second)), strict=True)
    facts = tuple(_fact(language, f"{key}_{number}", row) for number, row in enumerate(rows))
    return Trade(key, titles, (roles[0], roles[1]), (asks[0], asks[1]), facts)


def _fact(language: str, key: str, row: str) -> Fact:
    kind, names, ask, says, *more = (part.strip() for part in row.split(" ; "))
    kind, *extent = kind.split()
    unit = extent.pop(0) if kind == "duration" else ""
    low, high = (float(extent[0]), float(extent[1])) if extent else (1.0, 10.0)
    label = names.split("|")[0]
    heading = label if language == "zh" else label.replace("_", " ").capitalize()
    is_flag = kind == "flag"
    wording = Wording(
        names=names,
        ask=ask,
        heading=names if language == "zh" else heading,
        says=says,
        brief=_brief(language, heading, says, is_flag=is_flag),
        denies=more[0] if is_flag else "",
        briefly_not=more[0].split("|")[0] if is_flag else "",
        choices=more[0] if more and not is_flag else "",
    )
    zh = language == "zh"
    return Fact(
        key, kind, _NOBODY if zh else wording, wording if zh else _NOBODY, unit=unit, low=low, high=high
    )  # fmt: skip


def _brief(language: str, heading: str, says: str, *, is_flag: bool) -> str:
    """A sentence of a summary: a clause that stands by itself, else the heading and the value."""
    first = says.split("|")[0]
    most = 26 if language == "zh" else 70
    if is_flag or len(first) <= most:
        return first
    return f"{heading}为{{v}}。" if language == "zh" else f"{heading}: {{v}}."
