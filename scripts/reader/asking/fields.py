"""One field of a request: its schema, the value that is right, and what stands for none."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from scripts.reader.facts import Fact
from scripts.reader.values import Value
from scripts.reader.writing.paragraphs import Said


@dataclass(frozen=True)
class Style:
    """How one request puts its fields."""

    zh: bool  # names and descriptions
    words: str  # how names are joined: snake camel title plain
    describes: float  # chance of a description
    verbatim: bool
    nullable: bool
    optional: bool
    parts: tuple[str, ...]  # of a field that is an object; empty: the value alone


@dataclass(frozen=True)
class Field:
    """A field's schema, and what is answered."""

    schema: dict[str, Any]
    right: Any
    blank: Any  # if it is not stated


def field(chance: Random, fact: Fact, said: Said | None, style: Style) -> Field:
    """The field for a fact, stated or not: a value, or an object of the style's parts."""
    value = _value(chance, fact, said, style)
    if not style.parts:
        return value
    parts = {part: _part(part, value, said) for part in style.parts}
    schema = {
        "type": "object",
        "properties": {name: part.schema for name, part in parts.items()},
        "required": list(parts),
    }
    return Field(
        schema,
        {name: part.right for name, part in parts.items()},
        {name: part.blank for name, part in parts.items()},
    )


def field_alone(chance: Random, fact: Fact, value: Value | None) -> Field:
    """The field for a fact that stands alone in an agreement."""
    style = Style(False, "snake", 1.0, verbatim=False, nullable=True, optional=False, parts=())
    return field(chance, fact, None if value is None else Said(fact.key, fact.kind, value), style)


def in_sight(said: Said) -> tuple[str, ...]:
    """What of the document a reader must see to know what is said."""
    if said.kind == "parties":
        return tuple(value.written for value in said.listed)
    if said.value is None:
        return (said.sentence,)
    return (_among(said.value.written, said.sentence),)


def _among(written: str, sentence: str) -> str:
    """A value too short to be told from others, with the letters beside it."""
    place = sentence.find(written)
    if len(written) > 5 or place < 0:
        return written
    return sentence[max(0, place - 8) : place + len(written) + 8].strip()


def _part(part: str, value: Field, said: Said | None) -> Field:
    """The value, the sentence that holds it, or its page."""
    if part == "value":
        return value
    if part == "quote":
        return Field({"type": ["string", "null"]}, said.sentence if said else None, None)
    return Field({"type": ["integer", "null"]}, said.page if said else None, None)


def _value(chance: Random, fact: Fact, said: Said | None, style: Style) -> Field:
    value = said.value if said else None
    if fact.kind == "parties":
        listed = said.listed if said else ()
        found = [one.written if style.verbatim else one.normal for one in listed]
        return Field({"type": "array", "items": {"type": "string"}}, found, [])
    if fact.kind == "flag":
        return _flag(chance, said, style)
    if fact.kind == "choice":
        return _choice(chance, fact, said, style)
    if fact.kind == "number" and chance.random() < 0.8:
        return _number(chance, value)
    if fact.kind == "percent" and chance.random() < 0.4:
        return _number(chance, value)
    if fact.kind == "money" and chance.random() < 0.45:
        return _number(chance, value)
    shown = _shown(fact, value, style) if value else None
    if fact.kind == "date" and not style.verbatim and chance.random() < 0.3:
        return Field({"type": ["string", "null"], "format": "date"}, shown, None)
    return _text(shown, style)


def _flag(chance: Random, said: Said | None, style: Style) -> Field:
    if chance.random() < 0.6:
        return Field({"type": ["boolean", "null"]}, said.truth if said else None, None)
    yes, no = ("是", "否") if style.zh else ("yes", "no")
    right = None if said is None else yes if said.truth else no
    return Field({"enum": [yes, no, None]}, right, None)


def _choice(chance: Random, fact: Fact, said: Said | None, style: Style) -> Field:
    options = fact.asked(zh=style.zh).choices.split("|")
    if chance.random() < 0.6:
        right = options[said.choice] if said else None
        return Field({"enum": [*chance.sample(options, len(options)), None]}, right, None)
    return _text(said.value.written if said and said.value else None, style)


def _shown(fact: Fact, value: Value, style: Style) -> str:
    if style.verbatim:
        return value.written
    return value.figures if fact.kind == "money" else value.normal


def _text(value: str | None, style: Style) -> Field:
    if style.nullable:
        return Field({"type": ["string", "null"]}, value, None)
    return Field({"type": "string"}, value or "", "")


def _number(chance: Random, value: Value | None) -> Field:
    number: float | int | None = value.number if value else None
    is_whole = number is None or number == int(number)
    if number is not None and is_whole:
        number = int(number)
    name = "integer" if is_whole and chance.random() < 0.6 else "number"
    return Field({"type": [name, "null"]}, number, None)
