"""Fields of a contract through REST: a file, plain words, and a JSON schema."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from openai import OpenAI

from scripts.lib import papers

FIELDS = {
    "effective_date": {"type": ["string", "null"], "description": "Effective date, YYYY-MM-DD"},
    "jurisdiction": {"type": ["string", "null"], "description": "Whose law governs"},
    "party": {"type": "array", "items": {"type": "string"}, "description": "The parties"},
    "term": {"type": ["string", "null"], "description": "How long it lasts"},
}


def asked(openai: OpenAI, document: bytes, fields: dict[str, Any], words: str) -> Any:
    url = f"data:application/pdf;base64,{base64.b64encode(document).decode()}"
    content: list[Any] = [
        {"type": "file", "file": {"filename": "contract.pdf", "file_data": url}},
        {"type": "text", "text": words},
    ]
    schema = {"type": "object", "properties": fields, "required": list(fields)}
    form: Any = {"type": "json_schema", "json_schema": {"name": "fields", "schema": schema}}
    return openai.chat.completions.create(
        model="embedded", messages=[{"role": "user", "content": content}], response_format=form
    )


@pytest.mark.parametrize("is_scan", [False, True], ids=["text layer", "scan"])
def test_the_fields_of_an_agreement_are_read(openai: OpenAI, is_scan: bool) -> None:
    document = papers.pdf([papers.AGREEMENT])
    document = papers.scanned(document) if is_scan else document

    answer = asked(openai, document, FIELDS, "Extract these facts from the agreement.")

    found = json.loads(answer.choices[0].message.content)
    assert list(found) == list(FIELDS)
    assert "New York" in found["jurisdiction"]
    assert found["effective_date"].startswith("2019-")
    assert any("Larkspur" in party for party in found["party"]), found
    assert answer.choices[0].finish_reason == "stop"


def test_what_the_agreement_does_not_say_is_null(openai: OpenAI) -> None:
    fields = {
        "monthly_rent": {"type": ["number", "null"], "description": "How much is the rent?"},
        "jurisdiction": FIELDS["jurisdiction"],
    }

    answer = asked(openai, papers.pdf([papers.AGREEMENT]), fields, "Read these fields.")

    found = json.loads(answer.choices[0].message.content)
    assert found["monthly_rent"] is None
    assert "New York" in found["jurisdiction"]
