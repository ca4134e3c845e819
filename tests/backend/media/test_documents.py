"""Words of a PDF stand where they are drawn, whatever way the page is turned or cropped."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from backend.errors import InvalidMedia
from backend.media import documents
from backend.media.limits import MediaLimits
from backend.media.media import PageText, Word
from backend.media.wording import is_usable
from backend.prompt.prompt import ReadingMethod
from tests.fakes.pdf import Line, Page, paragraph, pdf

LIMITS = MediaLimits()
TEXT = """This Agreement is made on 3 March 2021
by and between Ann Ltd. and Bob Inc.
The law of Delaware governs."""
LOCKED = pdf(Page()).replace(
    b"/Root",
    b"/Encrypt<</Filter/Standard/V 1/R 2/P -4/O(%s)/U(%s)>>/ID[(a)(a)]/Root"
    % (b"o" * 32, b"u" * 32),
)


def kept(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def layer(path: Path, number: int = 1) -> documents.TextLayer:
    return documents.text_layers(path, [number], LIMITS)[0]


def drawn(path: Path, number: int = 1) -> Image.Image:
    pixels = documents.pixels(path, number, 150, 2_000, LIMITS)
    return Image.frombytes("RGB", (pixels.width, pixels.height), pixels.data).convert("L")


def ink(image: Image.Image, word: Word) -> float:
    """The share of dark pixels inside a word's box."""
    width, height = image.size
    box = image.crop(
        (
            round(word.left * width),
            round(word.top * height),
            round(word.right * width),
            round(word.bottom * height),
        )
    )
    return sum(box.histogram()[:128]) / max(1, box.width * box.height)


def test_words_come_line_by_line(tmp_path: Path) -> None:
    path = kept(tmp_path / "x", pdf(Page(paragraph(TEXT))))
    words = layer(path).words
    assert PageText(1, words, ReadingMethod.TEXT_LAYER).text == TEXT
    assert [word.line for word in words if word.text in ("This", "by", "The")] == [0, 1, 2]


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize("crop", [None, (50, 500, 450, 820)])
def test_boxes_hold_the_ink(
    tmp_path: Path, rotate: int, crop: tuple[float, float, float, float] | None
) -> None:
    page = Page(paragraph(TEXT, size=14), rotate=rotate, crop=crop)
    path = kept(tmp_path / "x", pdf(page))
    words = layer(path).words
    assert [word.text for word in words] == TEXT.split()
    image = drawn(path)
    assert all(0.12 < ink(image, word) < 0.9 for word in words)
    for word in words:  # nothing is drawn outside the boxes
        width, height = image.size
        box = (
            int(word.left * width) - 2,
            int(word.top * height) - 2,
            int(word.right * width) + 3,
            int(word.bottom * height) + 3,
        )
        image.paste(255, box)
    assert sum(image.histogram()[:128]) == 0


def test_a_page_is_drawn_to_size(tmp_path: Path) -> None:
    path = kept(tmp_path / "x", pdf(Page(size=(200, 400)), Page(size=(200, 400), rotate=90)))
    first = documents.render(path, 1, 1_000, LIMITS)
    second = documents.render(path, 2, 1_000, LIMITS)
    assert (first.width, first.height) == (500, 1_000)
    assert (second.width, second.height) == (1_000, 500)
    assert first.data[8:12] == b"WEBP"


def test_a_giant_page_stays_small(tmp_path: Path) -> None:
    path = kept(tmp_path / "x", pdf(Page(size=(14_400, 14_400))))
    assert documents.inspect(path, LIMITS) == 1
    assert documents.render(path, 1, 512, LIMITS).width == 512
    assert documents.pixels(path, 1, 150, 1_754, LIMITS).width == 1_754


def test_a_scan_with_a_stamp_needs_ocr(tmp_path: Path) -> None:
    scan = Page([Line(300, 20, "Page 3")], picture=Image.new("RGB", (100, 140), "grey"))
    found = layer(kept(tmp_path / "x", pdf(scan)))
    assert found.has_big_picture
    assert not is_usable(found.words, has_big_picture=found.has_big_picture)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"%PDF-1.7\n", "invalid_file"),
        (pdf(Page())[:150], "invalid_file"),
        (pdf(), "pdf_no_pages"),
        (pdf(*[Page()] * 501), "pdf_too_many_pages"),
        (pdf(Page(), Page(size=(200_000, 200_000))), "pdf_page_too_large"),
    ],
)
def test_bad_documents_are_refused(tmp_path: Path, data: bytes, code: str) -> None:
    path = kept(tmp_path / "x", data)
    with pytest.raises(InvalidMedia) as refused:
        documents.inspect(path, LIMITS)
    assert refused.value.code == code
    assert str(path) not in refused.value.message


def test_what_was_wrong_with_an_earlier_document_is_not_said_of_the_next(tmp_path: Path) -> None:
    locked = kept(tmp_path / "locked", LOCKED)
    no_pages = kept(tmp_path / "no pages", pdf())
    for path, code in [(locked, "pdf_encrypted"), (no_pages, "pdf_no_pages")] * 2:
        with pytest.raises(InvalidMedia) as refused:
            documents.inspect(path, LIMITS)
        assert refused.value.code == code


def test_too_many_characters_are_refused(tmp_path: Path) -> None:
    path = kept(tmp_path / "x", pdf(Page([Line(0, 400, "word " * 100)])))
    with pytest.raises(InvalidMedia) as refused:
        documents.text_layers(path, [1], MediaLimits(page_characters=100))
    assert refused.value.code == "pdf_too_complex"
