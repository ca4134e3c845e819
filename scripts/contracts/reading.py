"""Documents read page by page through the backend, and their words as text."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from frontend.cli.desk import OWNER
from frontend.client.blocking import Client
from frontend.messages import BackendError, Page, Word

Heard = Callable[[str], None]


def pages(client: Client, document: bytes, filename: str) -> list[Page]:
    """Every page with its words."""
    file = client.put(OWNER, document, filename)
    return [
        _patiently(lambda number=number: client.page(OWNER, file.sha256, number, words=True))  # type: ignore[misc]
        for number in range(1, file.pages + 1)
    ]


def text(words: Iterable[Word]) -> str:
    """A page's words, line by line."""
    return "\n".join(
        " ".join(word.text for word in line) for _, line in groupby(words, key=lambda one: one.line)
    )


def archive(
    client: Client, documents: Sequence[Path], labels: Mapping[str, Any], target: Path, told: Heard
) -> None:
    """Writes what the pages say as `scripts.reader.archive` does; what is there stays."""
    rows = json.loads(target.read_text(encoding="utf-8")) if target.exists() else []
    known = {row["file"] for row in rows}
    for path in documents:
        if path.name in known:
            continue
        read = pages(client, path.read_bytes(), path.name)
        texts = [text(page.words) for page in read]
        rows.append({"file": path.name, "labels": labels[path.name], "pages": texts})
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = target.with_suffix(".part")
        fresh.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
        fresh.replace(target)
        told(f"{len(rows)} of {len(documents)} read: {path.name}, {len(read)} pages")


def _patiently(read: Callable[[], Page]) -> Page:
    """Asks again while the backend is busy."""
    for _ in range(20):
        try:
            return read()
        except BackendError as error:
            if error.kind not in ("deadline", "queue_full"):
                raise
    return read()
