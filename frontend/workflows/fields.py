"""What is asked of a contract: named fields, kept as JSON, and the JSON schema made from them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, TypeVar

Choice = TypeVar("Choice", bound=Enum)

MOST_FIELDS: Final = 60
MOST_CHOICES: Final = 40
LONGEST_QUESTION: Final = 400  # characters
_NAME: Final = re.compile(r"[^\W\d][\w -]{0,59}")
_LONGEST_VALUE: Final = 300  # characters of one value in an answer
_MOST_VALUES: Final = 20  # of one field in an answer


class Kind(Enum):
    """What a field's values are."""

    TEXT = "text"
    DATE = "date"
    MONEY = "money"
    DURATION = "duration"
    PARTIES = "parties"
    YES_NO = "yes_no"
    CHOICE = "choice"


class Language(Enum):
    """What a list of fields is written in, and summaries are asked for in."""

    ENGLISH = "en"
    CHINESE = "zh"


class FieldsInvalid(Exception):
    """A list of fields cannot be used; one sentence that names the place and the mistake."""


@dataclass(frozen=True)
class Field:
    """One thing to find. `cues` are words that stand near its value in a contract."""

    name: str  # the key in answers
    question: str
    kind: Kind = Kind.TEXT
    title: str = ""  # the heading of its column; "": the name
    choices: tuple[str, ...] = ()
    required: bool = False  # whether a contract without it is worth a remark
    many: bool = False  # whether it may have several values
    cues: tuple[str, ...] = ()

    @property
    def heading(self) -> str:
        """What people read above its values."""
        return self.title or self.name.replace("_", " ")

    @property
    def takes_many(self) -> bool:
        """Whether its value is a list."""
        return self.many or self.kind is Kind.PARTIES


@dataclass(frozen=True)
class FieldList:
    """A named, ordered list of fields."""

    name: str
    title: str
    language: Language
    fields: tuple[Field, ...]

    def __post_init__(self) -> None:
        _check(self)

    def to_json(self) -> str:
        """As JSON that `read` takes back."""
        return json.dumps(
            {
                "name": self.name,
                "title": self.title,
                "language": self.language.value,
                "fields": [_plain(field) for field in self.fields],
            },
            ensure_ascii=False,
            indent=2,
        )


def read(text: str) -> FieldList:
    """A list of fields from its JSON. Raises FieldsInvalid."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise FieldsInvalid("The list of fields is not valid JSON.") from None
    if not isinstance(content, dict):
        raise FieldsInvalid("The list of fields must be a JSON object.")
    rows = content.get("fields")
    if not isinstance(rows, list):
        raise FieldsInvalid("`fields` must be a list.")
    return FieldList(
        name=_text(content, "name", "", ""),
        title=_text(content, "title", "", ""),
        language=_member(Language, content.get("language", "en"), "language"),
        fields=tuple(_field(row, f"fields[{number}]") for number, row in enumerate(rows)),
    )


def schema(fields: FieldList, *, quotes: bool = False) -> dict[str, Any]:
    """The JSON schema of an answer: every field present, null (or an empty list) if not stated.

    With `quotes`, each field is an object of its value and the passage it was read from.
    """
    properties = {field.name: _value_schema(field) for field in fields.fields}
    if quotes:
        quote = {"type": ["string", "null"], "maxLength": _LONGEST_VALUE}
        properties = {
            name: _object({"value": value, "quote": quote}) for name, value in properties.items()
        }
    return _object(properties)


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def _value_schema(field: Field) -> dict[str, Any]:
    if field.kind is Kind.YES_NO:
        single: dict[str, Any] = {"enum": ["yes", "no"]}
    elif field.kind is Kind.CHOICE:
        single = {"enum": list(field.choices)}
    else:
        single = {"type": "string", "maxLength": _LONGEST_VALUE}
    if field.takes_many:
        return {"type": "array", "items": single, "maxItems": _MOST_VALUES}
    if "enum" in single:
        return {"enum": [*single["enum"], None]}
    return single | {"type": ["string", "null"]}


def _plain(field: Field) -> dict[str, Any]:
    row: dict[str, Any] = {"name": field.name, "kind": field.kind.value, "question": field.question}
    if field.title:
        row["title"] = field.title
    if field.choices:
        row["choices"] = list(field.choices)
    if field.required:
        row["required"] = True
    if field.many:
        row["many"] = True
    if field.cues:
        row["cues"] = list(field.cues)
    return row


def _field(row: object, place: str) -> Field:
    if not isinstance(row, dict):
        raise FieldsInvalid(f"`{place}` must be an object.")
    unknown = sorted(set(row) - set(Field.__dataclass_fields__))
    if unknown:
        raise FieldsInvalid(f"`{place}` has a key that is not known: {str(unknown[0])[:40]!r}.")
    return Field(
        name=_text(row, "name", place),
        question=_text(row, "question", place),
        kind=_member(Kind, row.get("kind", "text"), f"{place}.kind"),
        title=_text(row, "title", place, ""),
        choices=_texts(row, "choices", place),
        required=_flag(row, "required", place),
        many=_flag(row, "many", place),
        cues=_texts(row, "cues", place),
    )


def _text(row: Mapping[str, object], key: str, place: str, otherwise: str | None = None) -> str:
    value = row.get(key, otherwise)
    if not isinstance(value, str):
        where = f"{place}.{key}" if place else key
        raise FieldsInvalid(f"`{where}` must be {'given as text' if value is None else 'text'}.")
    return value


def _texts(row: Mapping[str, object], key: str, place: str) -> tuple[str, ...]:
    value = row.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise FieldsInvalid(f"`{place}.{key}` must be a list of texts.")
    return tuple(value)


def _flag(row: Mapping[str, object], key: str, place: str) -> bool:
    value = row.get(key, False)
    if not isinstance(value, bool):
        raise FieldsInvalid(f"`{place}.{key}` must be true or false.")
    return value


def _member(choices: type[Choice], value: object, place: str) -> Choice:
    try:
        return choices(value)
    except ValueError:
        known = ", ".join(str(choice.value) for choice in choices)
        raise FieldsInvalid(f"`{place}` must be one of: {known}.") from None


def _check(fields: FieldList) -> None:
    if not fields.fields:
        raise FieldsInvalid("A list of fields needs at least one field.")
    if len(fields.fields) > MOST_FIELDS:
        raise FieldsInvalid(f"A list may have at most {MOST_FIELDS} fields.")
    seen: set[str] = set()
    for number, field in enumerate(fields.fields):
        place = f"fields[{number}]"
        if not _NAME.fullmatch(field.name):
            raise FieldsInvalid(
                f"`{place}.name` must begin with a letter and hold at most 60 letters, digits, "
                "spaces, - and _."
            )
        if field.name.casefold() in seen:
            raise FieldsInvalid(f"`{place}.name` is there twice: {field.name}.")
        seen.add(field.name.casefold())
        if not 0 < len(field.question.strip()) <= LONGEST_QUESTION:
            raise FieldsInvalid(f"`{place}.question` must have 1 to {LONGEST_QUESTION} characters.")
        if (field.kind is Kind.CHOICE) != bool(field.choices):
            raise FieldsInvalid(f"`{place}.choices` goes with the kind choice, and only with it.")
        if len(set(field.choices)) != len(field.choices) or len(field.choices) > MOST_CHOICES:
            raise FieldsInvalid(f"`{place}.choices` must be at most {MOST_CHOICES}, all different.")
