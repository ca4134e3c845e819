"""Content decides what a file is."""

from __future__ import annotations

import pytest

from backend.errors import InvalidMedia
from backend.media.sniffer import sniff


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (b"\x89PNG\r\n\x1a\n....", "image/png"),
        (b"\xff\xd8\xff\xe0..", "image/jpeg"),
        (b"GIF89a..", "image/gif"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp"),
        (b"%PDF-1.7\n", "application/pdf"),
        (b"\r\n mail header\r\n%PDF-1.4\n", "application/pdf"),
    ],
)
def test_knows_what_it_can_read(head: bytes, media_type: str) -> None:
    assert sniff(head) == media_type


@pytest.mark.parametrize(
    ("head", "code"),
    [
        (b"", "empty_file"),
        (b"hello", "invalid_file"),
        (b"PK\x03\x04 a docx", "invalid_file"),
        (b"BM6\0\0\0", "unsupported_image_format"),
        (b"II*\0 a tiff", "unsupported_image_format"),
        (b"\0\0\0\x18ftypheic", "unsupported_image_format"),
        (b"x" * 1020 + b"%PDF-", "invalid_file"),
    ],
)
def test_refuses_the_rest_with_a_reason(head: bytes, code: str) -> None:
    with pytest.raises(InvalidMedia) as refused:
        sniff(head)
    assert refused.value.code == code
