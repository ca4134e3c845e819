"""Finds out whether this machine can draw Chinese that a PDF names but does not carry.

Without a font for it PDFium leaves such text out and says nothing, so the page seen and the page
recognised would both lack it. Runs in a worker.
"""

from __future__ import annotations

import functools
from contextlib import closing

import pypdfium2

ADVICE = (
    "No Chinese font was found: Chinese text that a PDF does not carry the font of will be "
    "missing from page pictures and from OCR. Install one, such as Debian's fonts-noto-cjk."
)

_CHARACTERS = "\u4e00\u9f8d"  # one stroke, and sixteen: no stand-in looks like both
_SIDE = 64  # points and pixels


@functools.cache
def draws_chinese() -> bool:
    """Whether two characters are drawn, and differently."""
    drawn = [_drawn(character) for character in _CHARACTERS]
    blank = _drawn(" ")
    return blank not in drawn and drawn[0] != drawn[1]


def _drawn(character: str) -> bytes:
    with closing(pypdfium2.PdfDocument(_probe(character))) as document:
        page = document[0]
        with closing(page), closing(page.render(scale=1, grayscale=True)) as bitmap:
            return bytes(bitmap.buffer)


def _probe(character: str) -> bytes:
    """A PDF of one page with that character in a Chinese font it does not carry."""
    text = b"BT /F 48 Tf 8 12 Td <" + character.encode("utf-16-be").hex().encode() + b"> Tj ET"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %d %d]/Contents 4 0 R"
        b"/Resources<</Font<</F 5 0 R>>>>>>" % (_SIDE, _SIDE),
        b"<</Length %d>>stream\n%s\nendstream" % (len(text), text),
        b"<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/UniGB-UCS2-H"
        b"/DescendantFonts[6 0 R]>>",
        b"<</Type/Font/Subtype/CIDFontType0/BaseFont/STSong-Light/FontDescriptor 7 0 R"
        b"/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)/Supplement 2>>>>",
        b"<</Type/FontDescriptor/FontName/STSong-Light/Flags 6/FontBBox[-25 -254 1000 880]"
        b"/ItalicAngle 0/Ascent 880/Descent -120/CapHeight 880/StemV 93>>",
    ]
    data = b"%PDF-1.7\n"
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(data))
        data += b"%d 0 obj%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    start = len(data)
    data += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + table
    return data + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (
        len(objects) + 1,
        start,
    )
