"""Schemas: what is refused and by which name, and what the rest becomes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from backend.errors import InvalidRequest
from backend.prompt import schema
from backend.prompt.schema import parsed

NAME = {"type": "string"}


def refusal(definition: object) -> InvalidRequest:
    text = definition if isinstance(definition, str) else json.dumps(definition)
    with pytest.raises(InvalidRequest) as refused:
        parsed(text)
    assert refused.value.param == "response_format.json_schema"
    return refused.value


@pytest.mark.parametrize(
    ("keyword", "definition"),
    [
        ("not", {"not": NAME}),
        ("if", {"if": NAME, "then": NAME}),
        ("uniqueItems", {"type": "array", "uniqueItems": True}),
        ("contains", {"type": "array", "contains": NAME}),
        ("dependentRequired", {"dependentRequired": {"a": ["b"]}}),
        ("propertyNames", {"propertyNames": {"pattern": "a"}}),
        ("unevaluatedProperties", {"unevaluatedProperties": False}),
        ("$dynamicRef", {"$dynamicRef": "#a"}),
        ("maxLenght", {"type": "string", "maxLenght": 3}),  # ignored elsewhere, and for ever missed
        ("nullable", {"type": "string", "nullable": True}),
        ("format regex", {"type": "string", "format": "regex"}),
        ("format []", {"type": "string", "format": []}),
        ("$id", {"properties": {"a": {"$id": "http://a.example/b"}}}),
        ("$schema", {"$schema": "http://json-schema.org/draft-04/schema#"}),
    ],
)
def test_what_cannot_be_enforced_is_named(keyword: str, definition: dict[str, Any]) -> None:
    error = refusal(definition)
    assert f"keyword {keyword}" in error.message
    assert error.code == "unsupported_parameter"


def test_the_place_of_a_keyword_is_told() -> None:
    inside: dict[str, Any] = {"properties": {"a": {"items": {"not": {}}}}}
    assert "/properties/a/items" in refusal(inside).message


@pytest.mark.parametrize(
    ("definition", "words"),
    [
        ("{", "not a JSON document"),
        ('{"const": NaN}', "not a JSON document"),
        ("[" * 30_000, "not a JSON document"),
        ("[]", "JSON object"),
        ("false", "No text"),
        ({"$ref": "https://a.example/b.json"}, "/$ref: only references within"),
        ({"$ref": "file:///etc/passwd"}, "/$ref: only references within"),
        ({"items": [NAME]}, "prefixItems"),
        ({"anyOf": []}, "/anyOf must be a list"),
        ({"anyOf": {}}, "/anyOf must be a list"),
        ({"properties": []}, "/properties must be an object"),
        ({"properties": {"a": 5}}, "/properties/a must be a schema"),
        ({"minimum": "1"}, "/minimum must be a number"),
        ({"maxItems": True}, "/maxItems must be a number"),
        ({"required": "a"}, "/required must be a list of names"),
        ({"properties": {"a": NAME}, "required": [{"a": 1}]}, "/required must be a list of names"),
        ({"multipleOf": 0}, "over 0"),
        ({"multipleOf": 999_983}, "numerator"),
        ('{"enum": [1e999]}', "/enum holds a number"),
        ('{"minimum": 1e999}', "/minimum must be within"),
        ({"maximum": 10**400}, "/maximum must be within"),
        (r'{"const": "\ud800"}', "half a character"),
        ("x" * 70_000, "characters"),
    ],
)
def test_what_is_wrong_is_said(definition: object, words: str) -> None:
    text = definition if isinstance(definition, str) else json.dumps(definition)
    assert words in refusal(text).message


def test_depth_and_number_are_bounded() -> None:
    deep: dict[str, Any] = {}
    for _ in range(schema.DEEPEST + 1):
        deep = {"items": deep}
    assert "deep" in refusal(deep).message
    assert "may hold" in refusal({"anyOf": [{}] * (schema.MOST_SCHEMAS + 1)}).message


def test_annotations_go_and_cannot_switch_checks_off() -> None:
    given = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "http://a.example/root",
        "title": "T",
        "description": "d",
        "default": 1,
        "examples": [1],
        "x-guidance": {"lenient": True},
        "x-order": 4,
        "type": "string",
    }
    assert parsed(json.dumps(given)) == {"type": "string"}


def test_names_of_properties_are_not_keywords() -> None:
    given = {"properties": {"not": NAME, "title": NAME, "if": NAME}, "additionalProperties": True}
    assert parsed(json.dumps(given)) == given


def test_properties_are_those_that_are_named() -> None:
    assert parsed(json.dumps({"properties": {"a": NAME}}))["additionalProperties"] is False
    left_open: list[dict[str, Any]] = [
        {"properties": {"a": NAME}, "required": ["b"]},
        {"properties": {"a": NAME}, "additionalProperties": NAME},
        {"properties": {"a": NAME}, "anyOf": [{"required": ["b"]}]},
        {"allOf": [{"properties": {"a": NAME}}, {"properties": {"b": NAME}}]},
    ]
    for given in left_open:
        assert parsed(json.dumps(given)) == given


@pytest.mark.parametrize(
    ("given", "added"),
    [
        ({"type": "integer"}, {"minimum": -(2**53) + 1, "maximum": 2**53 - 1}),
        ({"type": "integer", "minimum": 0}, {"maximum": 2**53 - 1}),
        ({"type": "integer", "exclusiveMaximum": 0}, {"minimum": -(2**53) + 1}),
        ({"type": "integer", "minimum": 2**58}, {}),
        ({"type": ["number", "null"]}, {"minimum": -1e15, "maximum": 1e15}),
        ({"type": "string"}, {}),
    ],
)
def test_numbers_stay_within_what_readers_hold(
    given: dict[str, Any], added: dict[str, Any]
) -> None:
    assert parsed(json.dumps(given)) == given | added
