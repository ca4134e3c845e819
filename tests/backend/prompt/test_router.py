"""Routes, ways of reading, and the sentences that explain them."""

from __future__ import annotations

import pytest

from backend.errors import InvalidRequest
from backend.media.media import Media, MediaKind
from backend.prompt.events import PageUse
from backend.prompt.material import Material, View
from backend.prompt.prompt import (
    MediaPart,
    Message,
    Part,
    Priority,
    Prompt,
    ReadingMethod,
    Role,
    Route,
    TextPart,
)
from backend.prompt.router import MANY, Way, page_reason, priority, reason, route, way
from backend.prompt.windows import Document, Excerpt


def picture(number: int) -> Material:
    sha256 = f"{number:064x}"
    media = Media(sha256, MediaKind.IMAGE, "image/png", 1, 1, 640, 480)
    return Material(media, Document(sha256, "", (), length=1), (View(sha256, 1, 640, 480),))


def scan(pages: int) -> Material:
    sha256 = "f" * 64
    media = Media(sha256, MediaKind.DOCUMENT, "application/pdf", 1, pages)
    views = tuple(View(sha256, number, 1654, 2339) for number in range(1, pages + 1))
    return Material(media, Document(sha256, "scan.pdf", (), length=pages), views)


def contract() -> Material:
    media = Media("e" * 64, MediaKind.DOCUMENT, "application/pdf", 1, 3)
    return Material(media, Document(media.sha256, "nda.pdf", ()))


def taken(
    *materials: Material, texts: int = 1, wanted: Priority = Priority.INTERACTIVE
) -> tuple[Route, Priority]:
    parts: tuple[Part, ...] = (
        *(TextPart(f"Describe {n}.") for n in range(texts)),
        *(MediaPart(material.sha256) for material in materials),
    )
    prompt = Prompt("r", "me", "", (Message(Role.USER, parts),), priority=wanted)
    found = route(prompt, {material.sha256: material for material in materials})
    return found, priority(prompt, found)


def test_words_alone_never_touch_vision() -> None:
    assert taken() == (Route.TEXT, Priority.INTERACTIVE)
    assert taken(contract()) == (Route.TEXT, Priority.INTERACTIVE)


def test_a_question_about_pictures_runs_with_both() -> None:
    assert taken(picture(1)) == (Route.MULTIMODAL, Priority.INTERACTIVE)
    assert taken(contract(), picture(1)) == (Route.MULTIMODAL, Priority.INTERACTIVE)


def test_one_instruction_over_many_pictures_is_a_batch_and_yields() -> None:
    many = [picture(number) for number in range(MANY)]

    assert taken(*many) == (Route.IMAGE_BATCH, Priority.BATCH)
    assert taken(*many[1:])[0] is Route.MULTIMODAL
    assert taken(*many, texts=2)[0] is Route.MULTIMODAL
    assert taken(*many, texts=0)[0] is Route.MULTIMODAL


def test_a_person_s_question_about_a_long_scan_is_no_batch_but_a_job_s_is() -> None:
    assert taken(scan(20)) == (Route.MULTIMODAL, Priority.INTERACTIVE)
    assert taken(scan(20), wanted=Priority.BATCH) == (Route.IMAGE_BATCH, Priority.BATCH)


@pytest.mark.parametrize(
    ("kind", "sees", "asked", "expected"),
    [
        (MediaKind.IMAGE, True, None, Way.SIGHT),
        (MediaKind.IMAGE, True, ReadingMethod.OCR, Way.WORDS),
        (MediaKind.IMAGE, False, None, Way.WORDS),
        (MediaKind.DOCUMENT, True, None, Way.EITHER),
        (MediaKind.DOCUMENT, True, ReadingMethod.VISION, Way.SIGHT),
        (MediaKind.DOCUMENT, True, ReadingMethod.TEXT_LAYER, Way.WORDS),
        (MediaKind.DOCUMENT, False, None, Way.WORDS),
    ],
)
def test_how_a_file_is_read(
    kind: MediaKind, sees: bool, asked: ReadingMethod | None, expected: Way
) -> None:
    assert way(MediaPart("a" * 64, reading=asked), kind, sees_images=sees) is expected


def test_a_model_without_eyes_is_shown_nothing() -> None:
    part = MediaPart("a" * 64, reading=ReadingMethod.VISION)
    with pytest.raises(InvalidRequest, match="cannot see"):
        way(part, MediaKind.IMAGE, sees_images=False)


def test_the_reason_says_how_pages_were_read() -> None:
    methods = [ReadingMethod.TEXT_LAYER] * 5 + [ReadingMethod.OCR]
    pages = [PageUse("b" * 64, n, method, 1, 1) for n, method in enumerate(methods, 1)]
    seen = [PageUse("b" * 64, 1, ReadingMethod.VISION, 0, 9)]
    part, whole = (Excerpt((), (), 0, whole=whole) for whole in (False, True))

    assert reason(Route.TEXT, pages, [whole], sees_images=False) == (
        "Read 5 pages by text layer and 1 page by OCR; this model reads words, not pictures."
    )
    assert "passages that fit the question best" in reason(
        Route.TEXT, pages, [part], sees_images=True
    )
    assert reason(Route.TEXT, [], [], sees_images=False) == (
        "Words only: there is no file to read."
    )
    assert reason(Route.MULTIMODAL, seen, [], sees_images=True) == "Read 1 page by sight."
    assert "yields to people" in reason(Route.IMAGE_BATCH, seen, [], sees_images=True)


def test_every_page_has_its_reason() -> None:
    told = {
        page_reason(material, method, sees_images=sees)
        for material, method, sees in [
            (contract(), ReadingMethod.TEXT_LAYER, True),
            (contract(), ReadingMethod.VISION, True),
            (contract(), ReadingMethod.OCR, False),
            (picture(1), ReadingMethod.VISION, True),
            (picture(1), ReadingMethod.OCR, False),
        ]
    }

    assert len(told) == 5
    assert all(sentence.endswith(".") for sentence in told)
