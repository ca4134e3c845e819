"""The record that says a file is an owner's: its folder's name, and its JSON, written and read."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from backend.media.media import Media, MediaKind


def folder_name(owner: str) -> str:
    """An owner's folder; owners are any text, folders are not."""
    return hashlib.sha256(owner.encode()).hexdigest()[:32]


def to_json(owner: str, media: Media) -> bytes:
    return json.dumps(
        {
            "owner": owner,
            "sha256": media.sha256,
            "kind": media.kind.value,
            "media_type": media.media_type,
            "size": media.size,
            "pages": media.pages,
            "width": media.width,
            "height": media.height,
        }
    ).encode()


def from_json(path: Path) -> Media | None:
    """The file a record speaks of, or None if the record is not whole."""
    try:
        record = json.loads(path.read_bytes())
        media = Media(
            sha256=record["sha256"],
            kind=MediaKind(record["kind"]),
            media_type=record["media_type"],
            size=record["size"],
            pages=record["pages"],
            width=record["width"],
            height=record["height"],
        )
        fits = media.sha256 == path.stem and folder_name(record["owner"]) == path.parent.name
    except (ValueError, KeyError, TypeError):
        return None
    return media if fits else None
