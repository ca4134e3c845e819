"""Small documents made on the spot: pages of text as a PDF, the same as a scan, a picture."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import pypdfium2
from PIL import Image, ImageDraw

AGREEMENT = """MUTUAL NON-DISCLOSURE AGREEMENT

This Agreement is made effective as of March 14, 2019 (the "Effective Date")
by and between Larkspur Robotics Inc., a Delaware corporation, and
Tamarind Foods Ltd., a company of England and Wales (the "Parties").

1. Purpose. The Parties wish to explore the joint development of a
robotic kitchen and will exchange confidential information for it.

2. Confidentiality. Each Party shall keep the other's information secret,
use it for the Purpose only, and protect it with reasonable care.

3. Term. This Agreement remains in force for three (3) years from the
Effective Date. The duty of secrecy survives it by two (2) years.

4. Return. On request a Party returns or destroys all confidential
information within thirty (30) days.

5. Governing Law. This Agreement is governed by the laws of the State of
New York, without regard to its conflict of laws rules.

IN WITNESS WHEREOF the Parties have signed this Agreement.

Larkspur Robotics Inc.                    Tamarind Foods Ltd.
By: Ada Brandt, President                 By: Tom Okafor, Director
"""


def pdf(pages: Sequence[str]) -> bytes:
    """A PDF with a text layer, one page for each text, eleven points high."""
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b""]
    objects.append(b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>")
    kids = []
    for text in pages:
        lines = "".join(f"({_escaped(line)}) Tj T*\n" for line in text.splitlines())
        drawn = f"BT /F 11 Tf 15 TL 72 740 Td\n{lines}ET".encode("latin-1")
        objects.append(b"<</Length %d>>\nstream\n%s\nendstream" % (len(drawn), drawn))
        kids.append(len(objects) + 1)
        objects.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents %d 0 R"
            b"/Resources<</Font<</F 3 0 R>>>>>>" % len(objects)
        )
    objects[1] = b"<</Type/Pages/Kids[%s]/Count %d>>" % (
        b" ".join(b"%d 0 R" % kid for kid in kids),
        len(kids),
    )
    return _assembled(objects)


def scanned(document: bytes, dots_per_inch: int = 150) -> bytes:
    """The same pages as pictures, as a scanner would deliver them."""
    opened = pypdfium2.PdfDocument(document)
    pages = [page.render(scale=dots_per_inch / 72).to_pil().convert("L") for page in opened]
    opened.close()
    written = io.BytesIO()
    pages[0].save(written, "PDF", save_all=True, append_images=pages[1:], resolution=dots_per_inch)
    return written.getvalue()


def heavy_scan(seed: int) -> bytes:
    """A page as a careless scanner delivers it: 4000 x 5600 pixels, grainy, a JPEG of 11 MB.

    The grain is another one for another `seed`.
    """
    opened = pypdfium2.PdfDocument(pdf([AGREEMENT]))
    size = (4000, 5600)
    page = opened[0].render(scale=size[0] / opened[0].get_width()).to_pil()
    clean = np.asarray(page.convert("RGB").resize(size), dtype=np.float32)
    opened.close()
    noise = np.random.default_rng(seed).normal(0, 14.5, clean.shape[:2]).astype(np.float32)
    grainy = np.clip(clean + noise[..., None], 0, 255).astype(np.uint8)
    written = io.BytesIO()
    Image.fromarray(grainy).save(written, "JPEG", quality=95)
    return written.getvalue()


def endless_pdf(depth: int = 9) -> bytes:
    """A kilobyte that would take PDFium years to draw: every form draws the next one ten times."""

    def form(drawn: bytes, following: int) -> bytes:
        return (
            b"<</Type/XObject/Subtype/Form/BBox[0 0 200 200]"
            b"/Resources<</XObject<</X %d 0 R>>>>/Length %d>>\nstream\n%s\nendstream"
            % (following, len(drawn), drawn)
        )

    return _assembled(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents 4 0 R"
            b"/Resources<</XObject<</X 5 0 R>>>>>>",
            b"<</Length 5>>\nstream\n/X Do\nendstream",
            *(form(b"/X Do " * 10, 6 + level) for level in range(depth)),
            form(b"0 0 1 1 re f", 5 + depth),
        ]
    )


def photograph() -> bytes:
    """A PNG of a landscape in which nothing is written."""
    image = Image.new("RGB", (640, 480), (120, 180, 235))
    draw = ImageDraw.Draw(image)
    draw.ellipse((460, 50, 560, 150), fill=(255, 230, 120))
    draw.polygon(
        [(0, 480), (0, 330), (220, 210), (420, 340), (640, 260), (640, 480)], (60, 120, 70)
    )
    written = io.BytesIO()
    image.save(written, "PNG")
    return written.getvalue()


def _assembled(objects: Sequence[bytes]) -> bytes:
    written = bytearray(b"%PDF-1.7\n")
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = len(written)
    written += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    written += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    written += b"trailer\n<</Size %d/Root 1 0 R>>\n" % (len(objects) + 1)
    written += b"startxref\n%d\n%%%%EOF\n" % table
    return bytes(written)


def _escaped(line: str) -> str:
    return line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
