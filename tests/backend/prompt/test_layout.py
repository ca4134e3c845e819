"""Conversations only grow at their end, pictures stand where they were put."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise, takewhile

import pytest

from backend.media.media import Media, MediaKind
from backend.model.info import ModelInfo
from backend.prompt.assembly import Assembled, assemble
from backend.prompt.material import Material, View
from backend.prompt.prompt import Detail, MediaPart, Message, Part, Prompt, Role, TextPart
from backend.prompt.template import Template
from backend.prompt.tokenizer import Tokenizer
from backend.prompt.windows import Document
from tests.fakes import glm, model
from tests.fakes.library import page_text

SMALL = model.info(context=8000, reading=2000)
LARGE = replace(SMALL, parameters=9_000_000_000)
LAW = "This agreement is governed by the laws of the State of Ohio."
TERM = "The term of this agreement is three years from the first delivery."
PAID = "The buyer shall pay a price of 500 dollars for every widget."
QUESTIONS = ("Which law governs?", "How long is the term?", "What is the price?", "Thanks. Why?")


def contract(sha256: str, *needles: str, lines: int = 120) -> Material:
    told = [f"line {n} of a long contract about widgets" for n in range(lines)]
    for number, needle in enumerate(needles, 1):
        told.insert(number * lines // (len(needles) + 1), needle)
    media = Media(sha256, MediaKind.DOCUMENT, "application/pdf", 1, 1)
    return Material(media, Document(sha256, "nda.pdf", (page_text("\n".join(told)),)))


def photo(
    sha256: str, detail: Detail = Detail.AUTO, size: tuple[int, int] = (1654, 2339)
) -> Material:
    media = Media(sha256, MediaKind.IMAGE, "image/png", 1, 1, *size)
    view = View(sha256, 1, *size, detail)
    return Material(media, Document(sha256, "", (), length=1), (view,))


def conversation(
    turns: int, *files: Material, later: Material | None = None
) -> tuple[Message, ...]:
    """That many questions, answered but for the last; files with the first, `later` the third."""
    messages: list[Message] = []
    for number in range(turns):
        shown: list[Part] = [MediaPart(file.sha256, "nda.pdf") for file in files if number == 0]
        if number == 2 and later is not None:
            shown.append(MediaPart(later.sha256, "more.pdf"))
        messages.append(Message(Role.USER, (*shown, TextPart(QUESTIONS[number]))))
        messages.append(Message(Role.ASSISTANT, (TextPart(f"Answer {number}."),)))
    return tuple(messages[:-1])


def blind(messages: tuple[Message, ...], info: ModelInfo, *files: Material) -> Assembled:
    words = model.tokenizer()
    return _assembled(messages, info, files, words, model.template(words))


def seeing(messages: tuple[Message, ...], *files: Material, context: int = 8192) -> Assembled:
    words = glm.tokenizer()
    info = glm.info(context=context)
    return _assembled(messages, info, files, words, glm.template(words))


def _assembled(
    messages: tuple[Message, ...],
    info: ModelInfo,
    files: tuple[Material, ...],
    words: Tokenizer,
    template: Template,
) -> Assembled:
    shown = {part.sha256 for m in messages for part in m.parts if isinstance(part, MediaPart)}
    materials = {file.sha256: file for file in files if file.sha256 in shown}
    sight = glm.sight() if info.sees_images else None
    return assemble(Prompt("r", "me", "", messages), materials, info, words, template, sight)


def shared(one: Assembled, other: Assembled) -> int:
    """Leading tokens that two prompts have in common."""
    pairs = zip(one.prompt_ids, other.prompt_ids, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def is_prefix(shorter: Assembled, longer: Assembled) -> bool:
    return longer.prompt_ids[: len(shorter.prompt_ids)] == shorter.prompt_ids


@pytest.mark.parametrize("info", [SMALL, LARGE], ids=["small", "large"])
def test_a_longer_conversation_begins_as_the_shorter_one_did(info: ModelInfo) -> None:
    first = contract("a" * 64, LAW, TERM, PAID)
    later = contract("b" * 64, LAW)
    prompts = [blind(conversation(n, first, later=later), info, first, later) for n in (1, 2, 3, 4)]

    assert all(is_prefix(shorter, longer) for shorter, longer in pairwise(prompts))
    assert len(prompts[3].prompt_ids) + 1024 < info.context_length


@pytest.mark.parametrize("info", [SMALL, LARGE], ids=["small", "large"])
def test_a_later_question_gets_the_passage_that_its_document_s_excerpt_lacks(
    info: ModelInfo,
) -> None:
    file = contract("a" * 64, TERM, PAID, lines=400)
    one, two = (
        model.tokenizer().decode(blind(conversation(n, file), info, file).prompt_ids)
        for n in (1, 2)
    )
    asked = two.rindex("How long is the term?")

    assert TERM in two[len(one) : asked]
    assert two.index("Document nda.pdf") < len(one)


def test_a_second_question_about_a_whole_document_shares_its_beginning() -> None:
    file = contract("a" * 64, LAW, TERM, lines=40)
    one, two = (
        blind((Message(Role.USER, (MediaPart(file.sha256), TextPart(asked))),), LARGE, file)
        for asked in QUESTIONS[:2]
    )
    assert shared(one, two) >= 0.9 * len(two.prompt_ids)


def test_a_conversation_that_outgrows_the_context_loses_its_oldest_words_in_steps() -> None:
    file = contract("a" * 64, LAW, TERM, lines=200)
    info = replace(LARGE, context_length=4000, reading_budget=3000)
    long = tuple(
        message
        for n in range(12)
        for message in (
            Message(
                Role.USER,
                (*([MediaPart(file.sha256)] if n == 0 else []), TextPart(f"Question {n}?")),
            ),
            Message(Role.ASSISTANT, (TextPart(f"Answer {n}."),)),
        )
    )
    prompts = [blind(long[: 2 * n + 1], info, file) for n in range(12)]

    assert all(len(p.prompt_ids) + p.max_tokens == 4000 for p in prompts)
    assert all(p.max_tokens >= 1000 for p in prompts)
    whole = model.tokenizer().decode(prompts[0].prompt_ids)
    last = model.tokenizer().decode(prompts[-1].prompt_ids)
    assert last.count("line ") < whole.count("line ")
    kept = [shared(*pair) > 0.75 * len(pair[0].prompt_ids) for pair in pairwise(prompts)]
    assert kept.count(True) >= 8


def test_pictures_keep_their_place_and_size_as_the_conversation_grows() -> None:
    files = [photo("a" * 64), photo("b" * 64, Detail.LOW)]
    prompts = [seeing(conversation(n, *files), *files) for n in (1, 2, 3)]

    assert all(is_prefix(shorter, longer) for shorter, longer in pairwise(prompts))
    assert len({tuple(span.picture.key for span in p.images) for p in prompts}) == 1
    assert {tuple(span.start for span in p.images) for p in prompts} == {
        tuple(span.start for span in prompts[0].images)
    }


def test_several_pictures_leave_room_to_go_on() -> None:
    files = [photo(f"{n:064x}") for n in range(7)]
    prompts = [seeing(conversation(n, *files), *files) for n in (1, 2, 3, 4)]

    assert all(is_prefix(shorter, longer) for shorter, longer in pairwise(prompts))
    assert "less than auto detail" in prompts[0].pages[0].reason


def test_a_document_keeps_its_words_beside_pictures() -> None:
    file = contract("c" * 64, LAW, TERM, lines=90)
    files = [photo(f"{n:064x}") for n in range(3)]
    found = seeing(conversation(1, file, *files), file, *files)

    assert found.excerpts[file.sha256].whole
    assert all(page.tokens > 256 for page in found.pages)
    assert len(found.prompt_ids) + 1024 <= 8192


def test_words_between_pictures_stay_between_them() -> None:
    files = [photo("a" * 64, size=(56, 112)), photo("b" * 64, size=(56, 112))]
    parts = (
        TextPart("First"),
        MediaPart(files[0].sha256),
        TextPart("second"),
        MediaPart(files[1].sha256),
        TextPart("which?"),
    )
    found = seeing((Message(Role.USER, parts),), *files)

    one = "<|begin_of_image|><8><|end_of_image|>"
    assert f"First{one}second{one}which?" in glm.shown(glm.tokenizer(), found.prompt_ids)


def test_older_pictures_are_seen_less_closely_before_a_question_is_refused() -> None:
    first = [photo(f"{n:064x}") for n in range(4)]
    second = [photo(f"{n + 9:064x}") for n in range(4)]
    messages = (
        Message(Role.USER, (*(MediaPart(file.sha256) for file in first), TextPart("One?"))),
        Message(Role.ASSISTANT, (TextPart("Yes."),)),
        Message(Role.USER, (*(MediaPart(file.sha256) for file in second), TextPart("Two?"))),
    )
    found = seeing(messages, *first, *second, context=4000)

    assert len(found.images) == 8
    assert len(found.prompt_ids) + found.max_tokens == 4000
    assert found.max_tokens >= 1000
