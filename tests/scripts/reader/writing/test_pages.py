"""Paragraphs in lines and pages."""

from __future__ import annotations

from random import Random

import pytest

from scripts.reader.values import Value
from scripts.reader.writing.frame import frame
from scripts.reader.writing.pages import laid_out
from scripts.reader.writing.paragraphs import Paragraph, line

LONG = {"en": "word " * 400, "zh": "字" * 1500}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_is_said_late_is_said_to_stand_on_the_last_page(language: str) -> None:
    for seed in range(20):
        late = line("contract_number", "text", "X-77", "X-77")
        first = line("title", "text", "Y-11", "Y-11")
        fill = [Paragraph(LONG[language].strip()) for _ in range(3)]
        settled = frame(Random(seed), language, "nda")
        pages, said = laid_out(Random(seed), settled, [first, *fill, late])

        assert said["title"].page == 1
        assert said["contract_number"].page == len(pages) > 1
        assert "Y-11" in pages[0]
        assert "X-77" in pages[-1]
        assert said["title"].value == Value("Y-11", "Y-11")


def test_nothing_is_lost_between_pages() -> None:
    text = " ".join(f"w{number}" for number in range(900))
    for seed in range(20):
        pages, _ = laid_out(Random(seed), frame(Random(seed), "en", "nda"), [Paragraph(text)])

        words = [word for page in pages for word in page.split() if word.startswith("w")]
        assert words == text.split()
