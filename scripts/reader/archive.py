"""Reads labelled agreements from a folder of PDFs, as the product reads them.

Usage: python -m scripts.reader.archive FOLDER FILE.json writes their words to one file, so that
training needs no PDF reader where it runs. FOLDER holds pdf/*.pdf and labels.jsonl.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from backend.media.documents import inspect, text_layers
from backend.media.limits import MediaLimits
from backend.media.media import PageText
from backend.prompt.prompt import ReadingMethod


def rows(folder: Path) -> Iterator[dict[str, Any]]:
    """The file, the pages' words and the labels of every agreement."""
    limits = MediaLimits()
    for line in (folder / "labels.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        path = folder / "pdf" / row["file"]
        layers = text_layers(path, range(1, inspect(path, limits) + 1), limits)
        pages = [
            PageText(number, layer.words, ReadingMethod.TEXT_LAYER).text
            for number, layer in enumerate(layers, start=1)
        ]
        yield {"file": row["file"], "labels": row["labels"], "pages": pages}


def main() -> None:
    """Writes the words of a folder's agreements to a file."""
    folder, target = map(Path, sys.argv[1:3])
    target.write_text(json.dumps(list(rows(folder)), ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
