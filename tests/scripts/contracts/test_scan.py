"""Scans: no text layer, the same pages, the same bytes every time."""

from __future__ import annotations

import io

import numpy as np
import pypdfium2

from scripts.contracts.scan import DPI, scanned
from scripts.lib import papers

DOCUMENT = papers.pdf([papers.AGREEMENT, "The second page says little."])


def test_a_scan_has_the_pages_and_no_words() -> None:
    original = pypdfium2.PdfDocument(DOCUMENT)
    scan = pypdfium2.PdfDocument(scanned(DOCUMENT, "a"))

    assert "Larkspur" in original[0].get_textpage().get_text_bounded()
    assert len(scan) == 2
    assert [page.get_textpage().count_chars() for page in scan] == [0, 0]
    for before, after in zip(original, scan, strict=True):
        assert np.allclose(before.get_size(), after.get_size(), atol=1)


def test_the_same_scan_is_the_same_bytes() -> None:
    assert scanned(DOCUMENT, "a") == scanned(DOCUMENT, "a") != scanned(DOCUMENT, "b")


def test_a_scan_is_grey_noisy_and_a_little_askew() -> None:
    image = pypdfium2.PdfDocument(scanned(DOCUMENT, "a"))[0].render(scale=DPI / 72).to_pil()
    grey = np.asarray(image.convert("L"), np.float32)
    clean = pypdfium2.PdfDocument(DOCUMENT)[0].render(scale=DPI / 72).to_pil().convert("L")
    margin = grey[-80:, :80]  # nothing is printed there

    assert 4 < margin.std() < 20
    assert 220 < margin.mean() < 250
    unturned = io.BytesIO()
    clean.save(unturned, "PNG")
    ink = (np.asarray(clean, np.float32) < 128) != (grey[: clean.height, : clean.width] < 128)
    assert 0.001 < ink.mean() < 0.3  # letters have moved, and most of the page is paper still
