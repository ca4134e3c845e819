"""Requests for the fields of a contract of ours, stated or not, and the answers that are right."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from scripts.reader.asking.asked import Asked
from scripts.reader.asking.fields import Style, field, in_sight
from scripts.reader.asking.instructions import (
    INSTRUCTIONS,
    INSTRUCTIONS_ZH,
    LISTED,
    LISTED_ZH,
    VERBATIM,
    VERBATIM_ZH,
)
from scripts.reader.contracts import Contract
from scripts.reader.facts import KINDS, Fact
from scripts.reader.particulars import particular
from scripts.reader.synonyms import renamed
from scripts.reader.trades import trades

_PARTS = (("value", "quote"), ("value", "quote", "page"), ("value", "page"))


def ask(chance: Random, made: Contract) -> Asked:
    """A request about a contract of ours."""
    asks_zh = chance.random() < (0.75 if made.language == "zh" else 0.06)
    instruction = chance.choice(INSTRUCTIONS_ZH if asks_zh else INSTRUCTIONS)
    is_verbatim = chance.random() < 0.15
    if is_verbatim:
        said = chance.choice(VERBATIM_ZH if asks_zh else VERBATIM)
        instruction = f"{instruction} {said}".strip()
    style = _style(chance, made, is_verbatim, asks_zh)
    facts = _facts(chance, made)
    listed: list[str] | None = [] if chance.random() < 0.15 else None
    schema: dict[str, Any] = {}
    answer: dict[str, Any] = {}
    held: dict[str, tuple[str, ...]] = {}
    absent: dict[str, Any] = {}
    for fact in facts:
        name, told = _naming(chance, fact, style, made)
        if name in schema or not name:
            continue
        found = made.said.get(fact.key)
        one = field(chance, fact, found, style)
        schema[name] = one.schema
        if told and listed is not None:
            listed.append(f"{name}{'：' if asks_zh else ': '}{told}")
        elif told:
            schema[name] = _described(chance, one.schema, told)
        is_left_out = style.optional and not style.parts  # where it is not stated
        if found is None and is_left_out:
            continue
        answer[name] = one.right
        if found is not None:
            held[name] = in_sight(found)
            if not is_left_out:
                absent[name] = one.blank
    if listed:  # the questions stand in the words of the request, not in the schema
        if not is_verbatim and chance.random() < 0.5:
            instruction = chance.choice(LISTED_ZH if asks_zh else LISTED)
        instruction = "\n".join([instruction, *listed]).strip()
    whole: dict[str, Any] = {"type": "object", "properties": schema}
    if not style.optional:
        whole["required"] = list(schema)
    return Asked(instruction, whole, answer, held, absent)


def _style(chance: Random, made: Contract, is_verbatim: bool, asks_zh: bool) -> Style:
    has_parts = chance.random() < 0.12
    is_own = made.kind in trades(made.language)  # a trade's fields have names in one language
    names_zh = made.language == "zh" if is_own else asks_zh and chance.random() < 0.75
    return Style(
        zh=names_zh,
        parts=chance.choice(_PARTS) if has_parts else (),
        words=chance.choice(("snake", "snake", "snake", "camel", "title", "plain")),
        describes=chance.choice((0.0, 0.5, 1.0, 1.0)),
        verbatim=is_verbatim,
        nullable=chance.random() < 0.65,
        optional=chance.random() < 0.08,
    )


def _facts(chance: Random, made: Contract) -> list[Fact]:
    """What is asked for, in the order of the request: some that is stated, some that is not."""
    keys = list(made.said)
    wanted = chance.sample(keys, min(len(keys), chance.choice((1, 2, 3, 4, 4, 6, 7, 8, 8, 10))))
    if "party" in keys and "party" not in wanted and chance.random() < 0.35:
        wanted.append("party")
    # Readers of Chinese said null too often of what stood there in other words.
    is_chinese = made.language == "zh"
    most = chance.choice((0, 0, 0, 1, 1, 2) if is_chinese else (0, 0, 1, 1, 2, 3))
    unsaid = chance.sample(made.absent, min(len(made.absent), most))
    if chance.random() < 0.25:  # something that only other contracts speak of
        unsaid.append(_foreign(chance, made))
    missing = [fact for fact in unsaid if fact.key not in made.said]
    for place, key in enumerate(("party_a", "party_b")):
        if made.who[place] and key in keys and key not in wanted and chance.random() < 0.3:
            wanted.append(key)
    if chance.choice((0, 0, 0, 1)):
        fact, _ = particular(chance, made.language, 100)
        if fact.wording(made.language).names not in _names(made, unsaid):
            missing.append(fact)
    facts = [*(made.fact(key) for key in wanted), *missing]
    chance.shuffle(facts)
    return facts


def _foreign(chance: Random, made: Contract) -> Fact:
    """A fact of another kind of contract."""
    others = [
        fact
        for trade in trades(made.language).values()
        if trade.key != made.kind
        for fact in trade.facts
        if fact.kind != "date"  # which may well be another name for one that is stated
    ]
    return chance.choice(others)


def _names(made: Contract, besides: Sequence[Fact]) -> set[str]:
    """The names of what is this contract's alone, and of other facts."""
    return {fact.wording(made.language).names for fact in (*made.particulars.values(), *besides)}


def _described(chance: Random, schema: dict[str, Any], told: str) -> dict[str, Any]:
    if chance.random() < 0.8:
        return {**schema, "description": told}
    return {"description": told, **schema}


def _naming(chance: Random, fact: Fact, style: Style, made: Contract) -> tuple[str, str]:
    """A field's name, and its description if it has one."""
    wording = fact.asked(zh=style.zh)
    name = chance.choice(wording.names.split("|"))
    if style.zh and "{" not in name and chance.random() < 0.3:
        name = renamed(chance, fact.kind, name)
    told = chance.choice(wording.ask.split("|")) if chance.random() < style.describes else ""
    role_a, role_b = made.roles
    if not style.zh and made.language == "zh" and made.kind in KINDS:
        role_a, role_b = KINDS[made.kind][0]
    if fact.key in ("party_a", "party_b") and style.zh == (made.language == "zh"):
        place = 0 if fact.key == "party_a" else 1
        if told and made.who[place] and chance.random() < 0.7:
            told = chance.choice(made.who[place].split("|"))
        if made.called[place] != made.roles[place] and chance.random() < 0.25:
            name = made.called[place]
    if "{" in name:
        name = name.format(a=role_a.lower().replace(" ", "_"), b=role_b.lower().replace(" ", "_"))
    return _joined(name, style.words), told.format(a=role_a, b=role_b)


def _joined(name: str, words: str) -> str:
    """A name of several words joined as the style has it; a Chinese one stays."""
    parts = name.split("_")
    if words == "snake" or any("\u4e00" <= character <= "\u9fff" for character in name):
        return name
    if words == "camel":
        return parts[0] + "".join(part.capitalize() for part in parts[1:])
    return " ".join(part.capitalize() if words == "title" else part for part in parts)
