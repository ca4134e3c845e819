"""Answers kept as lines of JSON, by adapter and by what was asked, so that a broken run goes on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

from backend.model.adapter import CONTRACT

Row = dict[str, Any]
Heard = Callable[[str], None]

_LENGTH: Final = 10  # hexadecimal digits of a hash that are shown


def adapter_hash() -> str:
    """Which contract adapter is served."""
    return hashlib.sha256(CONTRACT.read_bytes()).hexdigest()[:_LENGTH]


class Kept:
    """The answers of one part. `asked` is everything besides the adapter that they depend on."""

    def __init__(self, folder: Path, part: str, adapter: str, asked: object) -> None:
        told = json.dumps(asked, ensure_ascii=False, sort_keys=True)
        digest = hashlib.sha256(told.encode()).hexdigest()[:_LENGTH]
        self.path = folder / "answers" / f"{part}-{adapter}-{digest}.jsonl"
        self._rows = {row["name"]: row for row in self._read()}

    def _read(self) -> list[Row]:
        """The lines that are whole; what a run that was killed had begun to write is cut off."""
        if not self.path.exists():
            return []
        content = self.path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            self.path.write_bytes(whole)
        return [json.loads(line) for line in whole.splitlines()]

    def rows(self, names: Iterable[str], make: Callable[[str], Row], told: Heard) -> list[Row]:
        """The answer for each name: the kept one, or else made and kept."""
        listed = list(names)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        for name in listed:
            if name in self._rows:
                continue
            row = {"name": name, **make(name)}
            with self.path.open("ab") as out:
                out.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
            self._rows[name] = row
            told(f"{len(self._rows)} of {len(listed)}  {name}")
        return [self._rows[name] for name in listed]
