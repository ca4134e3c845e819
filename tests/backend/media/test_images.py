"""Pictures of every colour mode end as upright opaque RGB, or are refused by their header."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from backend.errors import InvalidMedia
from backend.media import images
from backend.media.canvas import Canvas
from backend.media.limits import MediaLimits

LIMITS = MediaLimits()
RED = (220, 20, 20)


def saved(image: Image.Image, path: Path, file_format: str = "PNG", **options: Any) -> Path:
    image.save(path, file_format, **options)
    return path


def png(width: int, height: int, *, bits: int = 8, colour: int = 2, data: bytes = b"") -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", header),
            chunk(b"IDAT", zlib.compress(data)),
            chunk(b"IEND", b""),
        )
    )


def refusal(path: Path) -> str:
    with pytest.raises(InvalidMedia) as refused:
        images.inspect(path, path.with_suffix(".canvas"), LIMITS)
    assert "0x" not in refused.value.message
    assert str(path) not in refused.value.message
    return refused.value.code


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP", "GIF"])
def test_reads_the_four_formats(tmp_path: Path, file_format: str) -> None:
    path = saved(Image.new("RGB", (60, 40), RED), tmp_path / "x", file_format)
    image = images.decode(path, LIMITS)
    assert (image.mode, image.size) == ("RGB", (60, 40))
    assert image.getpixel((30, 20)) == pytest.approx(RED, abs=12)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_stands_upright(tmp_path: Path, orientation: int) -> None:
    upright = Image.new("RGB", (64, 32), "white")
    upright.paste(RED, (0, 0, 32, 16))  # the upper left quarter
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # transpositions that camera would have done
    stored = upright.transpose(Image.Transpose(undo[orientation])) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(stored, tmp_path / "x.jpg", "JPEG", exif=exif, quality=95)
    image = images.decode(path, LIMITS)
    assert image.size == (64, 32)
    assert image.getpixel((8, 4)) == pytest.approx(RED, abs=20)
    for corner in ((56, 4), (8, 28), (56, 28)):
        assert image.getpixel(corner) == pytest.approx((255, 255, 255), abs=20)


def transparent_pictures() -> list[tuple[str, Image.Image, dict[str, Any]]]:
    palette = Image.new("P", (8, 8), 1)
    palette.putpalette([0, 0, 0, *RED] + [0] * 762)
    palette.paste(0, (0, 0, 4, 8))
    colour = Image.new("RGB", (8, 8), RED)
    colour.paste((1, 2, 3), (0, 0, 4, 8))
    grey = Image.new("L", (8, 8), 90)
    grey.paste(7, (0, 0, 4, 8))
    alpha = Image.new("RGBA", (8, 8), (*RED, 255))
    alpha.paste((0, 0, 0, 0), (0, 0, 4, 8))
    grey_alpha = Image.new("LA", (8, 8), (90, 255))
    grey_alpha.paste((0, 0), (0, 0, 4, 8))
    return [
        ("RGBA", alpha, {}),
        ("LA", grey_alpha, {}),
        ("P with an index", palette, {"transparency": 0}),
        ("P with alphas", palette, {"transparency": bytes([0, 255])}),
        ("RGB with a colour", colour, {"transparency": (1, 2, 3)}),
        ("L with a grey", grey, {"transparency": 7}),
    ]


@pytest.mark.parametrize(("name", "image", "options"), transparent_pictures())
def test_transparency_is_laid_on_white(
    tmp_path: Path, name: str, image: Image.Image, options: dict[str, Any]
) -> None:
    decoded = images.decode(saved(image, tmp_path / "x", **options), LIMITS)
    assert decoded.getpixel((1, 4)) == (255, 255, 255)
    assert decoded.getpixel((6, 4)) in (RED, (90, 90, 90))


def test_half_transparency_is_mixed_with_white(tmp_path: Path) -> None:
    path = saved(Image.new("RGBA", (4, 4), (0, 0, 0, 128)), tmp_path / "x")
    assert images.decode(path, LIMITS).getpixel((1, 1)) == pytest.approx((127,) * 3, abs=1)


def test_sixteen_bit_greys_keep_their_brightness(tmp_path: Path) -> None:
    rows = b"".join(b"\0" + struct.pack(">2H", 0x8000, 0xFFFF) for _ in range(2))
    path = tmp_path / "x"
    path.write_bytes(png(2, 2, bits=16, colour=0, data=rows))
    image = images.decode(path, LIMITS)
    assert [image.getpixel((x, 0)) for x in (0, 1)] == [(128, 128, 128), (255, 255, 255)]


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK"])
def test_other_modes_become_rgb(tmp_path: Path, mode: str) -> None:
    source = Image.new("RGB", (16, 16), "white").convert(mode)
    path = saved(source, tmp_path / "x", "JPEG" if mode == "CMYK" else "PNG")
    assert images.decode(path, LIMITS).getpixel((8, 8)) == pytest.approx((255,) * 3, abs=3)


def test_only_the_first_frame_counts(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, "blue", "green")]
    path = saved(frames[0], tmp_path / "x", "GIF", save_all=True, append_images=frames[1:])
    assert images.decode(path, LIMITS).getpixel((4, 4)) == RED


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (png(65_535, 65_535), "image_too_large"),
        (png(13_300, 13_400, bits=1, colour=0), "image_too_large"),
        (png(1, 10_000), "image_aspect_ratio"),
        (png(28, 6_000), "image_aspect_ratio"),
        (png(20, 20, data=b"\0" * 30), "invalid_image"),
        (b"\x89PNG\r\n\x1a\n and nothing more", "invalid_image"),
        (b"\xff\xd8\xff\xe0 and nothing more", "invalid_image"),
        (b"RIFF\x40\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\xff\x3f\0\xff\x3f\0", "image_too_large"),
    ],
)
def test_bad_pictures_are_refused(tmp_path: Path, data: bytes, code: str) -> None:
    path = tmp_path / "x"
    path.write_bytes(data)
    assert refusal(path) == code


def test_a_picture_cut_short_is_refused(tmp_path: Path) -> None:
    data = io.BytesIO()
    Image.effect_noise((200, 200), 60).save(data, "JPEG")
    path = tmp_path / "x"
    path.write_bytes(data.getvalue()[: len(data.getvalue()) // 2])
    assert refusal(path) == "invalid_image"


def test_tiny_pictures_are_fine(tmp_path: Path) -> None:
    with Canvas() as canvas:
        path = saved(Image.new("L", (1, 1)), tmp_path / "x")
        assert images.inspect(path, canvas.path, LIMITS) == (1, 1)
        assert bytes(canvas.pixels(1, 1).data) == bytes(3)


def test_a_preview_of_a_jpeg_is_decoded_small(tmp_path: Path) -> None:
    path = saved(Image.new("RGB", (800, 400), RED), tmp_path / "x", "JPEG")
    assert images.decode(path, LIMITS, at_least=100).size == (200, 100)
    assert images.render(path, 100, LIMITS).width == 100


@pytest.mark.parametrize(("any_size", "drawn"), [(False, (56, 28)), (True, (100, 50))])
def test_a_model_that_resizes_gets_pixels_as_they_are(
    tmp_path: Path, any_size: bool, drawn: tuple[int, int]
) -> None:
    path = saved(Image.new("RGB", (100, 50), RED), tmp_path / "x")
    with Canvas() as canvas:
        size = images.view(path, canvas.path, 56, 28, LIMITS, any_size=any_size)
        assert size == drawn
        assert bytes(canvas.pixels(*size).data) == bytes(RED) * drawn[0] * drawn[1]
    with Canvas() as canvas:  # far too large to be handed over
        assert images.view(path, canvas.path, 28, 14, LIMITS, any_size=any_size) == (28, 14)


def test_render_bounds_the_longer_side_and_never_enlarges(tmp_path: Path) -> None:
    path = saved(Image.new("RGB", (400, 100), RED), tmp_path / "x")
    assert (images.render(path, 200, LIMITS).width, images.render(path, 200, LIMITS).height) == (
        200,
        50,
    )
    assert images.render(path, 4_096, LIMITS).width == 400
