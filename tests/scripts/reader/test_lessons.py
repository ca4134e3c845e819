"""Lessons are laid out as the product lays out prompts, kept in files, and marked."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from backend.media.media import Media, MediaKind
from backend.prompt.assembly import assemble
from backend.prompt.material import Material
from backend.prompt.prompt import (
    Form,
    MediaPart,
    Message,
    Prompt,
    ResponseFormat,
    Role,
    TextPart,
)
from backend.prompt.windows import Document
from scripts.reader import lessons, marks, plain, shelf
from scripts.reader.agreements import Agreement
from scripts.reader.asking import contract_fields
from scripts.reader.contracts import contract
from scripts.reader.lessons import Desk
from scripts.reader.misreading import misread
from tests.fakes import model
from tests.fakes.library import page_text

WORDS = model.tokenizer()
DESK = Desk(WORDS, model.template(WORDS), 257)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_lesson_asks_as_the_product_does(language: str) -> None:
    from dataclasses import replace

    chance = Random(4)
    made = contract(chance, language)
    asked = contract_fields.ask(chance, made)
    material = Material(
        Media("a" * 64, MediaKind.DOCUMENT, "application/pdf", 1, 1),
        Document("a" * 64, "it.pdf", (page_text(made.pages[0]),)),
    )
    message = Message(Role.USER, (MediaPart("a" * 64, "it.pdf"), TextPart(asked.instruction)))
    prompt = Prompt(
        "r", "me", "", (message,), response_format=ResponseFormat(Form.SCHEMA, asked.definition)
    )
    info = replace(model.info(context=60_000, reading=1_600), fills_fields=True)

    served = assemble(prompt, {"a" * 64: material}, info, WORDS, model.template(WORDS))
    turn, _ = DESK.extraction("it.pdf", made.pages[:1], asked, 1_600)

    assert WORDS.decode(DESK.prompt(turn)) == WORDS.decode(served.prompt_ids)


def test_a_value_cut_by_the_end_of_a_page_is_seen_and_an_absent_one_is_not() -> None:
    sees = lessons._sees("the rent is USD 1,2\n- 3 -\n[Page 4]\n00.00 a month, in 0hio")

    assert sees("USD 1,200.00")
    assert sees("Ohio")  # as text recognition may read it
    assert not sees("USD 7,200.00")


def test_lessons_come_back_from_a_file(tmp_path: Path) -> None:
    given = [lessons.made_up(DESK, seed, "en") for seed in range(4)]

    shelf.put(tmp_path / "some.npz", given)

    assert list(shelf.take(tmp_path / "some.npz")) == given
    assert all(lesson.answer[-1] == 257 for lesson in given)


def test_lessons_are_followed_until_all_are_made(tmp_path: Path) -> None:
    given = [lessons.made_up(DESK, seed, "zh") for seed in range(4)]
    shelf.put(tmp_path / "00000.npz", given[:2])
    shelf.put(tmp_path / "_00002.npz", given)  # still being written
    followed = shelf.follow(tmp_path)

    first = [next(followed), next(followed)]
    shelf.put(tmp_path / "00001.npz", given[2:])
    (tmp_path / shelf.DONE).touch()

    assert [*first, *followed] == given


def test_what_was_misread_is_still_seen() -> None:
    page = "Governed by the laws of Illinois; the fee is $1,250.00. 合同于二〇二〇年三月入账。" * 20
    for seed in range(20):
        read = misread(Random(seed), [page])[0]
        assert lessons._sees(read)("laws of Illinois")


def test_misreading_changes_little() -> None:
    page = "The Lessee shall pay Olive Oil Ltd. the monthly rent. " * 40

    read = misread(Random(3), [page])[0]

    assert read != page
    assert len(read) > 0.8 * len(page)


def test_answers_are_marked_as_pairs_of_key_and_value() -> None:
    gold = [{"party": ["Nike Inc.", "Eric Sprunk"], "term": ["2 years"]}, {"term": ["1 year"]}]
    given: list[marks.Labels] = [
        {"party": ["NIKE  Inc.", "Phil"], "term": "2 years", "date": None},
        {"term": ""},
    ]

    figures = marks.micro(gold, given)

    assert figures["all"] == {
        "hits": 2, "found": 3, "gold": 4, "precision": 66.7, "recall": 50.0, "f1": 57.1,
    }  # fmt: skip
    assert figures["term"]["recall"] == 50.0


def test_labels_of_an_agreement_are_found_in_an_answer() -> None:
    agreement = Agreement(
        "a.pdf", ("",), {"party": ("Nike Inc.", "Eric Sprunk"), "term": ("2 years",)}
    )
    answer = marks.parsed('{"party": ["Nike Inc.", "Eric Sprunk"], "term": "2 years"}')

    assert marks.micro([agreement.labels], [answer])["all"]["f1"] == 100.0


def test_fields_are_right_or_wrong() -> None:
    gold = {"a": 5, "b": "2 years", "c": None, "d": True, "e": ["x", "y"], "f": "z"}
    given = {"a": 5.0, "b": "2  Years", "d": False, "e": ["y", "x"]}

    assert marks.field_accuracy([gold], [given]) == round(100 * 4 / 6, 1)


def test_what_is_no_object_answers_nothing() -> None:
    assert [marks.parsed(text) for text in ("[1]", "{", '{"a": 1}')] == [{}, {}, {"a": 1}]


def test_the_fifty_are_fifty() -> None:
    assert len({question for question, _ in plain.FIFTY}) == 50
    question, expected = plain.FIFTY[0]
    assert question == "What is the capital of France?"
    assert plain.is_right("It is Paris.", expected)
    assert not plain.is_right("It is Rome.", expected)
