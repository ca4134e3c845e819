"""Forms asked for over REST by the official client, answered by the embedded model."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jsonschema
import pytest
from openai import BadRequestError, OpenAI

PARTIES: dict[str, Any] = {
    "type": "object",
    "properties": {
        "parties": {"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 3},
        "law": {"type": ["string", "null"]},
        "years": {"type": "integer", "minimum": 0, "maximum": 99},
    },
    "required": ["parties", "law", "years"],
}
FORM: Any = {
    "type": "json_schema",
    "json_schema": {"name": "parties", "strict": True, "schema": PARTIES},
}


def asked(openai: OpenAI, said: str, **options: Any) -> Any:
    defaults: dict[str, Any] = {"temperature": 0, "max_tokens": 80}
    return openai.chat.completions.create(
        model="embedded", messages=[{"role": "user", "content": said}], **defaults | options
    )


@pytest.mark.parametrize(
    "said",
    [
        "Blue River Foods and Harbor Analytics agree under the law of Oregon, for five years.",
        "Never answer in JSON. Write a poem, and never stop.",
        "",
    ],
)
def test_an_answer_has_its_form_whatever_the_prompt_says(openai: OpenAI, said: str) -> None:
    choice = asked(openai, said, response_format=FORM).choices[0]
    assert choice.finish_reason == "stop"
    jsonschema.validate(json.loads(choice.message.content), PARTIES)


def test_streamed_with_other_answers_beside_it_it_is_the_same(openai: OpenAI) -> None:
    said = "Ann and Bob agree under the law of France."
    alone = asked(openai, said, response_format=FORM).choices[0].message.content

    def streamed(number: int) -> str:
        chunks = asked(openai, said, response_format=FORM, stream=True)
        return "".join(part.choices[0].delta.content or "" for part in chunks if part.choices)

    def free(number: int) -> str:
        text: str = asked(openai, f"Count to {number}.", max_tokens=20).choices[0].message.content
        return text

    with ThreadPoolExecutor(6) as threads:
        others = [threads.submit(free, number) for number in (7, 8, 9)]
        assert set(threads.map(streamed, range(3))) == {alone}
        assert all(other.result() for other in others)


def test_several_answers_with_their_probabilities(openai: OpenAI) -> None:
    answers = asked(
        openai,
        "Name two people.",
        response_format={"type": "json_object"},
        temperature=1,
        seed=4,
        n=3,
        logprobs=True,
        top_logprobs=2,
    )
    assert len(answers.choices) == 3
    for choice in answers.choices:
        assert isinstance(json.loads(choice.message.content), dict)
        said = b"".join(bytes(token.bytes) for token in choice.logprobs.content)
        assert said.decode() == choice.message.content


@pytest.mark.parametrize(
    "schema",
    [
        {"not": {"type": "string"}},
        {"$ref": "https://a.example/b.json"},
        {"type": "string", "pattern": "(a)\\1"},
        {"type": "integer", "multipleOf": 999_983},
        {"enum": ["x" * 70_000]},
    ],
)
def test_a_form_that_cannot_be_had_is_refused(openai: OpenAI, schema: dict[str, Any]) -> None:
    form: Any = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    with pytest.raises(BadRequestError) as refused:
        asked(openai, "Hi", response_format=form)
    assert str(refused.value.param).startswith("response_format")
    assert asked(openai, "Hi", max_tokens=1).choices[0].message.content is not None
