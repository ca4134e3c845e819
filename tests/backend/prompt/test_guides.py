"""Guides: a form kept whatever is sampled, reasoning that ends in time, and one after the other."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from typing import Any

import jsonschema
import pytest

from backend.errors import InvalidRequest
from backend.prompt.guide import Guide, GuideBroken
from backend.prompt.guides import SHORTENED, Guides
from backend.prompt.prompt import Form, Prompt, ResponseFormat, Thinking
from backend.prompt.tokenizer import Tokenizer
from tests.fakes.tokenizer import CONTROL, EOS, MARKS, description

TOKENIZER = Tokenizer(description([*CONTROL, *MARKS]))
(CLOSE,) = TOKENIZER.encode_markup([("</think>", True)])
EOS_IDS = frozenset({EOS, 2})
GUIDES = Guides(TOKENIZER, EOS_IDS, thinks=True)
PROMPT = Prompt("r", "me", "", ())
PERSON: dict[str, Any] = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "tags": {"type": "array", "items": {}}},
    "required": ["name", "tags"],
}


def guide(
    max_tokens: int,
    schema: object = None,
    *,
    budget: int | None = None,
    thinking: bool = False,
    guides: Guides = GUIDES,
    form: ResponseFormat | None = None,
) -> Guide | None:
    if schema is not None:
        form = ResponseFormat(Form.SCHEMA, json.dumps(schema))
    prompt = replace(PROMPT, thinking=Thinking(thinking, budget), response_format=form)
    make = guides.factory(prompt, max_tokens)
    return None if make is None else make()


def follow(held: Guide, max_tokens: int, wish: Any) -> tuple[list[int], bool]:
    """The tokens of an answer by a model that wishes for tokens; whether it ended by itself."""
    ids: list[int] = []
    while len(ids) < max_tokens:
        token = held.forced()
        if token is None:
            token = wish(held.allowed(), len(ids))
        held.accept(token)
        if token in EOS_IDS:
            return ids, True
        ids.append(token)
    return ids, False


def any_of(mask: bytes | None) -> list[int]:
    size = TOKENIZER.vocabulary_size
    if mask is None:
        return list(range(size))
    bits = int.from_bytes(mask, "little")
    return [token for token in range(size) if bits >> token & 1]


def drunk(seed: int) -> Any:
    """A model without any sense."""
    chance = random.Random(seed)
    return lambda mask, place: chance.choice(any_of(mask))


def obsessed(letter: str) -> Any:
    """A model that says one thing for ever where it may."""
    (wanted,) = TOKENIZER.encode(letter)

    def wish(mask: bytes | None, place: int) -> int:
        may = any_of(mask)
        return wanted if wanted in may else may[0]

    return wish


@pytest.mark.parametrize("max_tokens", [40, 41, 60, 200])
@pytest.mark.parametrize("seed", range(10))
def test_json_is_whole_whatever_is_sampled(max_tokens: int, seed: int) -> None:
    held = guide(max_tokens, PERSON)
    assert held is not None
    ids, has_ended = follow(held, max_tokens, drunk(seed))
    assert has_ended, "with room for its end"
    jsonschema.validate(json.loads(TOKENIZER.decode(ids)), PERSON)


def test_an_answer_that_was_cut_short_says_so() -> None:
    held = guide(60, PERSON)
    assert held is not None
    ids, has_ended = follow(held, 60, obsessed("x"))
    assert has_ended
    assert json.loads(TOKENIZER.decode(ids))["name"].startswith("xxxxx")
    assert held.warning == SHORTENED


def test_an_answer_that_ends_by_itself_is_left_alone() -> None:
    text = '{"name": "Ann", "tags": []}'
    held = guide(400, PERSON)
    assert held is not None
    told = TOKENIZER.encode(text)
    ids, has_ended = follow(held, 400, lambda mask, place: told[place])
    assert (TOKENIZER.decode(ids), has_ended, held.warning) == (text, True, "")


def test_a_loop_is_closed_long_before_the_answer_is_full() -> None:
    held = guide(5000, PERSON)
    assert held is not None
    ids, has_ended = follow(held, 5000, obsessed("x"))
    assert has_ended
    assert len(ids) < 400
    jsonschema.validate(json.loads(TOKENIZER.decode(ids)), PERSON)


def test_without_room_for_any_end_the_answer_is_cut() -> None:
    held = guide(10, PERSON)
    assert held is not None
    ids, has_ended = follow(held, 10, drunk(0))
    assert (len(ids), has_ended) == (10, False)


def test_an_expression_ends_where_it_must() -> None:
    held = guide(50, form=ResponseFormat(Form.REGEX, "(ab){3}"))
    assert held is not None
    ids, has_ended = follow(held, 50, drunk(1))
    assert (TOKENIZER.decode(ids), has_ended) == ("ababab", True)


def test_a_token_that_may_not_come_breaks_the_guide() -> None:
    held = guide(50, PERSON)
    assert held is not None
    with pytest.raises(GuideBroken):
        held.accept(TOKENIZER.encode("x")[0])


def test_nothing_to_hold_to_is_no_guide() -> None:
    assert guide(50) is None
    assert guide(50, thinking=True, guides=Guides(TOKENIZER, EOS_IDS, thinks=False)) is None


def test_each_answer_has_its_own() -> None:
    form = ResponseFormat(Form.REGEX, "ab")
    make = GUIDES.factory(replace(PROMPT, response_format=form), 9)
    assert make is not None
    first, second = make(), make()
    first.accept(TOKENIZER.encode("a")[0])
    assert any_of(second.allowed()) != any_of(first.allowed())


def test_a_bad_form_is_refused_before_any_answer() -> None:
    with pytest.raises(InvalidRequest):
        guide(50, {"not": {}})


@pytest.mark.parametrize(
    ("max_tokens", "budget", "thought"),
    [(100, 5, 5), (100, 0, 0), (100, None, 74), (100, 1000, 74), (8, None, 5), (1, None, 0)],
)
def test_reasoning_ends_in_time(max_tokens: int, budget: int | None, thought: int) -> None:
    held = guide(max_tokens, budget=budget, thinking=True)
    assert held is not None
    ids, _ = follow(held, max_tokens, obsessed("x"))
    assert ids.index(CLOSE) == thought
    assert ids.count(CLOSE) == 1
    assert held.allowed() is None, "the answer is free"


def test_reasoning_may_end_by_itself_and_the_answer_may_come_without() -> None:
    held = guide(100, budget=50, thinking=True)
    assert held is not None
    for token in (*TOKENIZER.encode("so"), CLOSE):
        assert held.forced() is None
        assert held.allowed() is None
        held.accept(token)
    for _ in range(60):
        assert held.forced() is None, "no budget holds the answer"
        held.accept(TOKENIZER.encode("x")[0])
    straight = guide(100, budget=50, thinking=True)
    assert straight is not None
    straight.accept(EOS)


@pytest.mark.parametrize("seed", range(10))
def test_the_form_begins_after_the_reasoning(seed: int) -> None:
    held = guide(200, PERSON, budget=20, thinking=True)
    assert held is not None
    ids, has_ended = follow(held, 200, drunk(seed))
    assert has_ended
    thought = ids.index(CLOSE)
    assert thought <= 20
    jsonschema.validate(json.loads(TOKENIZER.decode(ids[thought + 1 :])), PERSON)


def test_before_a_form_reasoning_cannot_end_the_answer() -> None:
    held = guide(200, PERSON, budget=20, thinking=True)
    assert held is not None
    assert not EOS_IDS & set(any_of(held.allowed()))


def test_a_tokenizer_without_the_mark_spells_it() -> None:
    plain = Tokenizer(description())
    guides = Guides(plain, frozenset({EOS}), thinks=True)
    held = guide(100, budget=3, thinking=True, guides=guides)
    assert held is not None
    (letter,) = plain.encode("x")
    ids, _ = follow(held, 100, lambda mask, place: letter)
    assert plain.decode(ids).startswith("xxx</think>xxx")
    assert plain.decode(ids).count("</think>") == 1
    own = guide(100, budget=50, thinking=True, guides=guides)
    assert own is not None
    for token in plain.encode("hm</think>"):
        own.accept(token)
    for _ in range(60):
        assert own.forced() is None
        own.accept(letter)
