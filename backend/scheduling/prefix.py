"""What identifies a full block of keys and values: everything that its content depends on."""

from __future__ import annotations

import hashlib
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from backend.prompt.picture import ImageSpan

KEY_BYTES = 32


def root_key(owner: str, *, adapted: bool = False) -> bytes:
    """What the first block of an owner's sequences follows; nobody else's follow it, nor do those
    that are computed with other weights."""
    return _digest(b"adapted owner" if adapted else b"owner", owner.encode())


def block_keys(
    parent: bytes,
    tokens: Sequence[int],
    images: Sequence[ImageSpan],
    block_size: int,
    start: int = 0,
) -> Iterator[bytes]:
    """The key of each full block of `tokens`, which stand at `start` and after `parent`.

    A key depends on the key before it, on the block's tokens, and on each picture that the block
    touches, with the place inside it: two pictures are stood for by the same tokens.
    """
    number = _first_image(images, start)
    for first in range(0, len(tokens) - block_size + 1, block_size):
        fields = [parent, array("q", tokens[first : first + block_size]).tobytes()]
        place = start + first
        while number < len(images) and images[number].start < place + block_size:
            span = images[number]
            fields += [span.picture.key, (place - span.start).to_bytes(8, signed=True)]
            if span.end > place + block_size:
                break  # the next block touches it too
            number += 1
        parent = _digest(*fields)
        yield parent


def whole_images(images: Sequence[ImageSpan], end: int) -> int:
    """How many leading pictures lie before place `end`, wholly."""
    return _first_image(images, end)


def _first_image(images: Sequence[ImageSpan], place: int) -> int:
    """Which picture is the first that does not end at or before a place."""
    return bisect_right(images, place, key=lambda span: span.end)


def _digest(*fields: bytes) -> bytes:
    """BLAKE2b over fields with their lengths, so that no two lists of them look the same."""
    digest = hashlib.blake2b(digest_size=KEY_BYTES)
    for field in fields:
        digest.update(len(field).to_bytes(8))
        digest.update(field)
    return digest.digest()
