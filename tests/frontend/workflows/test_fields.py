"""Lists of fields: kept as JSON, refused with the place of the mistake, made into a schema."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from frontend.workflows import presets
from frontend.workflows.answer_schema import schema
from frontend.workflows.fields import FieldList, FieldsInvalid, Kind, Language, read

NDA = presets.preset("nda")
assert NDA is not None


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("name", presets.NAMES)
def test_every_preset_is_complete_and_survives_json(name: str, language: Language) -> None:
    fields = presets.preset(name, language)
    assert fields is not None
    assert 8 <= len(fields.fields) <= 14
    assert read(fields.to_json()) == fields
    chinese = any("\u4e00" <= letter <= "\u9fff" for letter in fields.fields[0].question)
    assert chinese == (language is Language.CHINESE)
    jsonschema.Draft202012Validator.check_schema(schema(fields))


def test_an_unknown_preset_is_none() -> None:
    assert presets.preset("marriage") is None


def test_both_languages_ask_for_the_same() -> None:
    for name in presets.NAMES:
        english, chinese = (presets.preset(name, language) for language in Language)
        assert english is not None
        assert chinese is not None
        assert [f.name for f in english.fields] == [f.name for f in chinese.fields]
        assert [f.kind for f in english.fields] == [f.kind for f in chinese.fields]


def field_list(**field: Any) -> str:
    row = {"name": "term", "question": "How long?", "kind": "duration"} | field
    return json.dumps({"name": "own", "title": "Own", "language": "en", "fields": [row]})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "not valid JSON"),
        ("[]", "must be a JSON object"),
        ('{"fields": 3}', "`fields` must be a list"),
        ('{"fields": []}', "at least one field"),
        (field_list(kind="colour"), r"`fields\[0\].kind` must be one of: text, date"),
        (field_list(name="1st"), r"`fields\[0\].name` must begin with a letter"),
        (field_list(question=" "), r"`fields\[0\].question` must have 1 to"),
        (field_list(question=None), r"`fields\[0\].question` must be given"),
        (field_list(choices=["a"]), r"`fields\[0\].choices` goes with the kind choice"),
        (field_list(kind="choice"), r"`fields\[0\].choices` goes with the kind choice"),
        (field_list(form="month"), r"`fields\[0\].form` of the kind duration must be: counted"),
        (field_list(form="round"), r"`fields\[0\].form` must be one of: day"),
        (field_list(required="yes"), r"`fields\[0\].required` must be true or false"),
        (field_list(colour="red"), r"`fields\[0\]` has a key that is not known: 'colour'"),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, told: str) -> None:
    with pytest.raises(FieldsInvalid, match=told):
        read(text)


def test_two_fields_of_one_name_are_refused() -> None:
    assert NDA is not None
    with pytest.raises(FieldsInvalid, match="there twice: effective_date"):
        FieldList("x", "X", Language.ENGLISH, (NDA.fields[0], NDA.fields[0]))


def test_the_schema_takes_a_full_and_an_empty_answer_and_nothing_else() -> None:
    assert NDA is not None
    validator = jsonschema.Draft202012Validator(schema(NDA))
    empty: dict[str, Any] = {
        field.name: [] if field.kind is Kind.PARTIES else None for field in NDA.fields
    }
    assert validator.is_valid(empty)
    assert validator.is_valid(empty | {"party": ["ACME Inc."], "mutual": "yes", "term": "2 years"})
    assert not validator.is_valid(empty | {"mutual": "perhaps"})
    assert not validator.is_valid(empty | {"more": "x"})
    assert not validator.is_valid({"term": None})


def test_with_quotes_every_field_is_a_value_and_its_passage() -> None:
    assert NDA is not None
    validator = jsonschema.Draft202012Validator(schema(NDA, quotes=True))
    answer: dict[str, Any] = {
        field.name: {"value": [] if field.takes_many else None, "quote": None}
        for field in NDA.fields
    }
    answer["term"] = {"value": "2 years", "quote": "for two (2) years"}
    assert validator.is_valid(answer)
    assert not validator.is_valid(answer | {"term": "2 years"})
