"""The SHA-256 of every file of a model folder, written once and checked before each load."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

NAME = "manifest.json"


class DamagedModel(Exception):
    """A model folder that must not be loaded; the sentence says which file and why."""


def file_hash(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write(folder: Path) -> None:
    """Records every file that is in the folder now."""
    hashes = {path.name: file_hash(path) for path in sorted(folder.iterdir()) if path.name != NAME}
    (folder / NAME).write_text(json.dumps(hashes, indent=1) + "\n", encoding="utf-8")


def check(folder: Path) -> None:
    """Raises DamagedModel, naming the file and both hashes, unless all is as recorded."""
    expected = _recorded(folder)
    if expected is None:
        raise DamagedModel(f"{folder.name}/{NAME} is missing or unreadable")
    for name, recorded in expected.items():
        path = folder / name
        if not path.is_file():
            raise DamagedModel(f"{folder.name}/{name} is missing (recorded SHA-256 {recorded})")
        try:
            found = file_hash(path)
        except OSError as error:
            raise DamagedModel(
                f"{folder.name}/{name} cannot be read: {error.strerror or 'input/output error'}"
            ) from error
        if found != recorded:
            raise DamagedModel(
                f"{folder.name}/{name} is damaged: its SHA-256 is {found}, recorded is {recorded}"
            )


def is_complete(folder: Path) -> bool:
    """Whether every recorded file is there; quick, reads no content but the manifest's."""
    expected = _recorded(folder)
    return expected is not None and all((folder / name).is_file() for name in expected)


def _recorded(folder: Path) -> dict[str, str] | None:
    """The manifest's content, None if it is missing or makes no sense."""
    try:
        recorded = json.loads((folder / NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return recorded if isinstance(recorded, dict) and recorded else None
