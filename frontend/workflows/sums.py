"""Sums of money in a text: currency and amount, in figures, words and capital Chinese."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Final

from frontend.workflows import numerals

# What is written, and the currency that it certainly is. A bare sign stays a sign: `$` is the
# dollar of several countries, `¥` the money of two.
_CURRENCIES: Final = {
    "us$": "USD", "u.s.$": "USD", "u.s. $": "USD", "usd": "USD", "usd$": "USD", "美元": "USD",
    "美金": "USD", "u.s. dollars": "USD", "us dollars": "USD", "united states dollars": "USD",
    "dollars of the united states": "USD", "hk$": "HKD", "hkd": "HKD", "港币": "HKD", "港元": "HKD",
    "c$": "CAD", "ca$": "CAD", "cad": "CAD", "canadian dollars": "CAD", "a$": "AUD", "aud": "AUD",
    "australian dollars": "AUD", "s$": "SGD", "sgd": "SGD", "£": "GBP", "gbp": "GBP",
    "pounds sterling": "GBP", "英镑": "GBP", "€": "EUR", "eur": "EUR", "euros": "EUR",
    "euro": "EUR", "欧元": "EUR", "chf": "CHF", "swiss francs": "CHF", "jpy": "JPY", "yen": "JPY",
    "日元": "JPY", "rmb": "CNY", "rmb¥": "CNY", "cny": "CNY", "人民币": "CNY", "yuan": "CNY",
    "renminbi": "CNY", "元": "CNY", "圆": "CNY", "元整": "CNY", "$": "$", "dollars": "$",
    "¥": "¥", "￥": "¥",
}  # fmt: skip


def _alternatives(names: list[str]) -> str:
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))


_BEFORE: Final = _alternatives([name for name in _CURRENCIES if not name.startswith(("元", "圆"))])
_AFTER: Final = _alternatives([name for name in _CURRENCIES if not name.endswith("$")])
_FIGURE: Final = (
    r"(?:\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?|\d{1,3}(?:\.\d{3})+,\d{2}|\d+(?:\.\d{1,2})?)"
    r"(?![\d.,]\d|\d)"
)
_SCALE: Final = r"(?:\s?(?P<scale>thousand|million|billion|万|萬|亿|億|千|百万|千万))?"
_SIGNED: Final = re.compile(
    rf"(?<![A-Za-z\d$])(?P<sign>{_BEFORE})\s{{0,2}}[:：]?\s?(?P<figure>{_FIGURE}){_SCALE}"
    rf"(?P<yuan>\s?元)?",
    re.IGNORECASE,
)
_NAMED: Final = re.compile(
    rf"(?<![A-Za-z\d$.,])(?P<figure>{_FIGURE}){_SCALE}\s{{0,2}}(?P<name>{_AFTER})(?![a-z])",
    re.IGNORECASE,
)
_WORDED: Final = re.compile(
    rf"(?<![A-Za-z\d-])(?P<number>{numerals.ENGLISH})\s+(?P<name>{_AFTER})(?![a-z])", re.IGNORECASE
)
_CAPITAL: Final = re.compile(
    rf"(?P<sign>人民币|美元|港币|欧元)?\s?(?:[（(]大写[)）])?\s?[:：]?\s?(?P<number>{numerals.CHINESE})\s?(?P<name>元|圆|美元|港元|欧元)"
    r"(?:(?P<jiao>[零一二三四五六七八九壹贰叁肆伍陆柒捌玖])角)?"
    r"(?:零?(?P<fen>[一二三四五六七八九壹贰叁肆伍陆柒捌玖])分)?整?"
)
# Between the same sum in figures and in words.
_TWICE: Final = re.compile(r"[\s(（,，]*(?:大写|小写|即|or)?[\s:：]*")
_OF_SIGN: Final = {"$": ("USD", "CAD", "AUD", "HKD", "SGD"), "¥": ("CNY", "JPY")}
_SCALES: Final = {
    "thousand": 10**3, "million": 10**6, "billion": 10**9, "千": 10**3, "万": 10**4, "萬": 10**4,
    "百万": 10**6, "千万": 10**7, "亿": 10**8, "億": 10**8,
}  # fmt: skip


def sums(text: str) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """Start, end and readings of every sum, in no order; those found in two ways come twice."""
    for found in _SIGNED.finditer(text):
        currency = _CURRENCIES[found["sign"].lower()]
        if currency == "¥" and found["yuan"]:
            currency = "CNY"
        yield from _told(found, currency, _amount(found["figure"], found["scale"]))
    for found in _NAMED.finditer(text):
        currency = _CURRENCIES[found["name"].lower()]
        yield from _told(found, currency, _amount(found["figure"], found["scale"]))
    for found in _WORDED.finditer(text):
        whole = numerals.english(found["number"])
        amount = None if whole is None else Decimal(whole)
        yield from _told(found, _CURRENCIES[found["name"].lower()], amount)
    for found in _CAPITAL.finditer(text):
        amount = numerals.chinese(found["number"])
        if amount is not None:
            for coin, worth in (("jiao", "0.1"), ("fen", "0.01")):
                if found[coin]:
                    amount += (numerals.chinese(found[coin]) or 0) * Decimal(worth)
        name = found["name"] if found["name"] not in "元圆" else found["sign"] or "元"
        yield from _told(found, _CURRENCIES[name], amount)


def _told(
    found: re.Match[str], currency: str, amount: Decimal | None
) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    if amount is not None:
        yield found.start(), found.end(), (f"{currency} {amount:.2f}",)


def _amount(figure: str, scale: str | None) -> Decimal | None:
    """`1,000.00`, `1.000,00` and `1.5` with `million` as one number."""
    if re.fullmatch(r"\d{1,3}(?:\.\d{3})+,\d{2}", figure):
        figure = figure.replace(".", "").replace(",", ".")
    try:
        return Decimal(figure.replace(",", "")) * _SCALES.get((scale or "").lower(), 1)
    except InvalidOperation:
        return None


def same_sum(text: str, one: tuple[int, int, str], other: tuple[int, int, str]) -> str | None:
    """The reading of two neighbours (start, end, reading) that are one sum told twice, or None.

    The currency that is spelled out says what a bare sign beside it means.
    """
    if not _TWICE.fullmatch(text[one[1] : other[0]]):
        return None
    first, amount = one[2].rsplit(" ", 1)
    second, again = other[2].rsplit(" ", 1)
    if amount != again:
        return None
    if first == second or second in _OF_SIGN.get(first, ()):
        return other[2]
    return one[2] if first in _OF_SIGN.get(second, ()) else None
