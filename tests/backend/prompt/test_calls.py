"""Calls in an answer: told from its words, whole, and typed as the function wants them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.prompt.calls import CallReader
from backend.prompt.prompt import Calling, Tool, ToolCall

WEATHER = {
    "type": "object",
    "properties": {
        "city": {"type": "string"},
        "days": {"type": "integer"},
        "metric": {"type": "boolean"},
        "near": {"$ref": "#/$defs/place"},
        "note": {"type": ["string", "null"]},
        "unit": {"enum": ["C", "F"]},
        "limit": {"anyOf": [{"type": "number"}, {"type": "null"}]},
        "free": {},
    },
    "$defs": {"place": {"type": "array", "items": {"type": "number"}}},
}
TOOLS = (Tool("weather", "Tells it.", json.dumps(WEATHER)), Tool("now"))


def written(name: str, **arguments: str) -> str:
    pairs = "".join(
        f"<arg_key>{key}</arg_key>\n<arg_value>{value}</arg_value>\n"
        for key, value in arguments.items()
    )
    return f"<tool_call>{name}\n{pairs}</tool_call>"


def read(text: str, *, size: int = 1, is_parallel: bool = True) -> tuple[str, list[ToolCall]]:
    reader = CallReader(Calling(TOOLS, is_parallel=is_parallel))
    words = ""
    calls: list[ToolCall] = []
    for start in range(0, len(text), size):
        words += reader.push(text[start : start + size])
        calls += reader.taken()
    return words + reader.flush(), calls


def arguments(**values: str) -> dict[str, Any]:
    _, (call,) = read(written("weather", **values))
    found: dict[str, Any] = json.loads(call.arguments)
    return found


@given(st.integers(1, 40))
def test_words_and_calls_wherever_the_text_is_cut(size: int) -> None:
    text = f"Let me look.\n{written('weather', city='Paris')}\n{written('now')}\n"
    words, calls = read(text, size=size)
    assert words == "Let me look."
    assert [(call.name, call.arguments) for call in calls] == [
        ("weather", '{"city": "Paris"}'),
        ("now", "{}"),
    ]
    assert len({call.id for call in calls}) == 2


def test_white_space_between_marks_means_nothing() -> None:
    tight = "<tool_call>weather<arg_key>city</arg_key><arg_value>Paris</arg_value></tool_call>"
    assert read(tight)[1][0].arguments == read(written("weather", city="Paris"))[1][0].arguments


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("city", "75001", "75001"),
        ("city", "  two\nlines ", "  two\nlines "),
        ("city", "", ""),
        ("city", '"quoted"', '"quoted"'),
        ("days", "3", 3),
        ("days", "3.0", 3),
        ("days", "many", "many"),
        ("metric", "true", True),
        ("metric", "False", False),
        ("near", "[48.8, 2.3]", [48.8, 2.3]),
        ("note", "null", None),
        ("note", "7", "7"),
        ("unit", "C", "C"),
        ("limit", "None", None),
        ("limit", "5", 5),
        ("free", '{"a": 1}', {"a": 1}),
        ("free", "words", "words"),
        ("free", "NaN", "NaN"),
        ("unknown", "12", 12),
        ("days", "9" * 5000, "9" * 5000),
        ("near", "[" * 100_000, "[" * 100_000),
    ],
)
def test_a_value_has_the_type_that_its_parameter_takes(key: str, text: str, value: Any) -> None:
    assert arguments(**{key: text}) == {key: value}


def test_half_a_character_in_a_value_can_still_travel() -> None:
    _, (call,) = read(written("weather", free='"\\ud800"'))
    assert call.arguments.encode()


@pytest.mark.parametrize(
    "text",
    [
        written("launch", target="moon"),
        "<tool_call>weather\n<arg_key>city</arg_key>\nParis</tool_call>",
        "<tool_call>weather\n<arg_key>city</arg_key>\n<arg_value>Par",
        "a < b, <tool",
        "words \n",
    ],
)
def test_what_is_no_call_stays_words(text: str) -> None:
    assert read(text) == (text, [])


def test_an_answer_with_one_call_at_most_ends_there() -> None:
    words, calls = read(written("now") + written("now") + "more", is_parallel=False)
    assert (words, len(calls)) == ("", 1)


@given(st.text(alphabet="<>/_ \nacegkloruty", max_size=60))
def test_nothing_is_lost_of_any_text(text: str) -> None:
    assert read(text) == (text, [])
