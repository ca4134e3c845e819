"""Opens PDFs: their pages as pictures and the words of their text layers. Runs in a worker.

PDFium is not thread-safe and can be made to loop or to take all memory, so nothing here is ever
called in the backend's own process.
"""

from __future__ import annotations

import ctypes
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image

from backend.errors import InvalidMedia
from backend.media import fonts, hidden, images
from backend.media.limits import MediaLimits
from backend.media.media import HiddenWord, PageImage, Word
from backend.media.wording import Glyph, words_from_glyphs
from backend.prompt.picture import Pixels

_THUMBNAIL = 128  # pixels; a first page that cannot even be drawn so small is refused at upload
_BIG_PICTURE = 0.25  # of the page's area
_HYPHENS = (0x02, 0xAD, 0xFFFE)  # what PDFium says for a hyphen at a line's end
_EMPTY_TREE = re.compile(rb"/Kids\s*\[\s*\]")  # PDFium opens no file without pages
_SAMPLE = 200  # characters that tell which way a page's text runs
_PROBE = 1_000_000  # size of an imaginary device, so that its whole pixels are precise


@dataclass(frozen=True)
class TextLayer:
    """What a page says of itself."""

    words: tuple[Word, ...]  # that people see
    has_big_picture: bool
    hidden: tuple[HiddenWord, ...] = ()


def inspect(path: Path, limits: MediaLimits) -> int:
    """The number of pages of a document that can be read; InvalidMedia otherwise."""
    with _document(path) as document:
        count = len(document)
        if count == 0:
            raise InvalidMedia("The PDF has no pages.", code="pdf_no_pages")
        if count > limits.document_pages:
            raise InvalidMedia(
                f"The PDF has {count} pages; the limit is {limits.document_pages}.",
                code="pdf_too_many_pages",
            )
        for index in range(count):
            _check_size(document.get_page_size(index), index + 1, limits)
        with _page(document, 1) as page:
            _draw(page, _THUMBNAIL)
        return count


def render(path: Path, number: int, max_side: int, limits: MediaLimits) -> PageImage:
    """A page as WebP whose longer side is `max_side`."""
    with _document(path) as document, _page(document, number) as page:
        _check_size(page.get_size(), number, limits)
        return images.encode(_draw(page, max_side))


def pixels(path: Path, number: int, dpi: float, max_side: int, limits: MediaLimits) -> Pixels:
    """A page's pixels at that resolution, but no longer than `max_side`."""
    with _document(path) as document, _page(document, number) as page:
        width, height = page.get_size()
        _check_size((width, height), number, limits)
        side = min(max_side, math.ceil(max(width, height) * dpi / 72))
        image = _draw(page, side)
        return Pixels(image.tobytes(), image.width, image.height)


def sizes(path: Path) -> tuple[tuple[float, float], ...]:
    """Width and height of every page as it is shown, in points."""
    with _document(path) as document:
        return tuple(document.get_page_size(index) for index in range(len(document)))


def view(
    path: Path,
    number: int,
    canvas: Path,
    width: int,
    height: int,
    limits: MediaLimits,
    *,
    any_size: bool,
) -> tuple[int, int]:
    """Draws a page just above that size, and resizes it to exactly that as a picture is, unless it
    may have `any_size`. The size drawn."""
    with _document(path) as document, _page(document, number) as page:
        points = page.get_size()
        _check_size(points, number, limits)
        scale = max(width / points[0], height / points[1])
        drawn = _draw(page, math.ceil(max(points) * scale))
        return images.show(drawn, canvas, width, height, any_size=any_size)


def text_layers(path: Path, numbers: Sequence[int], limits: MediaLimits) -> list[TextLayer]:
    """The text layers of some pages, in the order asked for."""
    layers = []
    with _document(path) as document:
        for number in numbers:
            with _page(document, number) as page:
                layers.append(_text_layer(page, number, limits))
    return layers


@contextmanager
def _document(path: Path) -> Iterator[pypdfium2.PdfDocument]:
    # PDFium sets no error for a file without pages; this keeps it from telling an earlier file's.
    pdfium.FPDF_LoadMemDocument(b"", 0, None)
    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        if error.err_code in (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY):
            raise InvalidMedia(
                "The PDF is encrypted; please remove its password first.", code="pdf_encrypted"
            ) from None
        if _EMPTY_TREE.search(path.read_bytes()):
            raise InvalidMedia("The PDF has no pages.", code="pdf_no_pages") from None
        raise InvalidMedia("The PDF is damaged and cannot be opened.") from None
    try:
        with closing(document):
            yield document
    except pypdfium2.PdfiumError:
        raise InvalidMedia("The PDF is damaged and cannot be read.") from None


@contextmanager
def _page(document: pypdfium2.PdfDocument, number: int) -> Iterator[pypdfium2.PdfPage]:
    try:
        page = document[number - 1]
    except pypdfium2.PdfiumError:
        raise InvalidMedia(f"Page {number} of the PDF is damaged.") from None
    with closing(page):
        yield page


def _check_size(size: tuple[float, float], number: int, limits: MediaLimits) -> None:
    width, height = size
    if not (0 < width < math.inf and 0 < height < math.inf):
        raise InvalidMedia(f"Page {number} of the PDF has no area.")
    if max(width, height) > limits.page_points:
        raise InvalidMedia(
            f"Page {number} of the PDF is {max(width, height):.0f} pt long; the limit is "
            f"{limits.page_points:.0f} pt.",
            code="pdf_page_too_large",
        )


def _draw(page: pypdfium2.PdfPage, max_side: int) -> Image.Image:
    """The page on white, upright, its longer side `max_side` pixels, as RGB."""
    width, height = page.get_size()
    scale = max_side / max(width, height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    with closing(pypdfium2.PdfBitmap.new_native(*size, pdfium.FPDFBitmap_BGRx)) as bitmap:
        bitmap.fill_rect((255, 255, 255, 255), 0, 0, *size)
        pdfium.FPDF_RenderPageBitmap(bitmap, page, 0, 0, *size, 0, pdfium.FPDF_ANNOT)
        return Image.frombuffer("RGB", size, bytes(bitmap.buffer), "raw", "BGRX", bitmap.stride, 1)


def _text_layer(page: pypdfium2.PdfPage, number: int, limits: MediaLimits) -> TextLayer:
    projection = _Projection(page)
    has_big_picture = _has_big_picture(page)
    drawn = _draw(page, hidden.SIDE)  # before the page is turned
    try:
        _turn_text_upright(page)
        text = page.get_textpage()
    except pypdfium2.PdfiumError:
        return TextLayer((), has_big_picture)
    with closing(text):
        count = text.count_chars()
        if count > limits.page_characters:
            raise InvalidMedia(
                f"Page {number} of the PDF has {count} characters; the limit is "
                f"{limits.page_characters}.",
                code="pdf_too_complex",
            )
        words = words_from_glyphs(_glyphs(text, count, projection))
    unseen = hidden.hidden_words(drawn, words, draws_chinese=fonts.draws_chinese())
    places = {id(one.word) for one in unseen}
    seen = tuple(word for word in words if id(word) not in places)
    return TextLayer(seen, has_big_picture, unseen)


def _turn_text_upright(page: pypdfium2.PdfPage) -> None:
    """Turns the page as its text wants it: PDFium orders lines by how they are shown.

    Changes the page: places on it must be projected as they were before.
    """
    with closing(page.get_textpage()) as text:
        count = text.count_chars()
        angles = Counter(
            round(pdfium.FPDFText_GetCharAngle(text, index) / (math.pi / 2)) % 4
            for index in range(0, count, max(1, count // _SAMPLE))
        )
    if angles:
        (quarters_clockwise, _), *_ = angles.most_common(1)
        upright = -quarters_clockwise % 4 * 90
        if upright != page.get_rotation():
            page.set_rotation(upright)


class _Projection:
    """From the page's own coordinates to fractions of the page as it is shown.

    Rotation and crop box are PDFium's business: it is asked where three points go.
    """

    def __init__(self, page: pypdfium2.PdfPage) -> None:
        size = max(page.get_size())
        self._origin = _to_device(page, 0, 0)
        right, up = _to_device(page, size, 0), _to_device(page, 0, size)
        self._x = tuple((a - b) / size for a, b in zip(right, self._origin, strict=True))
        self._y = tuple((a - b) / size for a, b in zip(up, self._origin, strict=True))

    def box(
        self, left: float, bottom: float, right: float, top: float
    ) -> tuple[float, float, float, float]:
        """Left, top, right, bottom as shown."""
        x0, y0 = self._point(left, bottom)
        x1, y1 = self._point(right, top)
        return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)

    def _point(self, x: float, y: float) -> tuple[float, float]:
        return (
            self._origin[0] + x * self._x[0] + y * self._y[0],
            self._origin[1] + x * self._x[1] + y * self._y[1],
        )


def _to_device(page: pypdfium2.PdfPage, x: float, y: float) -> tuple[float, float]:
    column, row = ctypes.c_int(), ctypes.c_int()
    pdfium.FPDF_PageToDevice(page, 0, 0, _PROBE, _PROBE, 0, x, y, column, row)
    return column.value / _PROBE, row.value / _PROBE


def _glyphs(text: pypdfium2.PdfTextPage, count: int, projection: _Projection) -> Iterator[Glyph]:
    left, right = ctypes.c_double(), ctypes.c_double()
    bottom, top = ctypes.c_double(), ctypes.c_double()
    high = 0
    for index in range(count):
        code = pdfium.FPDFText_GetUnicode(text, index)
        if 0xD800 <= code < 0xDC00:
            high = code
            continue
        if 0xDC00 <= code < 0xE000:
            code = 0x10000 + ((high - 0xD800) << 10) + (code - 0xDC00) if high else 0xFFFD
        high = 0
        if code in _HYPHENS:
            ends_line = code != 0xAD or pdfium.FPDFText_IsHyphen(text, index) == 1
            character = "-"
        else:
            ends_line = False
            character = chr(code)
        pdfium.FPDFText_GetCharBox(text, index, left, right, bottom, top)
        box = projection.box(left.value, bottom.value, right.value, top.value)
        yield Glyph(character, *box, ends_line=ends_line)


def _has_big_picture(page: pypdfium2.PdfPage) -> bool:
    """Whether a picture covers a good part of the page, as in a scan."""
    width, height = page.get_size()
    for item in page.get_objects(filter=(pdfium.FPDF_PAGEOBJ_IMAGE,), max_depth=3):
        left, bottom, right, top = item.get_bounds()
        if (right - left) * (top - bottom) > _BIG_PICTURE * width * height:
            return True
    return False
