"""Builds small PDFs in memory: lines of text at known places, pictures, turned, cropped."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

A4 = (595, 842)


@dataclass(frozen=True)
class Line:
    """A line of text; x and y from the lower left, in points."""

    x: float
    y: float
    text: str
    size: float = 12


@dataclass(frozen=True)
class Page:
    """What one page holds."""

    lines: Sequence[Line] = ()
    picture: Image.Image | None = None  # fills the whole page
    size: tuple[float, float] = A4
    rotate: int = 0
    crop: tuple[float, float, float, float] | None = None


def paragraph(text: str, *, size: float = 12, top: float = 770, left: float = 72) -> list[Line]:
    """One line of text for each line of the string."""
    return [
        Line(left, top - number * size * 1.5, line, size)
        for number, line in enumerate(text.strip().splitlines())
    ]


def pdf(*pages: Page) -> bytes:
    """A PDF of those pages, in Helvetica."""
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"", b"<</Type/Font/Subtype/Type1/BaseFont"]
    objects[2] += b"/Helvetica/Encoding/WinAnsiEncoding>>"
    kids = []
    for page in pages:
        content = b"".join(_show(line) for line in page.lines)
        resources = b"/Font<</F 3 0 R>>"
        if page.picture is not None:
            objects.append(_picture(page.picture))
            resources += b"/XObject<</I %d 0 R>>" % len(objects)
            content = b"q %g 0 0 %g 0 0 cm /I Do Q\n" % page.size + content
        objects.append(_stream(content))
        extra = b"/Rotate %d" % page.rotate
        if page.crop is not None:
            extra += b"/CropBox[%g %g %g %g]" % page.crop
        objects.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %g %g]" % page.size
            + extra
            + b"/Resources<<%s>>/Contents %d 0 R>>" % (resources, len(objects))
        )
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<</Type/Pages/Kids[%s]/Count %d>>" % (b" ".join(kids), len(kids))
    return _file(objects)


def _show(line: Line) -> bytes:
    text = line.text.encode("cp1252").replace(b"\\", b"\\\\")
    text = text.replace(b"(", b"\\(").replace(b")", b"\\)")
    return b"BT /F %g Tf %g %g Td (%s) Tj ET\n" % (line.size, line.x, line.y, text)


def _picture(image: Image.Image) -> bytes:
    rgb = image.convert("RGB")
    head = b"/Type/XObject/Subtype/Image/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/FlateDecode"
    size = b"/Width %d/Height %d" % rgb.size
    return _stream(zlib.compress(rgb.tobytes(), 1), head + size)


def _stream(data: bytes, extra: bytes = b"") -> bytes:
    return b"<</Length %d%s>>stream\n%s\nendstream" % (len(data), extra, data)


def _file(objects: Sequence[bytes]) -> bytes:
    data = b"%PDF-1.7\n"
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(data))
        data += b"%d 0 obj%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    start = len(data)
    count = len(objects) + 1
    data += b"xref\n0 %d\n0000000000 65535 f \n%s" % (count, table)
    return data + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (count, start)
