"""One field of a request, its value right or blank."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from scripts.reader.asking.fields import Style, field, field_alone, in_sight
from scripts.reader.facts import FACTS
from scripts.reader.values import Value
from scripts.reader.writing.paragraphs import Said

FACT = next(fact for fact in FACTS if fact.kind == "place")
STYLE = Style(False, "snake", 1.0, verbatim=False, nullable=True, optional=False, parts=())
HERE = Said(FACT.key, "place", Value("1 Elm Road", "1 Elm Road"), sentence="At 1 Elm Road.", page=3)


def test_a_field_of_parts_holds_the_value_its_sentence_and_its_page() -> None:
    style = replace(STYLE, parts=("value", "quote", "page"))

    made = field(Random(1), FACT, HERE, style)

    assert made.right == {"value": "1 Elm Road", "quote": "At 1 Elm Road.", "page": 3}
    assert made.blank == {"value": None, "quote": None, "page": None}
    assert made.schema["required"] == ["value", "quote", "page"]
    assert field(Random(1), FACT, None, style).right == made.blank


def test_what_may_not_be_null_is_empty() -> None:
    made = field(Random(1), FACT, None, replace(STYLE, nullable=False))

    assert (made.schema, made.right, made.blank) == ({"type": "string"}, "", "")


def test_a_fact_alone_is_its_value_or_null() -> None:
    value = Value("1 Elm Road", "1 Elm Road")

    assert field_alone(Random(1), FACT, value).right == "1 Elm Road"
    assert field_alone(Random(1), FACT, None).right is None


def test_a_short_value_is_known_only_with_what_stands_beside_it() -> None:
    short = Said("rooms", "number", Value("12", "12", 12), sentence="It has exactly 12 rooms now.")

    assert in_sight(HERE) == ("1 Elm Road",)
    assert in_sight(short) == ("exactly 12 rooms n",)
