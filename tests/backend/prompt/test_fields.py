"""Schemas said in words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from backend.prompt.fields import MOST_LISTED, fields, words


def listed(properties: dict[str, Any], **more: Any) -> list[str]:
    schema = {"type": "object", "properties": properties, "required": list(properties)} | more
    return [field.line for field in fields(json.dumps(schema))]


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"type": "string"}, "- x (text)"),
        ({"type": ["string", "null"]}, "- x (text or null)"),
        ({"type": "string", "format": "date"}, "- x (date YYYY-MM-DD)"),
        ({"type": "boolean"}, "- x (true or false)"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "- x (whole number or null)"),
        ({"enum": ["yes", "no", None]}, '- x (one of "yes", "no", null)'),
        ({"enum": ["是", "否"]}, '- x (one of "是", "否")'),
        ({"const": "NDA"}, '- x ("NDA")'),
        ({"type": "array", "items": {"type": "string"}}, "- x (list of text)"),
        (
            {"type": "object", "properties": {"value": {"type": "number"}, "page": {}}},
            "- x ({value: number, page: any})",
        ),
        ({"type": "string", "description": "Who\n pays?"}, "- x (text): Who pays?"),
        ({"type": "string", "title": "Payer"}, "- x (text): Payer"),
        ({"$ref": "#/$defs/nothing"}, "- x (any)"),
    ],
)
def test_a_property_is_said_in_words(given: dict[str, Any], line: str) -> None:
    assert listed({"x": given}) == [line]


def test_references_within_the_schema_are_followed() -> None:
    party = {"type": "object", "properties": {"name": {"type": "string"}}}

    lines = listed(
        {"parties": {"type": "array", "items": {"$ref": "#/$defs/party"}}},
        **{"$defs": {"party": party}},
    )

    assert lines == ["- parties (list of {name: text})"]


def test_a_property_that_may_be_left_out_is_called_optional() -> None:
    assert listed({"a": {"type": "string"}, "b": {"type": "string"}}, required=["b"]) == [
        "- a (text, optional)",
        "- b (text)",
    ]


def test_a_schema_that_refers_to_itself_comes_to_an_end() -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}}

    assert len(listed({"first": {"$ref": "#/$defs/node"}}, **{"$defs": {"node": node}})[0]) < 300


def test_what_to_look_for_is_the_name_the_description_and_what_lies_within() -> None:
    schema = {
        "properties": {
            "noticePeriod": {
                "type": "object",
                "description": "How long before the end",
                "properties": {"value": {"type": "string"}, "who_tells": {"type": "string"}},
            }
        }
    }

    assert fields(json.dumps(schema))[0].query == (
        "notice period How long before the end who tells"
    )


@pytest.mark.parametrize(
    "definition",
    [
        "",
        "{",
        "[1]",
        "true",
        '{"type": "object"}',
        '{"properties": {}}',
        '{"properties": [1]}',
        "[" * 100_000,
        json.dumps({"properties": {f"p{n}": {} for n in range(MOST_LISTED + 1)}}),
    ],
)
def test_what_lists_no_fields_has_none(definition: str) -> None:
    assert fields(definition) == ()


def test_names_become_words() -> None:
    assert [
        words(name) for name in ("effective_date", "effectiveDate", "VATNumber2", "合同期限")
    ] == [
        "effective date",
        "effective date",
        "vat number 2",
        "合同期限",
    ]
