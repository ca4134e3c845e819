"""What a fact's clause is filled with: a value by chance, of the fact's kind."""

from __future__ import annotations

from random import Random

from scripts.reader import chance as names
from scripts.reader import values
from scripts.reader.facts import Fact
from scripts.reader.values import Value

_BANKS = ("First Harbor Bank", "Midland Savings Bank", "Union Trust Bank", "Northern Commerce Bank")
_BANKS_ZH = ("中国工商银行", "中国建设银行", "招商银行", "交通银行", "中国农业银行", "浦发银行")
_LAWS_ZH = ("中华人民共和国",) * 5 + ("香港特别行政区", "新加坡", "中国", "英国", "瑞士")
_USUAL_DAYS = (5, 7, 10, 14, 15, 20, 30, 45, 60, 90, 120)
_MOST = {"year": 20, "month": 60}  # of a duration, whatever the fact allows


def value(chance: Random, fact: Fact, language: str) -> Value:
    """A value for a fact that is neither a flag nor a choice."""
    match fact.kind:
        case "date":
            return values.dated(chance, values.any_date(chance), language)
        case "money":
            return values.money(chance, language, int(fact.low), int(fact.high))
        case "percent":
            return values.percent(chance, language, fact.low, fact.high)
        case "duration":
            return _duration(chance, fact, language)
        case "number":
            return _number(chance, fact, language)
        case "text":
            return _text(chance, fact, language)
        case kind:
            return _NAMED[kind](chance, fact, zh=language == "zh")


def _duration(chance: Random, fact: Fact, language: str) -> Value:
    unit = chance.choice(fact.unit.split())
    most = min(fact.high, _MOST.get(unit, fact.high))
    number = chance.randint(int(fact.low), int(most))
    if unit == "day":
        number = chance.choice((*_USUAL_DAYS, number))
    if unit == "year" and chance.random() < 0.6:
        number = chance.randint(1, 5)
    return values.duration(chance, language, unit, number)


def _number(chance: Random, fact: Fact, language: str) -> Value:
    number = chance.randint(int(fact.low), int(fact.high))
    text = f"{number:,}" if number > 999 and chance.random() < 0.5 else str(number)
    if number < 100 and chance.random() < 0.15:
        text = values.words_zh(number) if language == "zh" else values.words(number)
    return Value(text, str(number), number)


def _text(chance: Random, fact: Fact, language: str) -> Value:
    """One of the fact's texts, each `#` in it a digit."""
    text = chance.choice(fact.wording(language).choices.split("|"))
    text = "".join(str(chance.randint(0, 9)) if one == "#" else one for one in text)
    return Value(text, text)


def _law(chance: Random, _fact: Fact, *, zh: bool) -> Value:
    if zh:
        name = chance.choice(_LAWS_ZH)
        return Value(name, name)
    if chance.random() < 0.65:
        state = chance.choice(names.STATES)
        form = chance.choice(("the State of {}", "the State of {}", "{}", "the Commonwealth of {}"))
        return Value(form.format(state), state)
    country = chance.choice(names.COUNTRIES)
    return Value(country, country.removeprefix("the "))


def _court(chance: Random, _fact: Fact, *, zh: bool) -> Value:
    if not zh:
        where = chance.choice((*names.CITIES, *names.STATES, *names.COUNTRIES))
        return Value(where, where.removeprefix("the "))
    who = chance.choice(("", "甲方所在地", "乙方住所地", "合同签订地", "被告住所地"))
    where = f"{chance.choice(names.CITIES_ZH)}市{chance.choice(names.DISTRICTS_ZH)}区"
    name = f"{who or where}{'有管辖权的' if who and chance.random() < 0.3 else ''}人民法院"
    return Value(name, name)


def _place(chance: Random, _fact: Fact, *, zh: bool) -> Value:
    where = names.address_zh(chance) if zh else names.address(chance)
    return Value(where, where)


def _person(chance: Random, _fact: Fact, *, zh: bool) -> Value:
    name = names.person_zh(chance) if zh else names.person(chance)
    return Value(name, name)


def _company(chance: Random, fact: Fact, *, zh: bool) -> Value:
    if fact.key != "bank":
        name = names.company_zh(chance) if zh else names.company(chance)
        return Value(name, name if zh else values.plain_name(name))
    name = chance.choice(_BANKS_ZH if zh else _BANKS)
    if zh:
        name += f"{chance.choice(names.CITIES_ZH)}{chance.choice(('分行', '支行', '高新支行'))}"
    return Value(name, name)


_NAMED = {"law": _law, "court": _court, "place": _place, "person": _person, "company": _company}
