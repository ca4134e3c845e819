"""Data URLs: what a request carries along in base64."""

from __future__ import annotations

import binascii
import re
from typing import Final

_SCHEME: Final = re.compile(r"data:", re.IGNORECASE)
_HEADER_CHARACTERS: Final = 1024


class NotBase64(ValueError):
    """The URL is no data URL in strict base64."""


class Empty(NotBase64):
    """The URL holds nothing."""


def is_data_url(url: str) -> bool:
    """Whether the scheme is data, in whatever case."""
    return _SCHEME.match(url) is not None


def payload(url: str) -> str:
    """The base64 text. The declared media type means nothing: the content decides."""
    header, comma, encoded = url[:_HEADER_CHARACTERS].partition(",")
    if not comma or not header.lower().endswith(";base64"):
        raise NotBase64
    if not encoded:
        raise Empty
    return url[len(header) + 1 :]


def decode(encoded: str) -> bytes:
    """The bytes; every character must belong to the alphabet and the padding be right."""
    try:
        return binascii.a2b_base64(encoded, strict_mode=True)
    except ValueError:  # covers binascii.Error and what is not ASCII
        raise NotBase64 from None
