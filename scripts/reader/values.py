"""Values of contract fields: how they are written in a contract, and their normal form."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

MONTHS = list(calendar.month_name)
_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
).split()
_TENS = "zero ten twenty thirty forty fifty sixty seventy eighty ninety".split()
_DIGITS_ZH = "零一二三四五六七八九"
_FORMAL_ZH = "零壹贰叁肆伍陆柒捌玖"
UNITS = {"day": ("日", "天"), "month": ("个月",), "year": ("年",), "week": ("周",)}


@dataclass(frozen=True)
class Value:
    """One value: as written, in normal form as text, and as a JSON number where it is one."""

    written: str
    normal: str
    number: float | None = None
    short: str = ""  # the part of `written` that says it in figures; empty: all of it

    @property
    def figures(self) -> str:
        """As written, without the same once more in words."""
        return self.short or self.written


def words(number: int) -> str:
    """A whole number below a billion in English words."""
    if number < 20:
        return _SMALL[number]
    if number < 100:
        rest = number % 10
        return _TENS[number // 10] + (f"-{_SMALL[rest]}" if rest else "")
    for size, name in ((1_000_000, "million"), (1000, "thousand"), (100, "hundred")):
        if number >= size:
            rest = number % size
            return f"{words(number // size)} {name}" + (f" {words(rest)}" if rest else "")
    raise AssertionError(number)


def words_zh(number: int, *, formal: bool = False) -> str:
    """A whole number below 10 ** 12 in Chinese numerals, the formal ones as on cheques."""
    digits = _FORMAL_ZH if formal else _DIGITS_ZH
    units = ("", "拾", "佰", "仟") if formal else ("", "十", "百", "千")
    if number == 0:
        return digits[0]
    for size, name in ((10**8, "亿"), (10**4, "万")):
        if number >= size:
            high, low = divmod(number, size)
            gap = digits[0] if 0 < low < size // 10 else ""
            tail = words_zh(low, formal=formal) if low else ""
            return words_zh(high, formal=formal) + name + gap + tail
    text, pending = "", False
    for place in (3, 2, 1, 0):
        digit = number // 10**place % 10
        if digit:
            text += (digits[0] if pending and text else "") + digits[digit] + units[place]
            pending = False
        else:
            pending = bool(text)
    return text.removeprefix("一") if not formal and 10 <= number < 20 else text


def ordinal(day: int) -> str:
    """1st, 2nd, 3rd, 4th..."""
    ending = "th" if 10 <= day % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{ending}"


def any_date(chance: Random, first: int = 1994, last: int = 2029) -> date:
    """A day between the beginnings of two years."""
    start = date(first, 1, 1)
    return start + timedelta(days=chance.randrange((date(last, 1, 1) - start).days))


DATE_STYLES = (
    *("{month} {day}, {year}",) * 5,
    "{day} {month} {year}",
    "{month} {nth}, {year}",
    "the {nth} day of {month}, {year}",
    "this {nth} day of {month}, {year}",
    "this {nth} day of {month} {year}",
    "{short} {day}, {year}",
    "{m}/{d}/{year}",
    "{mm}/{dd}/{year}",
    "{year}-{mm}-{dd}",
    "{MONTH} {day}, {year}",
)
DATE_STYLES_ZH = (
    *("{year}年{m}月{d}日",) * 4,
    "{year} 年 {m} 月 {d} 日",
    "{year}年{mm}月{dd}日",
    "{zyear}年{zm}月{zd}日",
    "{year}-{mm}-{dd}",
    "{year}.{m}.{d}",
    "{year}/{mm}/{dd}",
)


def write_date(day: date, style: str) -> str:
    """A day in one of the styles."""
    return style.format(
        month=MONTHS[day.month],
        MONTH=MONTHS[day.month].upper(),
        short=f"{MONTHS[day.month][:3]}.",
        day=day.day,
        nth=ordinal(day.day),
        year=day.year,
        m=day.month,
        d=day.day,
        mm=f"{day.month:02}",
        dd=f"{day.day:02}",
        zyear="".join("〇一二三四五六七八九"[int(digit)] for digit in str(day.year)),
        zm=words_zh(day.month),
        zd=words_zh(day.day),
    )


def dated(chance: Random, day: date, language: str, style: str | None = None) -> Value:
    """A day as a contract writes it; the normal form is ISO 8601."""
    styles = DATE_STYLES_ZH if language == "zh" else DATE_STYLES
    return Value(write_date(day, style or chance.choice(styles)), day.isoformat())


def duration(chance: Random, language: str, unit: str, number: int) -> Value:
    """A length of time; the normal form is digits and a unit."""
    if language == "zh":
        name = chance.choice(UNITS[unit])
        plain = words_zh(number)
        plain = {"二": "两"}.get(plain, plain) if unit != "day" else plain
        written = chance.choice(
            (
                f"{number}{name}",
                f"{number} {name}",
                f"{plain}{name}",
                f"{plain}（{number}）{name}",
                f"{number}（{words_zh(number, formal=True)}）{name}",
            )
        )
        return Value(written, f"{number}{name}", number)
    plural = unit if number == 1 else f"{unit}s"
    written = chance.choice(
        (
            f"{number} {plural}",
            f"{words(number)} ({number}) {plural}",
            f"{words(number)} ({number}) {plural}",
            f"{words(number)} {plural}",
            f"{words(number).capitalize()} ({number}) {plural.capitalize()}",
        )
    )
    return Value(written, f"{number} {plural}", number)


def length(language: str, value: Value) -> str:
    """A length of time in the normal form of a language, out of that of any."""
    for unit, names in UNITS.items():
        if value.normal.endswith((*names, unit, f"{unit}s")):
            number = int(value.number or 0)
            plural = "" if number == 1 else "s"
            return f"{number}{names[0]}" if language == "zh" else f"{number} {unit}{plural}"
    return ""


_CURRENCIES = {
    "USD": ("$", "US$", "USD ", "U.S. $"),
    "EUR": ("€", "EUR "),
    "GBP": ("£", "GBP "),
    "CNY": ("RMB ", "CNY ", "RMB¥"),
    "JPY": ("¥", "JPY "),
    "CHF": ("CHF ",),
    "CAD": ("C$", "CAD "),
}
_MONEY_NAMES = {"USD": "US dollars", "EUR": "euros", "GBP": "pounds sterling"}


def money(chance: Random, language: str, low: int, high: int) -> Value:
    """A sum; the normal form is the currency's code and the plain number."""
    step = chance.choice((1, 10, 50, 100, 500, 1000))
    amount = max(low, round(chance.uniform(low, high) / step) * step)
    cents = chance.choice((0, 0, 0, 0, chance.randrange(100)))
    exact = amount + cents / 100
    plain = f"{exact:.2f}" if cents else str(amount)
    if language == "zh":
        grouped = f"{exact:,.2f}" if cents or chance.random() < 0.3 else f"{amount:,}"
        forms = [
            (f"人民币{grouped}元", ""),
            (f"{grouped}元", ""),
            (f"{plain}元", ""),
            (f"人民币 {plain} 元", ""),
            (f"¥{grouped}", ""),
        ]
        if not cents:
            formal = words_zh(amount, formal=True)
            forms += [
                (f"人民币{amount:,}元（大写：{formal}元整）", f"人民币{amount:,}元"),
                (f"人民币{formal}元整（¥{amount:,}）", f"¥{amount:,}"),
                (f"人民币（大写）{formal}元整（小写：{amount}元）", f"{amount}元"),
            ]
            if amount % 10_000 == 0:
                forms.append((f"人民币{amount // 10_000}万元", ""))
            elif amount % 1000 == 0 and amount > 10_000:
                forms.append((f"{amount / 10_000:g}万元", ""))
        written, short = chance.choice(forms)
        return Value(written, f"CNY {plain}", exact, short)
    code = chance.choice((*("USD",) * 6, *_CURRENCIES))
    sign = chance.choice(_CURRENCIES[code])
    grouped = f"{exact:,.2f}" if cents or chance.random() < 0.35 else f"{amount:,}"
    figures = f"{sign}{grouped}"
    forms = [(figures, "")] * 3
    if code in _MONEY_NAMES and not cents:
        spelt = f"{words(amount).capitalize()} {_MONEY_NAMES[code]}"
        forms.append((f"{spelt} ({figures})", figures))
        forms.append((f"{grouped} {_MONEY_NAMES[code]}", ""))
    written, short = chance.choice(forms)
    return Value(written, f"{code} {plain}", exact, short)


def percent(chance: Random, language: str, low: float, high: float) -> Value:
    """A rate; the normal form has digits and the sign."""
    number = round(chance.uniform(low, high), chance.choice((0, 1, 2)))
    number = max(number, low)
    plain = f"{number:g}"
    if language == "zh":
        forms = [f"{plain}%", f"{plain}%", f"百分之{plain}"]
        if number < 1:
            forms.append(f"{plain}％")
        return Value(chance.choice(forms), f"{plain}%", float(plain))
    forms = [f"{plain}%", f"{plain}%", f"{plain} percent", f"{plain} per cent"]
    if number == int(number):
        forms.append(f"{words(int(number))} percent ({plain}%)")
    return Value(chance.choice(forms), f"{plain}%", float(plain))


_SUFFIX_FORMS = (
    (r"\bL\.?\s?L\.?\s?C\.?(?=\W|$)", "LLC"),
    (r"\bL\.\s?P\.?(?=\W|$)", "LP"),
    (r"\bInc(?:orporated)?\b\.?", "Inc."),
    (r"\b(?:Limited|Ltd)\b\.?", "Ltd."),
    (r"\bCorp\b\.?", "Corp."),
    (r"\bCo\b\.?(?!-)", "Co."),
    (r"\bN\.\s?V\.?(?=\W|$)", "N.V."),
)


def plain_name(name: str) -> str:
    """A party's name in normal form: no commas, `and` for `&`, one spelling for each suffix."""
    name = re.sub(r"\s+", " ", name.replace("&", " and ").replace(",", " "))
    for pattern, form in _SUFFIX_FORMS:
        name = re.sub(pattern, form, name, flags=re.IGNORECASE)
    return re.sub(r"\s+", " ", name).strip(" ;:")
