"""A picture of a page is read as the page's own text says, whichever way up it lies."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy
import pytest
from PIL import Image, ImageDraw, ImageFont

from backend.media import documents, ocr
from backend.media.limits import MediaLimits
from backend.media.media import PageText, Word
from backend.prompt.picture import Pixels
from backend.prompt.prompt import ReadingMethod
from tests.fakes.pdf import Page, paragraph, pdf

ROOT = Path(__file__).parents[3]
TEXT = """This Non-Disclosure Agreement is entered into as of
March 3, 2021 by and between Northwind Traders Ltd. and
Contoso Inc. (the Recipient).
1. The Recipient shall hold all information in confidence
for a period of two years after the date of disclosure.
2. This Agreement is governed by the laws of Delaware."""
LIMITS = MediaLimits()
CHINESE_FONT = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ocr") / "page.pdf"
    path.write_bytes(pdf(Page(paragraph(TEXT, top=380), size=(595, 420))))
    return path


def seen(path: Path) -> Pixels:
    return documents.pixels(path, 1, ocr.DPI, ocr.MAX_SIDE, LIMITS)


def recall(truth: Sequence[str], found: Sequence[Word]) -> float:
    missing = Counter(truth) - Counter(word.text for word in found)
    return 1 - sum(missing.values()) / len(truth)


def text_of(words: Sequence[Word]) -> str:
    return PageText(1, tuple(words), ReadingMethod.OCR).text


def test_a_clean_page_is_read_in_order(page: Path) -> None:
    words = ocr.recognise(seen(page), 1)
    assert recall(TEXT.split(), words) >= 0.95
    lines = text_of(words).splitlines()
    assert len(lines) == 6
    assert lines[1].startswith("March 3, 2021")


def test_boxes_agree_with_the_text_layer(page: Path) -> None:
    truth = {word.text: word for word in documents.text_layers(page, [1], LIMITS)[0].words}
    found = [word for word in ocr.recognise(seen(page), 1) if TEXT.split().count(word.text) == 1]
    assert len(found) > 15
    for word in found:
        true = truth[word.text]
        assert (word.left + word.right) / 2 == pytest.approx(
            (true.left + true.right) / 2, abs=0.015
        )
        assert (word.top + word.bottom) / 2 == pytest.approx(
            (true.top + true.bottom) / 2, abs=0.015
        )


@pytest.mark.parametrize("quarters", [1, 2])
def test_a_turned_scan_is_read_and_its_boxes_stay_on_it(page: Path, quarters: int) -> None:
    upright = seen(page)
    image = numpy.frombuffer(upright.data, numpy.uint8)
    turned = numpy.rot90(image.reshape(upright.height, upright.width, 3), quarters)
    words = ocr.recognise(Pixels(turned.tobytes(), turned.shape[1], turned.shape[0]), 1)
    assert recall(TEXT.split(), words) >= 0.9
    (march,) = [word for word in words if word.text == "March"]
    true = next(
        word for word in documents.text_layers(page, [1], LIMITS)[0].words if word.text == "March"
    )
    x, y = (true.left + true.right) / 2, (true.top + true.bottom) / 2
    place = {1: (y, 1 - x), 2: (1 - x, 1 - y)}[quarters]
    found = ((march.left + march.right) / 2, (march.top + march.bottom) / 2)
    assert found == pytest.approx(place, abs=0.03)


def test_chinese_is_read(tmp_path: Path) -> None:
    if not CHINESE_FONT.exists():
        pytest.skip("needs fonts-noto-cjk")
    image = Image.new("RGB", (900, 160), "white")
    font = ImageFont.truetype(str(CHINESE_FONT), 36)
    ImageDraw.Draw(image).text((30, 50), "本协议由甲乙双方于北京签订", "black", font)
    words = ocr.recognise(Pixels(image.tobytes(), 900, 160), 1)
    assert text_of(words) == "本协议由甲乙双方于北京签订"


def test_an_empty_page_has_no_words() -> None:
    assert ocr.recognise(Pixels(b"\xff" * 300 * 200 * 3, 300, 200), 1) == ()


def test_a_picture_without_text_has_no_words() -> None:
    noise = Image.effect_noise((300, 200), 40).convert("RGB")
    assert ocr.recognise(Pixels(noise.tobytes(), 300, 200), 1) == ()


def test_the_models_are_inside_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    ocr._reader.cache_clear()
    image = Image.new("RGB", (300, 100), "white")
    ImageDraw.Draw(image).text((20, 30), "TERM", "black", ImageFont.load_default(40))
    assert text_of(ocr.recognise(Pixels(image.tobytes(), 300, 100), 1)) == "TERM"


READS = """
from PIL import Image, ImageDraw
from backend.media import ocr
from backend.prompt.picture import Pixels
image = Image.new("RGB", (600, 200), "white")
ImageDraw.Draw(image).text((20, 60), "Agreement", fill="black", font_size=48)
print(*[word.text for word in ocr.recognise(Pixels(image.tobytes(), *image.size), 1)])
"""


def test_nobody_is_told_and_nothing_is_kept_of_it(tmp_path: Path) -> None:
    # Nothing of the environment, in which a test or a build might be recognised as such.
    environment = {name: str(tmp_path) for name in ("HOME", "XDG_CACHE_HOME", "TMPDIR")}
    done = subprocess.run(
        [sys.executable, "-c", READS],
        env={"PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
    )
    assert done.stdout == "Agreement\n", done.stderr
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
