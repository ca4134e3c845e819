"""Closings: from anywhere in a JSON text, tokens that end it as its form wants."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from backend.prompt.closing import Standing, closing
from backend.prompt.grammar import Grammars
from backend.prompt.prompt import Form, ResponseFormat
from backend.prompt.tokenizer import Tokenizer
from tests.fakes.tokenizer import EOS, description

TOKENIZER = Tokenizer(description())
GRAMMARS = Grammars(TOKENIZER, frozenset({EOS}))
TEXT = {"type": "string"}
TREE = {
    "$ref": "#/$defs/node",
    "$defs": {
        "node": {
            "type": "object",
            "properties": {
                "value": {"type": "integer"},
                "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
            },
            "required": ["value", "children"],
        }
    },
}
PERSON = {"type": "object", "properties": {"a": TEXT, "b": {"type": "number"}}, "required": ["b"]}


def ended(schema: Any, begun: str) -> str | None:
    """The begun text and its closing."""
    compiled = GRAMMARS.compile(ResponseFormat(Form.SCHEMA, json.dumps(schema)))
    matcher, standing = compiled.guide(), Standing()
    assert matcher.consume_tokens(TOKENIZER.encode(begun))
    standing.push(begun.encode())
    tokens = closing(matcher, standing, compiled.vocabulary)
    if tokens is None:
        return None
    assert tokens[-1] == EOS
    assert matcher.consume_tokens(list(tokens)), "the matcher itself has not moved"
    return begun + TOKENIZER.decode(tokens)


@pytest.mark.parametrize(
    ("schema", "begun", "text"),
    [
        (PERSON, "", '{"a": "", "b": 0}'),
        (PERSON, '{"b', '{"b": 0}'),
        (PERSON, '{"a": "x', '{"a": "x", "b": 0}'),
        (PERSON, '{"a": "x\\', None),
        (PERSON, '{"a": "}]', '{"a": "}]", "b": 0}'),
        (PERSON, '{"a": "\\"', '{"a": "\\"", "b": 0}'),
        (PERSON, '{"a": "", "b": 12', '{"a": "", "b": 12}'),
        (PERSON, '{"a": "", "b": 12.', '{"a": "", "b": 12.0}'),
        (TREE, '{"value": 1, "children": [{"value": 2, "children": [{', None),
        ({"type": "array", "items": TEXT, "minItems": 3}, '["a"', '["a", "", ""]'),
        ({"enum": ["red", "green"]}, '"g', '"green"'),
        ({"anyOf": [PERSON, {"type": "null"}]}, "", "null"),
        ({"type": "string", "minLength": 4}, '"a', None),
        ({"type": "string", "pattern": "^[A-Z]{2}-[0-9]{4}$"}, '"A', None),
        ({"type": "string", "pattern": "^(a|b)*c$"}, '"aa', None),
        ({"type": "string", "format": "date"}, '"20', None),
        ({"type": "string", "format": "email"}, '"', None),
        ({"type": "string", "format": "uuid"}, '"', None),
        ({}, "[[[{", None),
    ],
)
def test_a_closing_makes_the_text_valid(schema: Any, begun: str, text: str | None) -> None:
    whole = ended(schema, begun)
    assert whole is not None
    jsonschema.Draft202012Validator(schema).validate(json.loads(whole))
    assert text is None or whole == text


def test_half_a_character_is_completed() -> None:
    compiled = GRAMMARS.compile(ResponseFormat(Form.SCHEMA, json.dumps(TEXT)))
    matcher, standing = compiled.guide(), Standing()
    begun = TOKENIZER.encode('"é')[:-1]
    assert matcher.consume_tokens(begun)
    standing.push(b'"\xc3')
    tokens = closing(matcher, standing, compiled.vocabulary)
    assert tokens is not None
    assert "\ufffd" not in json.loads(TOKENIZER.decode([*begun, *tokens]))


def test_where_there_is_no_end_none_is_found() -> None:
    endless = {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}
    assert ended(endless, "") is None
