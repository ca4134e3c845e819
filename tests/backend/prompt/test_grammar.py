"""Grammars: what is compiled, what is refused and how fast, and what is kept."""

from __future__ import annotations

import json
import random
import time
from typing import Any

import pytest

from backend.errors import InvalidRequest
from backend.prompt import grammar
from backend.prompt.grammar import CompiledGrammar, Grammars
from backend.prompt.prompt import Form, ResponseFormat
from backend.prompt.tokenizer import Tokenizer
from tests.fakes.tokenizer import CONTROL, EOS, MARKS, description

TOKENIZER = Tokenizer(description([*CONTROL, *MARKS]))
ENDS = frozenset({EOS, 3})
GRAMMARS = Grammars(TOKENIZER, ENDS)


def schema(definition: object) -> ResponseFormat:
    return ResponseFormat(Form.SCHEMA, json.dumps(definition))


def regex(expression: str) -> ResponseFormat:
    return ResponseFormat(Form.REGEX, expression)


def takes(compiled: CompiledGrammar, text: str) -> bool:
    """Whether a whole text has the form."""
    matcher = compiled.guide()
    tokens = TOKENIZER.encode(text)
    return matcher.try_consume_tokens(tokens) == len(tokens) and bool(matcher.is_accepting())


def allowed(matcher: Any) -> set[int]:
    bits = int.from_bytes(matcher.compute_bitmask(), "little")
    return {token for token in range(TOKENIZER.vocabulary_size) if bits >> token & 1}


PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name"],
}


@pytest.mark.parametrize(
    ("wanted", "good", "bad"),
    [
        (ResponseFormat(Form.JSON), ["{}", '{"a": [1, null]}'], ["[]", '{"a":1}', "{ }", " {}"]),
        (
            schema(PERSON),
            ['{"name": "A", "age": 3}', '{"name": "é👍"}'],
            ['{"age": 3}', '{"name": "A", "x": 1}', '{"name": 1}'],
        ),
        (schema({"enum": ["yes", "no"]}), ['"yes"', '"no"'], ['"maybe"', "yes"]),
        (
            schema({"type": "string", "format": "date-time"}),
            ['"2024-02-29T23:59:59Z"', '"2024-05-01T00:00:00.5+02:00"'],
            ['"2024-05-01T00:00:60Z"', '"2024-05-01t00:00:00Z"', '"2024-05-01"'],
        ),
        (schema({"type": "string", "format": "time"}), ['"23:59:59Z"'], ['"23:59:60Z"', '"9:00"']),
        (regex("[0-9]{4}-[0-9]{2}"), ["2024-05"], ["2024-5", "2024-055"]),
        (regex("(yes|no)"), ["yes", "no"], ["yesno", ""]),
    ],
)
def test_only_what_has_the_form_is_taken(
    wanted: ResponseFormat, good: list[str], bad: list[str]
) -> None:
    compiled = GRAMMARS.compile(wanted)
    assert all(takes(compiled, text) for text in good)
    assert not any(takes(compiled, text) for text in bad)


def test_answers_to_one_form_do_not_disturb_each_other() -> None:
    compiled = GRAMMARS.compile(regex("ab|cd"))
    first, second = compiled.guide(), compiled.guide()
    assert first.consume_token(TOKENIZER.encode("a")[0])
    assert allowed(first) == set(TOKENIZER.encode("b"))
    assert allowed(second) >= {*TOKENIZER.encode("a"), *TOKENIZER.encode("c")}


def test_every_end_of_text_ends_an_answer_and_no_other_control_token_comes() -> None:
    compiled = GRAMMARS.compile(regex("a*"))
    assert allowed(compiled.guide()) & set(range(len(CONTROL) + len(MARKS))) == ENDS
    inside = GRAMMARS.compile(schema({"type": "string"})).guide()
    inside.consume_tokens(TOKENIZER.encode('"a'))
    assert not allowed(inside) & set(range(len(CONTROL) + len(MARKS)))


HOSTILE = {
    "backreference": regex("(a)\\1"),
    "lookahead": regex("(?=a)b"),
    "unclosed": regex("["),
    "empty": regex(""),
    "long": regex("a" * 5000),
    "nested": regex("(" * 2000 + ")" * 2000),
    "no end": schema({"$ref": "#"}),
    "missing reference": schema({"$ref": "#/$defs/none"}),
    "remote reference": schema({"$ref": "https://a.example/b.json"}),
    "never": schema({"type": "integer", "minimum": 3, "maximum": 2}),
    "never inside": schema({"type": "object", "properties": {"a": False}, "required": ["a"]}),
    "unknown type": schema({"type": "person"}),
    "bad pattern": schema({"type": "string", "pattern": "[[["}),
    "ambiguous": schema({"oneOf": [{"type": "string"}, {"type": "string", "maxLength": 3}]}),
    "expanding": schema(
        {
            "$ref": "#/$defs/d24",
            "$defs": {"d0": PERSON}
            | {
                f"d{n}": {
                    "allOf": [
                        {"$ref": f"#/$defs/d{n - 1}"},
                        {"anyOf": [{"$ref": f"#/$defs/d{n - 1}"}] * 2},
                    ]
                }
                for n in range(1, 25)
            },
        }
    ),
    "products": schema(
        {
            "allOf": [
                {"anyOf": [{"properties": {f"a{i}{j}": {"type": "string"}}} for j in range(4)]}
                for i in range(12)
            ]
        }
    ),
    "multiples": schema({"allOf": [{"type": "integer", "multipleOf": n} for n in (997, 991, 983)]}),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_cannot_be_had_is_refused_at_once(name: str) -> None:
    began = time.monotonic()
    with pytest.raises(InvalidRequest) as refused:
        GRAMMARS.compile(HOSTILE[name])
    assert time.monotonic() - began < 20
    assert (refused.value.param or "").startswith("response_format.")
    assert refused.value.message.endswith(".")
    assert "\n" not in refused.value.message


HEAVY = {
    "repetition": regex("(((a{1,100}){1,100}){1,100}){1,100}"),
    "classic": regex("(a+)+b"),
    "states": regex("(a|b)*a(a|b){30}"),
    "counted": schema({"type": "string", "minLength": 10**9}),
    "many": schema({"type": "array", "minItems": 10**6, "items": {"type": "integer"}}),
    "laughs": schema(
        {
            "$ref": "#/$defs/d39",
            "$defs": {"d0": {"type": "string"}}
            | {
                f"d{n}": {"type": "array", "prefixItems": [{"$ref": f"#/$defs/d{n - 1}"}] * 2}
                for n in range(1, 40)
            },
        }
    ),
    "names": schema({"properties": {f"p{n}": {"type": "string"} for n in range(1000)}}),
    "values": schema({"enum": [f"value {n}" for n in range(4000)]}),
    "steps": schema({"type": "integer", "multipleOf": 997}),
}


@pytest.mark.parametrize("name", HEAVY)
def test_what_is_heavy_stays_quick_to_compile_and_to_follow(name: str) -> None:
    began = time.monotonic()
    matcher = GRAMMARS.compile(HEAVY[name]).guide()
    for _ in range(50):
        step = sorted(allowed(matcher) - ENDS)
        if not step:
            break
        assert matcher.consume_token(step[-1])
    assert time.monotonic() - began < 20


def test_a_form_is_compiled_once_and_the_oldest_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grammar, "KEPT", 2)
    grammars = Grammars(TOKENIZER, ENDS)
    first = grammars.compile(regex("a"))
    grammars.compile(regex("b"))
    assert grammars.compile(regex("a")) is first
    grammars.compile(regex("c"))  # b goes, which was asked for longest ago
    assert grammars.compile(regex("a")) is first
    kept = grammars.compile(regex("c"))
    assert grammars.compile(regex("b")) is not first
    assert grammars.compile(regex("c")) is kept


def test_a_form_that_its_answers_have_used_up_is_compiled_anew() -> None:
    wanted = regex(".*a.{30}b.*c.{30}")
    grammars = Grammars(TOKENIZER, ENDS)
    spent = grammars.compile(wanted)
    chance = random.Random(1)
    letters = TOKENIZER.encode("a b c x y z")
    for _ in range(50):
        if not spent.is_spent:
            spent.guide().try_consume_tokens(chance.choices(letters, k=1000))
    assert spent.is_spent
    fresh = grammars.compile(wanted)
    assert fresh is not spent
    assert takes(fresh, f"a{'x' * 30}bc{'x' * 30}")
    assert grammars.compile(wanted) is fresh
