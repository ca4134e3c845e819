"""What a JSON schema may hold here, and what it becomes before a grammar is made of it.

The library refuses most of what it does not know but ignores some, and annotations of a schema can
switch its checks off: so every schema is read here first. What comes out holds only keywords that
are enforced.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from backend.errors import InvalidRequest

PARAM = "response_format.json_schema"
MOST_CHARACTERS = 64 << 10
DEEPEST = 40  # schemas inside one another; the library's parser recurses
MOST_SCHEMAS = 2000  # in one document
MOST_STEPS = (
    1000  # multipleOf as a reduced fraction's numerator: its automaton has that many states
)
LARGEST_INTEGER = 2**53 - 1  # beyond it, not every JSON reader keeps all digits
LARGEST_NUMBER = 1e15
LARGEST_BOUND = 1e18  # that a schema may set itself

_ONE = frozenset({"items", "additionalProperties"})
_LISTS = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
_MAPS = frozenset({"properties", "patternProperties", "$defs", "definitions"})
_NUMBERS = frozenset(
    {
        "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
        "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties",
    }
)  # fmt: skip
_PLAIN = frozenset({"type", "enum", "const", "required", "pattern", "format", "$ref", "$anchor"})
_FORMATS = frozenset(
    {
        "date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid", "uri",
    }
)  # fmt: skip
_SILENT = frozenset(
    {
        "$schema", "$comment", "title", "description", "default", "examples", "example",
        "deprecated", "readOnly", "writeOnly", "discriminator", "contentEncoding",
        "contentMediaType",
    }
)  # fmt: skip
_TIME = r"^(\d{4}-\d\d-\d\dT)?\d\d:\d\d:[0-5]"
_DIALECTS = ("draft-06", "draft-07", "draft/2019-09", "draft/2020-12")


Schema = dict[str, Any] | bool


def parsed(definition: str) -> dict[str, Any]:
    """A schema of enforceable keywords only. Raises InvalidRequest, which names the keyword."""
    if len(definition) > MOST_CHARACTERS:
        raise _refusal(f"The schema may have {MOST_CHARACTERS:,} characters.")
    try:
        document = json.loads(definition, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise _refusal("The schema is not a JSON document.") from None
    try:
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise _refusal("The schema holds half a character.") from None
    if not isinstance(document, dict | bool):
        raise _refusal("A schema must be a JSON object.")
    read = _Reading(document).schema
    if read is False:
        raise _refusal("No text fits the schema false.")
    return {} if read is True else read


class _Reading:
    """One schema document being read."""

    def __init__(self, document: Schema) -> None:
        self._schemas = 0
        # Where schemas are intersected, closing one of them would close out the other's properties.
        self._is_merged = '"allOf"' in json.dumps(document)
        self.schema = self._read(document, "", 0)

    def _read(self, given: object, path: str, depth: int) -> Schema:
        if isinstance(given, bool):
            return given
        if not isinstance(given, dict):
            raise _refusal(f"{path or 'the schema'} must be a schema, which is an object.")
        self._schemas += 1
        if depth > DEEPEST:
            raise _refusal(f"Schemas may be nested {DEEPEST} deep.")
        if self._schemas > MOST_SCHEMAS:
            raise _refusal(f"A schema may hold {MOST_SCHEMAS:,} schemas.")
        kept: dict[str, Any] = {}
        for keyword, value in given.items():
            if self._is_kept(keyword, value, path):
                kept[keyword] = self._value(keyword, value, f"{path}/{_shown(keyword)}", depth)
        return self._bounded(kept)

    def _is_kept(self, keyword: str, value: object, path: str) -> bool:
        """Whether a keyword is to be enforced; False: it says nothing. Raises for all others."""
        if keyword == "$schema" and not any(known in str(value) for known in _DIALECTS):
            raise _unsupported("$schema (drafts 6 to 2020-12 are read)", path)
        if keyword in _SILENT or keyword.startswith("x-") or (keyword == "$id" and not path):
            return False
        if keyword == "format" and not (isinstance(value, str) and value in _FORMATS):
            raise _unsupported(f"format {_shown(str(value))}", path)
        if keyword not in _ONE | _LISTS | _MAPS | _NUMBERS | _PLAIN:
            raise _unsupported(_shown(keyword), path)
        return True

    def _value(self, keyword: str, value: object, path: str, depth: int) -> object:
        if keyword in _ONE:
            if isinstance(value, list):
                raise _refusal(f"{path} must be one schema; a list of them is 'prefixItems'.")
            return self._read(value, path, depth + 1)
        if keyword in _LISTS:
            if not isinstance(value, list) or not value:
                raise _refusal(f"{path} must be a list of schemas.")
            return [
                self._read(one, f"{path}/{place}", depth + 1) for place, one in enumerate(value)
            ]
        if keyword in _MAPS:
            if not isinstance(value, dict):
                raise _refusal(f"{path} must be an object of schemas.")
            return {
                name: self._read(one, f"{path}/{_shown(name)}", depth + 1)
                for name, one in value.items()
            }
        if keyword in _NUMBERS:
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise _refusal(f"{path} must be a number.")
            if not abs(value) <= LARGEST_BOUND:
                raise _refusal(f"{path} must be within {LARGEST_BOUND:g}.")
            if keyword == "multipleOf":
                _check_steps(value, path)
        if keyword == "$ref" and not str(value).startswith("#"):
            raise _refusal(f"{path}: only references within the schema (#/...) are followed.")
        if keyword in ("const", "enum"):
            _check_literal(value, path)
        if keyword == "required" and not _are_names(value):
            raise _refusal(f"{path} must be a list of names.")
        return value

    def _bounded(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Numbers that any reader can hold, and no properties that nobody named.

        Whatever fits the outcome fits the schema. A model left free to add properties may never
        come to an end.
        """
        types = schema.get("type")
        types = types if isinstance(types, list) else [types]
        if "integer" in types or "number" in types:
            largest = LARGEST_NUMBER if "number" in types else LARGEST_INTEGER
            if _lowest(schema) < largest and not {"maximum", "exclusiveMaximum"} & schema.keys():
                schema["maximum"] = largest
            if _highest(schema) > -largest and not {"minimum", "exclusiveMinimum"} & schema.keys():
                schema["minimum"] = -largest
        names = schema.get("properties", {})
        is_open = not {"additionalProperties", "patternProperties", "$ref"} & schema.keys()
        is_alone = not {"anyOf", "oneOf", "allOf", "minProperties"} & schema.keys()
        are_alone = names and is_open and is_alone and not self._is_merged
        if are_alone and set(schema.get("required", ())) <= names.keys():
            schema["additionalProperties"] = False
        # The library's seconds go up to 60 in any minute, which is hardly ever a time.
        if schema.get("format") in ("date-time", "time") and "pattern" not in schema:
            schema["pattern"] = _TIME
        return schema


def _are_names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _lowest(schema: Mapping[str, Any]) -> float:
    return float(max(schema.get("minimum", -math.inf), schema.get("exclusiveMinimum", -math.inf)))


def _highest(schema: Mapping[str, Any]) -> float:
    return float(min(schema.get("maximum", math.inf), schema.get("exclusiveMaximum", math.inf)))


def _check_steps(value: float, path: str) -> None:
    if not math.isfinite(value) or value <= 0:
        raise _refusal(f"{path} must be over 0.")
    if Fraction(str(value)).numerator > MOST_STEPS:
        raise _refusal(f"{path} may have a numerator of {MOST_STEPS:,}, reduced.")


def _check_literal(value: object, path: str) -> None:
    try:
        json.dumps(value, allow_nan=False).encode()
    except ValueError:
        raise _refusal(f"{path} holds a number that JSON has not.") from None


def _no_constant(name: str) -> object:
    raise ValueError(name)


def _shown(name: str) -> str:
    """A keyword fit to be shown: short, and printable."""
    return "".join(char for char in name[:60] if char.isprintable())


def _unsupported(what: str, path: str) -> InvalidRequest:
    where = f" at {path[:200]}" if path else ""
    return InvalidRequest(
        f"The schema's keyword {what}{where} cannot be enforced here.",
        param=PARAM,
        code="unsupported_parameter",
    )


def _refusal(message: str) -> InvalidRequest:
    return InvalidRequest(message[:1].upper() + message[1:], param=PARAM)
