"""The honest sentence about files without words: when it comes, and in which language."""

from __future__ import annotations

from backend.media.media import Media, MediaKind
from backend.prompt.notices import note, notice
from backend.prompt.prompt import MediaPart, Message, Role, TextPart
from backend.prompt.windows import Document
from tests.fakes.library import page_text

PHOTO = Media("a" * 64, MediaKind.IMAGE, "image/png", 1, 1)
PAGE = Media("b" * 64, MediaKind.DOCUMENT, "application/pdf", 1, 1)


def turn(text: str, *media: Media) -> Message:
    parts = tuple(MediaPart(file.sha256) for file in media)
    return Message(Role.USER, (*parts, TextPart(text)))


def answer(messages: list[Message], **words: str) -> str | None:
    files = {"a": PHOTO, "b": PAGE}
    documents = {
        files[name].sha256: Document(files[name].sha256, name, (page_text(text),))
        for name, text in words.items()
    }
    media = {files[name].sha256: files[name] for name in words}
    return notice(tuple(messages), documents, media)


def test_a_photo_without_words_is_not_described() -> None:
    english = answer([turn("What is this?", PHOTO)], a="")
    chinese = answer([turn("这是什么？", PHOTO)], a="")

    assert english is not None
    assert "cannot see pictures" in english
    assert chinese is not None
    assert "看不到图像" in chinese


def test_words_anywhere_are_answered_from() -> None:
    assert answer([turn("What is this?", PHOTO)], a="EXIT") is None
    assert answer([turn("Compare", PHOTO, PAGE)], a="", b="words") is None
    assert answer([turn("hi")]) is None


def test_a_later_question_is_free_unless_it_is_about_the_picture() -> None:
    earlier = turn("What is this?", PHOTO)

    assert answer([earlier, turn("What colour is the car in the photo?")], a="") is not None
    assert answer([earlier, turn("Define indemnity.")], a="") is None


def test_a_note_names_the_wordless_file() -> None:
    assert note("cat.png", PHOTO).startswith("[Picture cat.png: it holds no words")
