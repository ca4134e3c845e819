"""How answers are marked: micro F1 over labels, exact values over fields, keywords over plain ones."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

Labels = Mapping[str, Any]


def pairs(labels: Labels) -> Counter[tuple[str, str]]:
    """Every KEY=VALUE of a document, upper-cased, spaces and underscores alike."""
    found: Counter[tuple[str, str]] = Counter()
    for key, value in labels.items():
        for one in value if isinstance(value, list | tuple) else [value]:
            if one not in (None, ""):
                found[key, re.sub(r"[\s_]+", "_", str(one).strip()).upper()] += 1
    return found


def micro(gold: Iterable[Labels], given: Iterable[Labels]) -> dict[str, dict[str, float]]:
    """Hits, counts, precision, recall and F1 by key and of all together."""
    counts: dict[str, list[int]] = {}
    for right, answer in zip(gold, given, strict=True):
        want, got = pairs(right), pairs(answer)
        for column, counter in enumerate((want & got, got, want)):
            for (key, _), number in counter.items():
                for row in (key, "all"):
                    counts.setdefault(row, [0, 0, 0])[column] += number
    return {
        key: {
            "hits": hits,
            "found": found,
            "gold": wanted,
            "precision": round(100 * hits / max(found, 1), 1),
            "recall": round(100 * hits / max(wanted, 1), 1),
            "f1": round(200 * hits / max(found + wanted, 1), 1),
        }
        for key, (hits, found, wanted) in sorted(counts.items())
    }


def field_accuracy(gold: Iterable[Labels], given: Iterable[Labels]) -> float:
    """The share of fields, in percent, whose value is right; absent ones count too."""
    right = wrong = 0
    for want, got in zip(gold, given, strict=True):
        for name, value in want.items():
            if _same(value, got.get(name)):
                right += 1
            else:
                wrong += 1
    return round(100 * right / max(1, right + wrong), 1)


def _same(want: object, got: object) -> bool:
    if isinstance(want, list) and isinstance(got, list):
        return sorted(map(_bare, want)) == sorted(map(_bare, got))
    return _bare(want) == _bare(got)


def _bare(value: object) -> str:
    if isinstance(value, float) and value == int(value):
        value = int(value)
    return re.sub(r"\s+", "", str("" if value is None else value)).upper()


def parsed(answer: str) -> dict[str, Any]:
    """The object that an answer is; an empty one if it is none."""
    try:
        found = json.loads(answer)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
