"""What a file is, told from its first bytes and never from its declared type."""

from __future__ import annotations

from backend.errors import InvalidMedia
from backend.media.media import MediaKind

HEAD = 1024  # bytes within which a PDF's mark may stand

PDF = "application/pdf"

_UNSUPPORTED = (
    b"BM",
    b"II*\0",
    b"MM\0*",
    b"\0\0\1\0",
    b"8BPS",
    b"\0\0\0\x0cjP",
    b"qoif",
    b"\xff\x0a",
)
_UNSUPPORTED_BRANDS = (b"avif", b"avis", b"heic", b"heix", b"hevc", b"mif1", b"msf1")


def sniff(head: bytes) -> str:
    """The media type of a file that begins so; raises InvalidMedia for any other file."""
    if not head:
        raise InvalidMedia("The file is empty.", code="empty_file")
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    if b"%PDF-" in head[:HEAD]:
        return PDF
    if head.startswith(_UNSUPPORTED) or (
        head[4:8] == b"ftyp" and head[8:12] in _UNSUPPORTED_BRANDS
    ):
        raise InvalidMedia(
            "Pictures are read as PNG, JPEG, WEBP or GIF; this is another format.",
            code="unsupported_image_format",
        )
    raise InvalidMedia("The file is neither a PDF nor a PNG, JPEG, WEBP or GIF picture.")


def kind_of(media_type: str) -> MediaKind:
    """Whether files of that type are documents or pictures."""
    return MediaKind.DOCUMENT if media_type == PDF else MediaKind.IMAGE
