"""Answers that have to call: whatever is sampled, what comes is a call that fits."""

from __future__ import annotations

import json
import random
from typing import Any

import jsonschema
import pytest

from backend.errors import InvalidRequest
from backend.prompt.calls import CallReader
from backend.prompt.guide import Guide
from backend.prompt.guides import Guides
from backend.prompt.prompt import Calling, Message, Prompt, Role, TextPart, Tool
from backend.prompt.tokenizer import Tokenizer
from tests.fakes import glm, model

WORDS = glm.tokenizer()
EOS = 256 + glm.CONTROL.index("<|user|>")
SCHEMA = {
    "type": "object",
    "properties": {
        "unit": {"type": "string", "enum": ["C", "F"]},
        "days": {"type": "integer", "minimum": 1, "maximum": 9},
        "places": {"type": "array", "items": {"$ref": "#/$defs/place"}, "maxItems": 2},
    },
    "required": ["unit", "days"],
    "$defs": {"place": {"type": "boolean"}},
}
TOOLS = (Tool("weather", "", json.dumps(SCHEMA)), Tool("now"))


def guide(calling: Calling, words: Tokenizer = WORDS) -> Guide:
    asked = Prompt("r", "o", "", (Message(Role.USER, (TextPart("x"),)),), calling=calling)
    make = Guides(words, frozenset({EOS}), thinks=False).factory(asked, 2000)
    assert make is not None
    return make()


def sampled(held: Guide, seed: int) -> list[int]:
    """The tokens of a model without any sense."""
    chance = random.Random(seed)
    ids: list[int] = []
    for _ in range(2000):
        token = held.forced()
        if token is None:
            mask = held.allowed()
            assert mask is not None
            bits = int.from_bytes(mask, "little")
            token = chance.choice([n for n in range(WORDS.vocabulary_size) if bits >> n & 1])
        if token == EOS:
            return ids
        ids.append(token)
        held.accept(token)
    raise AssertionError("it never ended")


def read(ids: list[int], calling: Calling) -> tuple[str, list[Any]]:
    reader = CallReader(calling)
    words = "".join(reader.push(WORDS.token_name(token)) for token in ids) + reader.flush()
    return words, list(reader.taken())


@pytest.mark.parametrize("seed", range(6))
def test_a_call_comes_and_fits_its_function(seed: int) -> None:
    calling = Calling(TOOLS, is_required=True, name="weather", is_parallel=False)
    words, (call,) = read(sampled(guide(calling), seed), calling)
    assert (words, call.name) == ("", "weather")
    jsonschema.validate(json.loads(call.arguments), SCHEMA)


def test_any_of_the_functions_may_come_and_several() -> None:
    calling = Calling(TOOLS, is_required=True)
    names = set()
    most = 0
    for seed in range(8):
        words, calls = read(sampled(guide(calling), seed), calling)
        assert not words.strip()
        most = max(most, len(calls))
        names |= {call.name for call in calls}
    assert names == {"weather", "now"}
    assert most > 1


def test_free_arguments_are_text() -> None:
    tools = (Tool("say", "", '{"type": "object", "properties": {"what": {"type": "string"}}}'),)
    held = guide(Calling(tools, is_required=True, is_parallel=False))
    text = "<tool_call>say\n<arg_key>what</arg_key>\n<arg_value>é < 1\n2</arg_value>\n</tool_call>"
    for token in WORDS.encode_markup([(text, True)]):
        held.accept(token)


def test_what_cannot_be_enforced_is_refused() -> None:
    schema = {"type": "object", "properties": {"x": {"not": {"type": "null"}}}}
    for calling, words, param in (
        (Calling((Tool("f", "", json.dumps(schema)),), is_required=True), WORDS, "tools"),
        (Calling(TOOLS, is_required=True), model.tokenizer(), "tool_choice"),
    ):
        with pytest.raises(InvalidRequest) as caught:
            guide(calling, words)
        assert caught.value.param == param
