"""Requests about contracts made by chance have right answers."""

from __future__ import annotations

import json
from random import Random

import pytest

from backend.prompt import schema
from backend.prompt.fields import fields
from scripts.reader.asking import contract_fields
from scripts.reader.contracts import contract


@pytest.mark.parametrize("language", ["en", "zh"])
def test_answers_fit_their_schemas(language: str) -> None:
    for seed in range(60):
        asked = contract_fields.ask(Random(seed), contract(Random(seed), language))
        schema.parsed(asked.definition)
        answer = json.loads(asked.right(lambda _: True))
        properties = asked.schema["properties"]
        assert [field.name for field in fields(asked.definition)] == list(properties)
        for name in asked.schema.get("required", ()):
            assert fits(answer[name], properties[name]), (seed, name, answer[name])
        assert answer.keys() <= properties.keys()


def fits(value: object, kind: dict[str, object]) -> bool:
    if "enum" in kind:
        return value in kind["enum"]  # type: ignore[operator]
    kinds = kind["type"] if isinstance(kind["type"], list) else [kind["type"]]
    names = {
        str: "string",
        bool: "boolean",
        int: "integer",
        float: "number",
        list: "array",
        dict: "object",
        type(None): "null",
    }
    name = names[type(value)]
    return name in kinds or (name == "integer" and "number" in kinds)


def test_who_sees_nothing_finds_nothing() -> None:
    for seed in range(40):
        asked = contract_fields.ask(Random(seed), contract(Random(seed), "en"))
        blind = json.loads(asked.right(lambda _: False))
        for name, value in blind.items():
            if name in asked.held:
                found = value["value"] if isinstance(value, dict) else value
                assert found in (None, "", []), (seed, name, value)


def test_asking_leaves_the_contract_as_it_is() -> None:
    for seed in range(20):
        made = contract(Random(seed), "zh")
        before = repr(made)
        contract_fields.ask(Random(seed), made)
        assert repr(made) == before
