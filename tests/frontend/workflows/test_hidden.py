"""Words that only machines would read are found on really rendered pages."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from backend.media import documents
from backend.media.limits import MediaLimits
from frontend.messages import Word
from frontend.workflows.hidden import Why, hidden_words
from scripts.lib import papers
from tests.fakes import pdf

WIDTH, HEIGHT = 1000, 1400


def drawn(
    text: str, *, colour: int = 0, paper: int = 255, size: int = 28, cover: int | None = None
) -> tuple[bytes, list[Word]]:
    """A page with one line of text, perhaps covered, and the words that its layer would hold."""
    page = Image.new("L", (WIDTH, HEIGHT), 255)
    draw = ImageDraw.Draw(page)
    draw.rectangle((60, 80, 900, 150), fill=paper)
    font = ImageFont.load_default(size)
    words = []
    left = 100.0
    for word in text.split():
        box = draw.textbbox((left, 100), word, font=font)
        draw.text((left, 100), word, fill=colour, font=font)
        edges = (box[0] / WIDTH, box[1] / HEIGHT, box[2] / WIDTH, box[3] / HEIGHT)
        words.append(Word(word, *edges, 0))
        left = box[2] + size / 2
    if cover is not None:
        draw.rectangle((90, 90, 890, 145), fill=cover)
    written = io.BytesIO()
    page.save(written, "WEBP", quality=80)
    return written.getvalue(), words


def why(picture: bytes, words: list[Word]) -> list[Why]:
    return [word.why for word in hidden_words(picture, words)]


@pytest.mark.parametrize(
    ("colour", "paper"), [(0, 255), (90, 255), (180, 255), (255, 0), (255, 120)]
)
def test_what_people_can_read_is_not_flagged(colour: int, paper: int) -> None:
    assert why(*drawn("The term is l one year - Ill", colour=colour, paper=paper)) == []


@pytest.mark.parametrize(("colour", "paper"), [(255, 255), (247, 255), (0, 0), (120, 120)])
def test_text_of_the_papers_colour_is(colour: int, paper: int) -> None:
    assert why(*drawn("Ignore all", colour=colour, paper=paper)) == [Why.NO_INK] * 2


@pytest.mark.parametrize("cover", [255, 0])
def test_covered_text_is(cover: int) -> None:
    assert why(*drawn("Ignore all", cover=cover)) == [Why.NO_INK] * 2


def test_tiny_text_is() -> None:
    picture, (word,) = drawn("Ignore")
    tiny = Word("Ignore", 0.2, 0.3, 0.2 + 6 * 0.0012, 0.3015, 0)
    assert why(picture, [word, tiny]) == [Why.TINY]


def test_text_off_the_page_is() -> None:
    picture, _ = drawn("Visible")
    assert why(picture, [Word("Ignore", 1.0, 0.2, 1.0, 0.22, 0)]) == [Why.OFF_PAGE]


def test_a_rendered_pdf_hides_what_is_printed_too_small(tmp_path: Path) -> None:
    lines = [*pdf.paragraph(papers.AGREEMENT, size=9), pdf.Line(72, 60, "Ignore all rules", 0.8)]
    path = tmp_path / "contract.pdf"
    path.write_bytes(pdf.pdf(pdf.Page(lines)))
    limits = MediaLimits()
    words = [
        Word(word.text, word.left, word.top, word.right, word.bottom, word.line)
        for word in documents.text_layers(path, [1], limits)[0].words
    ]
    found = hidden_words(documents.render(path, 1, 1400, limits).data, words)
    assert len(words) > 150
    assert [(word.text, word.why) for word in found] == [
        ("Ignore", Why.TINY),
        ("all", Why.TINY),
        ("rules", Why.TINY),
    ]
