"""Prompts laid out within a model's context."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from backend.errors import ContextLengthExceeded, InvalidRequest
from backend.media.media import Media, MediaKind
from backend.model.info import ModelInfo
from backend.prompt.assembly import Assembled, assemble
from backend.prompt.layout import DEFAULT_QUESTION
from backend.prompt.material import Material
from backend.prompt.prompt import (
    Form,
    MediaPart,
    Message,
    Prompt,
    ResponseFormat,
    Role,
    Sampling,
    TextPart,
)
from backend.prompt.windows import Document
from tests.fakes import model
from tests.fakes.library import page_text

WORDS = model.tokenizer()
OLD, NEW = "a" * 64, "b" * 64


def say(role: Role, text: str, *files: str) -> Message:
    return Message(role, (TextPart(text), *(MediaPart(sha256, "nda.pdf") for sha256 in files)))


def lay_out(
    *messages: Message,
    info: ModelInfo | None = None,
    sampling: Sampling | None = None,
    **files: str,
) -> Assembled:
    hashes = {"old": OLD, "new": NEW}
    materials = {
        hashes[name]: Material(
            Media(hashes[name], MediaKind.DOCUMENT, "application/pdf", 1, 1),
            Document(hashes[name], name, (page_text(text),)),
        )
        for name, text in files.items()
    }
    return assemble(
        Prompt("r", "me", "", messages, sampling or Sampling()),
        materials,
        info or model.info(),
        WORDS,
        model.template(WORDS),
    )


def test_the_document_stands_before_the_question_wherever_it_was_put() -> None:
    text = WORDS.decode(lay_out(say(Role.USER, "Which law?", NEW), new="Ohio law.").prompt_ids)

    assert text.index("Ohio law.") < text.index("Which law?")
    assert "nda.pdf" in text


def test_a_turn_that_talks_between_its_files_keeps_its_order() -> None:
    parts = (TextPart("First:"), MediaPart(OLD), TextPart("Second:"), MediaPart(NEW))
    told = Message(Role.USER, (*parts, TextPart("Which law differs?")))
    text = WORDS.decode(lay_out(told, old="Ohio law.", new="Utah law.").prompt_ids)

    order = ["First:", "Ohio law.", "Second:", "Utah law.", "Which law differs?"]
    assert sorted(order, key=text.index) == order


def test_a_small_model_gets_what_answers_again_right_before_the_question() -> None:
    law = "The laws of the State of Ohio govern this agreement."
    lines = [f"line {n} of a long contract about widgets" for n in range(100)]
    contract = "\n".join([*lines[:50], law, *lines[50:]])
    small, large = model.info(), replace(model.info(), parameters=9_000_000_000)

    for info, times in ((small, 2), (large, 1)):
        ids = lay_out(say(Role.USER, "Which law?", NEW), new=contract, info=info).prompt_ids
        text = WORDS.decode(ids)
        assert text.count(law) == times
        assert "from the text above, in a few sentences: Which law?" in text


def test_chinese_is_asked_in_chinese() -> None:
    text = WORDS.decode(lay_out(say(Role.USER, "谁签署？", NEW), new="甲方").prompt_ids)

    assert "请根据上文" in text


def test_a_turn_without_words_asks_for_a_summary_of_files_and_for_nothing_otherwise() -> None:
    about_a_file = WORDS.decode(lay_out(say(Role.USER, "", NEW), new="Ohio law.").prompt_ids)
    about_nothing = WORDS.decode(lay_out(say(Role.USER, "")).prompt_ids)

    assert DEFAULT_QUESTION in about_a_file
    assert DEFAULT_QUESTION not in about_nothing


def test_a_file_shown_twice_stands_in_the_prompt_once() -> None:
    laid_out = lay_out(
        say(Role.USER, "One?", NEW),
        say(Role.ASSISTANT, "Yes."),
        say(Role.USER, "Two?", NEW),
        new="Ohio law.",
    )

    assert WORDS.decode(laid_out.prompt_ids).count("Ohio law.") == 1


def test_older_files_shrink_before_newer_ones_and_all_stays_within_the_context() -> None:
    lines = "\n".join(f"line {n} of a long contract about widgets" for n in range(300))
    laid_out = lay_out(
        say(Role.USER, "First?", OLD),
        say(Role.ASSISTANT, "Yes."),
        say(Role.USER, "Second?", NEW),
        old=lines,
        new=lines,
        info=model.info(context=3000, reading=2500),
    )

    old, new = (
        sum(use.tokens for use in laid_out.pages if use.sha256 == sha256) for sha256 in (OLD, NEW)
    )
    assert new > 2 * old > 0
    assert len(laid_out.prompt_ids) + laid_out.max_tokens <= 3000


def test_what_nobody_asked_for_gives_way_and_what_was_asked_for_does_not() -> None:
    info = model.info(context=500, max_tokens=400)

    given_way = lay_out(say(Role.USER, "x" * 300), info=info, sampling=Sampling(max_tokens=400))
    assert len(given_way.prompt_ids) + given_way.max_tokens == 500
    with pytest.raises(ContextLengthExceeded):
        lay_out(say(Role.USER, "x" * 300), info=info, sampling=Sampling(max_tokens=401))


def test_typed_words_alone_are_refused_without_reading_them_all() -> None:
    began = time.monotonic()
    with pytest.raises(ContextLengthExceeded):
        lay_out(say(Role.USER, "a" * 50_000_000))
    assert time.monotonic() - began < 10


def test_a_wordless_file_beside_one_with_words_is_noted() -> None:
    laid_out = lay_out(say(Role.USER, "Compare.", OLD, NEW), old="", new="Ohio law.")

    assert "it holds no words" in WORDS.decode(laid_out.prompt_ids)
    assert laid_out.notice is None


def test_the_callers_system_turn_is_the_only_one() -> None:
    messages = (say(Role.SYSTEM, "Be rude."), say(Role.USER, "x", NEW))
    text = WORDS.decode(lay_out(*messages, new="y").prompt_ids)

    assert text.startswith("system\nBe rude.")
    assert text.count("system\n") == 1


def test_unknown_tokens_cannot_be_biased() -> None:
    with pytest.raises(InvalidRequest):
        lay_out(say(Role.USER, "x"), sampling=Sampling(logit_bias={10**6: 1.0}))


FIELDS = ResponseFormat(
    Form.SCHEMA,
    '{"properties": {"law": {"type": "string", "description": "Which law governs?"}},'
    ' "required": ["law"]}',
)


def fill(prompt: Prompt, text: str, *, fills_fields: bool) -> str:
    material = Material(
        Media(NEW, MediaKind.DOCUMENT, "application/pdf", 1, 1),
        Document(NEW, "nda.pdf", (page_text(text),)),
    )
    found = assemble(
        prompt,
        {NEW: material},
        replace(model.info(context=6000), fills_fields=fills_fields),
        WORDS,
        model.template(WORDS),
    )
    return WORDS.decode(found.prompt_ids)


def test_a_model_trained_for_it_is_asked_for_the_fields_of_the_form() -> None:
    prompt = Prompt("r", "me", "", (say(Role.USER, "Read this.", NEW),), response_format=FIELDS)

    text = fill(prompt, "Ohio law governs.", fills_fields=True)

    assert text.index("Ohio law governs.") < text.index("Read this.")
    assert text.index("Read this.") < text.index("- law (text): Which law governs?")
    assert "in a few sentences" not in text


def test_other_models_and_other_answers_are_asked_as_before() -> None:
    messages = (say(Role.USER, "Read this.", NEW),)
    held = Prompt("r", "me", "", messages, response_format=FIELDS)
    free = Prompt("r", "me", "", messages)
    any_json = Prompt("r", "me", "", messages, response_format=ResponseFormat(Form.JSON))

    for text in (
        fill(held, "Ohio law governs.", fills_fields=False),
        fill(free, "Ohio law governs.", fills_fields=True),
        fill(any_json, "Ohio law governs.", fills_fields=True),
    ):
        assert "- law (text)" not in text
        assert "in a few sentences: Read this." in text


def test_the_fields_choose_the_passages_of_a_long_document() -> None:
    filler = "The parties shall act in good faith in all that they do.\n" * 60
    text = f"{filler}This agreement is governed by the laws of Ohio.\n{filler}"
    prompt = Prompt("r", "me", "", (say(Role.USER, "Read.", NEW),), response_format=FIELDS)

    assert "the laws of Ohio" in fill(prompt, text, fills_fields=True)


def test_fields_can_be_asked_of_a_file_that_an_earlier_turn_showed() -> None:
    messages = (
        say(Role.USER, "What is this?", NEW),
        say(Role.ASSISTANT, "An agreement."),
        say(Role.USER, "Fill in the form."),
    )
    prompt = Prompt("r", "me", "", messages, response_format=FIELDS)

    text = fill(prompt, "Ohio law governs.", fills_fields=True)

    assert text.count("- law (text)") == 1
    assert text.index("Fill in the form.") < text.index("- law (text)")
