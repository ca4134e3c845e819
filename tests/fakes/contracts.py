"""Pages of words with boxes, laid out from plain text, for tests of contract work."""

from __future__ import annotations

import io
import re

from PIL import Image

from frontend.messages import HiddenWord, ReadingMethod, Word
from frontend.workflows.paper import Paper, Sheet

LINE_HEIGHT = 0.02  # of the page
LETTER_WIDTH = 0.01

AGREEMENT = (
    """MUTUAL NON-DISCLOSURE AGREEMENT
This Agreement is made effective as of March 14, 2019 by and between
Larkspur Robotics, Inc., a Delaware corporation, and Tamarind Foods
Limited, a company of England and Wales. The Parties signed a letter
on January 5, 2018 already.
1. Confidentiality. Each Party shall keep the other's infor-
mation secret for five (5) years and shall not disclose it.
1""",
    """2. Term. This Agreement remains in force for three (3) years from
the Effective Date. Larkspur Robotics, Inc. may end it earlier on
thirty (30) days' written notice.
3. Governing Law. This Agreement is governed by the laws of the State of
New York, without regard to its conflict of laws rules. Fees of USD 1,000.00
are due to
2""",
    """the other Party within ten (10) business days.
IN WITNESS WHEREOF the Parties have signed this Agreement.
3""",
)
CHINESE = (
    """保密协议
甲方：北京天元科技有限公司
乙方：上海云帆贸易有限公司
本协议自二〇二四年五月三日起生效，有效期为三年。
双方应对披露的全部资料严格保密，未经对方书面同意不得向第三方披露。""",
    """违约方应向守约方支付违约金人民币壹佰万元整。
本协议适用中华人民共和国法律。""",
)


def words(text: str) -> tuple[Word, ...]:
    """The text's words as they would stand on a page, one line of text a line."""
    return tuple(
        Word(
            found.group(),
            0.05 + found.start() * LETTER_WIDTH,
            0.05 + line * LINE_HEIGHT,
            0.05 + found.end() * LETTER_WIDTH,
            0.05 + (line + 0.8) * LINE_HEIGHT,
            line,
        )
        for line, row in enumerate(text.splitlines())
        for found in re.finditer(r"\S+", row)
    )


def seen_and_hidden(text: str) -> tuple[tuple[Word, ...], tuple[HiddenWord, ...]]:
    """The words of a page, those beyond its right edge apart: no one sees them."""
    laid = words(text)
    beyond = tuple(HiddenWord(word, "off_page") for word in laid if word.left >= 1)
    return tuple(word for word in laid if word.left < 1), beyond


def paper(*pages: str) -> Paper:
    """A document of those pages."""
    return Paper(
        [
            Sheet(number, words(text), ReadingMethod.TEXT_LAYER)
            for number, text in enumerate(pages, start=1)
        ]
    )


def inked(width: int, height: int) -> bytes:
    """A page that shows ink everywhere, as PNG."""
    page = Image.effect_noise((width, height), 200)
    written = io.BytesIO()
    page.save(written, "PNG")
    return written.getvalue()


INK = inked(120, 160)
