"""Requests for the labelled fields of an agreement, and the answers that are right."""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random
from typing import Any

from scripts.reader.agreements import KEYS, Agreement
from scripts.reader.asides import Aside
from scripts.reader.asking.asked import Asked
from scripts.reader.asking.fields import Field
from scripts.reader.asking.instructions import INSTRUCTIONS, LISTED, VERBATIM
from scripts.reader.finding import known
from scripts.reader.values import Value

_ASK = {
    "effective_date": (
        "Date from which the agreement takes effect|Effective date (YYYY-MM-DD)|"
        "The date the agreement becomes effective|Effective date of the agreement|"
        "When does the agreement take effect?|ISO date on which the agreement is made|"
        "On which date does the contract take effect?|Effective date, YYYY-MM-DD|"
        "Date of the agreement as YYYY-MM-DD, null if there is none"
    ),
    "jurisdiction": (
        "State or country whose law governs|Governing law|Under which state's law?|"
        "The state or country whose laws govern the agreement|Jurisdiction of the governing law|"
        "Which state's or country's law governs the contract?|State or country of the governing law"
    ),
    "party": (
        "Parties to the agreement|Names of the contracting parties|All parties|"
        "Who are the parties?|The companies or persons who sign the agreement|"
        "All parties to the agreement|Who concludes the contract?"
    ),
    "term": (
        "Length of the term, for example 2 years|How long the agreement or its confidentiality lasts|"
        "Duration of the agreement|Term of the agreement, such as '18 months'|Term|"
        "How long does the contract last?|How long it lasts, for example 2 years"
    ),
}
_NAMES = {
    "effective_date": "effective_date effective_date effective_date date agreement_date effectiveDate",
    "jurisdiction": "jurisdiction jurisdiction jurisdiction governing_law law governingLaw",
    "party": "party party party parties contracting_parties partyNames",
    "term": "term term term duration contract_term termLength",
}


def ask(chance: Random, agreement: Agreement, asides: Sequence[Aside] = ()) -> Asked:
    """A request for the labelled fields, or some of them, and for what was added."""
    keys = list(KEYS) if chance.random() < 0.75 else chance.sample(KEYS, chance.randint(1, 3))
    if chance.random() < 0.4:
        chance.shuffle(keys)
    is_verbatim = not asides and chance.random() < 0.15
    describes = chance.random() < 0.6
    is_nullable = chance.random() < 0.7
    instruction = chance.choice(INSTRUCTIONS).replace(
        "contract", chance.choice(("contract", "agreement", "NDA"))
    )
    if is_verbatim:
        instruction = f"{instruction} {chance.choice(VERBATIM)}".strip()
    lists = describes and not is_verbatim and chance.random() < 0.2
    quotes = not asides and chance.random() < 0.06
    found = known(agreement)
    fields: dict[str, Field] = {}
    questions: dict[str, str] = {}
    held: dict[str, tuple[str, ...]] = {}
    for key in keys:
        name = chance.choice(_NAMES[key].split())
        located = [value for value in found.get(key, ()) if value is not None]
        one = _field(chance, key, located, is_verbatim=is_verbatim, is_nullable=is_nullable)
        questions[name] = chance.choice(_ASK[key].split("|"))
        if quotes and key != "party":
            one = _with_quote(one, agreement, located)
        fields[name] = one
        held[name] = tuple(value.written for value in located)
    for aside in asides:
        fields[aside.name], questions[aside.name] = aside.field, aside.question
        held[aside.name] = aside.written
    order = list(fields)
    if asides:
        chance.shuffle(order)
    if lists:  # the questions stand in the words of the request, not in the schema
        listed = [f"- {name}: {told}" for name, told in questions.items()]
        instruction = "\n".join([chance.choice(LISTED), *listed])
    properties = {name: fields[name].schema for name in order}
    if describes and not lists:
        properties = {
            name: {**schema, "description": questions[name]} for name, schema in properties.items()
        }
    return Asked(
        instruction,
        {"type": "object", "properties": properties, "required": order},
        {name: fields[name].right for name in order},
        held,
        {name: one.blank for name, one in fields.items()},
    )


def _field(
    chance: Random, key: str, located: Sequence[Value], *, is_verbatim: bool, is_nullable: bool
) -> Field:
    """The field of a label, of which `located` is what was found."""
    shown = [value.written.strip() if is_verbatim else value.normal for value in located]
    shown = [" ".join(one.split()) for one in shown]
    if key == "party":
        return Field({"type": "array", "items": {"type": "string"}}, shown, [])
    schema: dict[str, Any] = {"type": ["string", "null"] if is_nullable else "string"}
    if key == "effective_date" and is_nullable and not is_verbatim and chance.random() < 0.3:
        schema["format"] = "date"
    blank = None if is_nullable else ""
    return Field(schema, shown[0] if shown else blank, blank)


def _with_quote(field: Field, agreement: Agreement, located: Sequence[Value]) -> Field:
    """The field as an object of its value and the words around it."""
    quote = _sentence(agreement.pages, located[0].written) if located else None
    schema = {
        "type": "object",
        "properties": {"value": field.schema, "quote": {"type": ["string", "null"]}},
        "required": ["value", "quote"],
    }
    return Field(
        schema, {"value": field.right, "quote": quote}, {"value": field.blank, "quote": None}
    )


def _sentence(pages: Sequence[str], written: str) -> str | None:
    """Up to thirty words of the sentence around a value."""
    for page in pages:
        place = page.find(written)
        if place >= 0:
            before = re.split(r"(?<=[.;:])\s", page[max(0, place - 160) : place])[-1].split()[-14:]
            after = re.split(r"(?<=[.;])\s", page[place : place + len(written) + 120])[0].split()
            return " ".join([*before, *after[: 14 + len(written.split())]])
    return None
