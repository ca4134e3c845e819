"""Real agreements with labels: read from a folder, kept in a file, split by name."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

KEYS = ("effective_date", "jurisdiction", "party", "term")


@dataclass(frozen=True)
class Agreement:
    """One labelled agreement."""

    name: str
    pages: tuple[str, ...]
    labels: dict[str, tuple[str, ...]]


def read(path: Path) -> list[Agreement]:
    """Agreements from a folder of PDFs, or from the file that `archive` made of one; by name."""
    if path.is_dir():
        from scripts.reader import archive  # needs a PDF reader, which a GPU's machine may lack

        rows = list(archive.rows(path))
    else:
        rows = json.loads(path.read_text(encoding="utf-8"))
    return sorted(
        (
            Agreement(
                row["file"],
                tuple(row["pages"]),
                {key: tuple(found) for key, found in row["labels"].items()},
            )
            for row in rows
        ),
        key=lambda agreement: agreement.name,
    )


def write(agreements: Sequence[Agreement], path: Path) -> Path:
    """Keeps agreements in one file that `read` takes."""
    rows = [{"file": one.name, "pages": one.pages, "labels": one.labels} for one in agreements]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    return path


@dataclass(frozen=True)
class Split:
    """Agreements by what they may be used for."""

    training: list[Agreement]
    choosing: list[Agreement]  # kept from training, to choose between adapters
    validation: list[Agreement]  # every fifth by name: for the figures alone


def split(agreements: Sequence[Agreement]) -> Split:
    """What is trained on, what chooses and what validates."""
    kept = [one for place, one in enumerate(agreements) if place % 5]
    return Split(
        training=[one for place, one in enumerate(kept) if place % 16],
        choosing=[one for place, one in enumerate(kept) if place % 16 == 0],
        validation=[one for place, one in enumerate(agreements) if place % 5 == 0],
    )
