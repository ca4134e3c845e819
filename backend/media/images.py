"""Decodes pictures, bounded by their header first, to upright opaque RGB. Runs in a worker."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from backend.errors import InvalidMedia
from backend.media.canvas import draw
from backend.media.limits import MediaLimits
from backend.media.media import PageImage
from backend.prompt.picture import Pixels

_FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
_ORIENTATION_TAG = 0x0112
_ORIENTATIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_WHITE = (255, 255, 255)
_WEBP_QUALITY = 85
_NEAR = 4  # times the pixels that are wanted; more are not handed over


def inspect(path: Path, canvas: Path, limits: MediaLimits) -> tuple[int, int]:
    """Width and height after orientation, once the whole picture was decoded; draws it, unless it
    is too large to be kept."""
    image = decode(path, limits)
    if image.width * image.height * 3 <= limits.fresh_image_bytes:
        draw(canvas, image.tobytes())
    return image.size


def render(path: Path, max_side: int, limits: MediaLimits) -> PageImage:
    """The picture as WebP, no longer than `max_side`; it is never enlarged."""
    image = decode(path, limits, at_least=max_side)
    image.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
    return encode(image)


def pixels(path: Path, max_side: int, limits: MediaLimits) -> Pixels:
    """The picture's pixels, no longer than `max_side`."""
    image = decode(path, limits)
    image.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
    return Pixels(image.tobytes(), image.width, image.height)


def view(
    path: Path, canvas: Path, width: int, height: int, limits: MediaLimits, *, any_size: bool
) -> tuple[int, int]:
    """Draws the picture at that size, as a model's image processor makes it; with `any_size` in
    the size that it has, if that is not much larger. The size drawn."""
    return show(decode(path, limits), canvas, width, height, any_size=any_size)


def show(
    image: Image.Image, canvas: Path, width: int, height: int, *, any_size: bool
) -> tuple[int, int]:
    """The same for an RGB picture that is decoded."""
    if not (any_size and is_near(image.width, image.height, width, height)):
        image = resized(image, width, height)
    draw(canvas, image.tobytes())
    return image.size


def is_near(width: int, height: int, wanted_width: int, wanted_height: int) -> bool:
    """Whether a picture is small enough for who can resize it by himself to a size wanted."""
    return width * height <= _NEAR * wanted_width * wanted_height


def fitted(pixels: Pixels, width: int, height: int) -> Pixels:
    """A decoded picture at exactly that size. Safe anywhere: nothing is decoded."""
    if (pixels.width, pixels.height) == (width, height):
        return pixels
    image = Image.frombytes("RGB", (pixels.width, pixels.height), bytes(pixels.data))
    return Pixels(resized(image, width, height).tobytes(), width, height)


def resized(image: Image.Image, width: int, height: int) -> Image.Image:
    """An RGB picture at exactly that size; bicubic, as GLM-4.xV's processor resizes with Pillow."""
    return image.resize((width, height), Image.Resampling.BICUBIC)


def warm() -> None:
    """Loads the decoders, so that the first picture does not wait for them."""
    Image.init()


def encode(image: Image.Image) -> PageImage:
    """An RGB picture as WebP."""
    data = io.BytesIO()
    image.save(data, "WEBP", quality=_WEBP_QUALITY, method=2)
    return PageImage(data.getvalue(), image.width, image.height)


def stored(data: bytes) -> PageImage:
    """A page rendered earlier, from its WebP; only the header is looked at."""
    with Image.open(io.BytesIO(data), formats=("WEBP",)) as image:
        return PageImage(data, image.width, image.height)


def decode(path: Path, limits: MediaLimits, at_least: int | None = None) -> Image.Image:
    """The first frame, upright, transparency laid on white, as RGB; InvalidMedia otherwise.

    With `at_least` a JPEG may come out smaller than it is, by a power of two, but its sides no
    shorter than that: decoded so, it takes a fraction of the time.
    """
    with _invalid_image(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        Image.MAX_IMAGE_PIXELS = None  # the bounds are ours, and tighter
        _check_size(*_webp_size(path), limits)
        with Image.open(path, formats=_FORMATS) as image:
            _check_size(*image.size, limits)
            orientation = _orientation(image)
            if at_least is not None:
                image.draft("RGB", (at_least, at_least))
            image.load()
            _check_size(*image.size, limits)  # a GIF's first frame may outgrow its canvas
            upright = _opaque(image)
        turn = _ORIENTATIONS.get(orientation)
        return upright if turn is None else upright.transpose(turn)


@contextmanager
def _invalid_image() -> Iterator[None]:
    """Any exception of the decoder means a damaged picture; its text stays here."""
    try:
        yield
    except (InvalidMedia, MemoryError):
        raise
    except Exception:
        raise InvalidMedia(
            "The picture is damaged and cannot be decoded.", code="invalid_image"
        ) from None


def _check_size(width: int, height: int, limits: MediaLimits) -> None:
    if width < 1 or height < 1:
        raise InvalidMedia("The picture has no pixels.", code="invalid_image")
    if width * height > limits.image_pixels:
        raise InvalidMedia(
            f"The picture has {width} x {height} pixels; the limit is "
            f"{limits.image_pixels / 1e6:g} megapixels.",
            code="image_too_large",
        )
    if max(width, height) > limits.image_aspect * min(width, height):
        raise InvalidMedia(
            f"The picture is {width} x {height} pixels; one side may be at most "
            f"{limits.image_aspect:g} times the other.",
            code="image_aspect_ratio",
        )


def _webp_size(path: Path) -> tuple[int, int]:
    """The size in a WebP's header (the decoder takes its memory before it tells), or 1 x 1."""
    with path.open("rb") as file:
        head = file.read(30)
    if head[:4] != b"RIFF" or head[8:12] != b"WEBP" or len(head) < 30:
        return 1, 1
    match head[12:16]:
        case b"VP8X":
            return (
                1 + int.from_bytes(head[24:27], "little"),
                1 + int.from_bytes(head[27:30], "little"),
            )
        case b"VP8L":
            bits = int.from_bytes(head[21:25], "little")
            return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        case _:
            return (
                int.from_bytes(head[26:28], "little") & 0x3FFF,
                int.from_bytes(head[28:30], "little") & 0x3FFF,
            )


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 if there is none that can be read."""
    try:
        return int(image.getexif().get(_ORIENTATION_TAG, 1))
    except Exception:
        return 1


def _opaque(image: Image.Image) -> Image.Image:
    """The picture as RGB, its transparent parts white."""
    if image.mode.startswith("I"):
        return _eight_bits(image).convert("RGB")
    if image.mode not in ("RGBA", "LA", "PA", "RGBa", "La") and "transparency" not in image.info:
        return image if image.mode == "RGB" else image.convert("RGB")
    coloured = image if image.mode == "RGBA" else image.convert("RGBA")
    page = Image.new("RGB", coloured.size, _WHITE)
    page.paste(coloured, mask=coloured.getchannel("A"))
    return page


def _eight_bits(image: Image.Image) -> Image.Image:
    """A picture of 16-bit greys as 8-bit greys: the upper byte of each."""
    if image.mode == "I":
        image = image.convert("I;16")
    data = image.tobytes()
    upper = data[0::2] if image.mode == "I;16B" else data[1::2]
    return Image.frombytes("L", image.size, upper)
