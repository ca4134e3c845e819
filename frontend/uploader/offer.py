"""What the browser asks before it sends files: whether they are here already.

It comes from a browser, so nothing in it is believed: a hash only ever finds files of the page's
own user, and a file that is sent is hashed and checked like any other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_BATCH: Final = re.compile(r"[0-9a-z-]{1,64}")
_MOST_FILES: Final = 500
_LONGEST_NAME: Final = 500  # characters


@dataclass(frozen=True)
class Offered:
    """A file that a browser has, by its hash as it was chosen and as it would be sent."""

    filename: str
    hashes: tuple[str, ...]


@dataclass(frozen=True)
class Offer:
    """Files that were chosen together for one conversation."""

    batch: str
    conversation: str
    files: tuple[Offered, ...]


def read(value: object) -> Offer | None:
    """The offer that a browser made; None for anything else."""
    match value:
        case {"batch": str(batch), "conversation": str(conversation), "files": list(files)}:
            offered = [_offered(one) for one in files[: _MOST_FILES + 1]]
            wanted = tuple(one for one in offered if one is not None)
            is_sound = len(wanted) == len(offered) <= _MOST_FILES and _BATCH.fullmatch(batch)
            return Offer(batch, conversation, wanted) if is_sound else None
        case _:
            return None


def _offered(value: object) -> Offered | None:
    match value:
        case {"name": str(name), "hashes": list(hashes)}:
            is_sound = len(hashes) <= 2 and all(
                isinstance(one, str) and _SHA256.fullmatch(one) for one in hashes
            )
            is_named = 0 < len(name) <= _LONGEST_NAME
            return Offered(name, tuple(hashes)) if is_sound and is_named else None
        case _:
            return None
