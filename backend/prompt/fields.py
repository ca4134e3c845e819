"""The fields that a JSON schema asks for, said in words that a small model can follow."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MOST_LISTED = 60  # fields; a model that follows so long a list needs no help
_LONGEST_TYPE = 240  # characters
_LONGEST_DESCRIPTION = 300
_DEEPEST = 4  # types inside one another
_FORMATS = {
    "date": "date YYYY-MM-DD",
    "date-time": "date and time",
    "email": "e-mail address",
    "uri": "web address",
}
_NAMES = {
    "string": "text",
    "boolean": "true or false",
    "integer": "whole number",
    "number": "number",
    "null": "null",
    "object": "object",
}
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+")
_CARRIERS = frozenset(
    {"value", "quote", "evidence", "page", "pages", "source", "text", "confidence"}
)


@dataclass(frozen=True)
class Field:
    """One property of the answer."""

    name: str
    type: str  # in words
    description: str  # the schema's; may be empty
    query: str  # what to look for in a document

    @property
    def line(self) -> str:
        """As it is listed in a prompt."""
        told = f": {self.description}" if self.description else ""
        return f"- {self.name} ({self.type}){told}"


def fields(definition: str) -> tuple[Field, ...]:
    """The properties of a schema, in order; none if it does not describe an object of few."""
    try:
        schema = json.loads(definition)
    except (ValueError, RecursionError):
        return ()
    if not isinstance(schema, dict):
        return ()
    found = _resolved(schema, schema).get("properties")
    if not isinstance(found, dict) or not 0 < len(found) <= MOST_LISTED:
        return ()
    required = schema.get("required")
    return tuple(
        _field(name, _resolved(given, schema), schema, is_optional=_lacks(required, name))
        for name, given in found.items()
    )


def words(name: str) -> str:
    """A property's name as words: `effectiveDate` and `effective_date` are `effective date`."""
    return " ".join(_WORD.findall(name)).lower()


def _lacks(required: object, name: str) -> bool:
    return not isinstance(required, list) or name not in required


def _field(
    name: str, given: Mapping[str, Any], root: Mapping[str, Any], *, is_optional: bool
) -> Field:
    told = given.get("description") or given.get("title") or ""
    description = " ".join(str(told).split())[:_LONGEST_DESCRIPTION]
    kind = _type(given, root, 0)[:_LONGEST_TYPE]
    inner = " ".join(_inner(given, root, 0))
    return Field(
        name=name,
        type=f"{kind}, optional" if is_optional else kind,
        description=description,
        query=" ".join(part for part in (words(name), description, inner) if part),
    )


def _type(given: Mapping[str, Any], root: Mapping[str, Any], depth: int) -> str:
    """A schema in words."""
    if depth > _DEEPEST:
        return "any"
    for literal in ("enum", "const"):
        if literal in given:
            values = given[literal] if literal == "enum" else [given[literal]]
            return _choice(values if isinstance(values, list) else [values])
    for several in ("anyOf", "oneOf"):
        if isinstance(given.get(several), list):
            kinds = [_type(_resolved(one, root), root, depth + 1) for one in given[several]]
            return " or ".join(dict.fromkeys(kinds))
    kinds = given.get("type", "object" if "properties" in given else "any")
    return " or ".join(
        _plain(kind, given, root, depth) for kind in (kinds if isinstance(kinds, list) else [kinds])
    )


def _plain(kind: object, given: Mapping[str, Any], root: Mapping[str, Any], depth: int) -> str:
    if kind == "string" and given.get("format") in _FORMATS:
        return _FORMATS[given["format"]]
    if kind == "array":
        items = _type(_resolved(given.get("items", {}), root), root, depth + 1)
        return f"list of {items}"
    properties = given.get("properties")
    if kind == "object" and isinstance(properties, dict):
        inner = (
            f"{name}: {_type(_resolved(one, root), root, depth + 1)}"
            for name, one in properties.items()
        )
        return "{" + ", ".join(inner) + "}"
    return _NAMES.get(str(kind), "any")


def _choice(values: list[Any]) -> str:
    shown = [json.dumps(value, ensure_ascii=False) for value in values]
    return f"one of {', '.join(shown)}" if len(shown) > 1 else "".join(shown)


def _inner(given: Mapping[str, Any], root: Mapping[str, Any], depth: int) -> list[str]:
    """Names and descriptions within a field, as far as they say what is asked for."""
    if depth > _DEEPEST:
        return []
    found: list[str] = []
    items = given.get("items")
    if isinstance(items, dict):
        found += _inner(_resolved(items, root), root, depth + 1)
    properties = given.get("properties")
    for name, one in properties.items() if isinstance(properties, dict) else ():
        inner = _resolved(one, root)
        if name not in _CARRIERS:
            found.append(words(name))
        found += [str(inner.get("description", "")), *_inner(inner, root, depth + 1)]
    return [part for part in found if part]


def _resolved(given: object, root: Mapping[str, Any]) -> Mapping[str, Any]:
    """A schema with its reference followed; what cannot be followed says nothing."""
    for _ in range(_DEEPEST):
        if not isinstance(given, dict):
            return {}
        reference = given.get("$ref")
        if not isinstance(reference, str) or not reference.startswith("#/"):
            return given
        target: object = root
        for step in reference[2:].split("/"):
            target = target.get(step) if isinstance(target, dict) else None
        given = target
    return {}
