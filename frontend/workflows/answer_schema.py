"""The JSON schema of an answer that fills in a list of fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from frontend.workflows.fields import Field, FieldList, Kind

_LONGEST_VALUE: Final = 300  # characters of one value in an answer
_MOST_VALUES: Final = 20  # of one field in an answer


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
