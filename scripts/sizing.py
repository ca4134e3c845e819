"""How many analysts a number of cards serves, computed from the rates that docs/performance.md and,
for the embedded reader, docs/decisions.md record. Prints the table of docs/deployment.md.

Usage: python scripts/sizing.py [--answer TOKENS] [--every SECONDS] [--busy SHARE]
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RECORD = ROOT / "docs" / "performance.md"
READER_RECORD = ROOT / "docs" / "decisions.md"

ANSWER = 300  # tokens of an answer
EVERY = 180  # seconds between two questions of an analyst, in the busiest hour
BUSY = 0.6  # of what a card does at most, so that nobody waits long
CARDS = (1, 2, 4, 8)  # each with a backend of its own
MODEL = "GLM-4.6V-Flash, bfloat16"
READER = "Embedded reader"

_ROWS = {
    "questions about words": "64 text prompts",
    "questions about a picture": "64 picture prompts",
}


@dataclass(frozen=True)
class Measured:
    """What one card does with 64 questions at once."""

    card: str
    asked: str
    rate: float  # answer tokens a second, prompts included
    model: str = MODEL


def measured(record: str) -> list[Measured]:
    """The rates of a record. Raises ValueError where it does not hold them."""
    lines = record.splitlines()
    heads = [_cells(line) for line in lines if re.match(r"\|\s*\| H100 \|", line)]
    if not heads:
        raise ValueError("the record has no table of cards")
    found: list[Measured] = []
    for asked, name in _ROWS.items():
        for row in map(_cells, lines):
            if re.search(rf"(^|/ ){name} at once", row[0]) if row else False:
                both = "/" in row[0]
                for card in ("H100", "H200"):
                    cell = row[heads[0].index(card)]
                    found.append(Measured(card, asked, _rate(cell, last=both)))
    if len(found) != 2 * len(_ROWS):
        raise ValueError("the record does not hold every rate once")
    return found


def measured_reader(record: str) -> Measured:
    """The embedded reader's rate on a processor; its prompts are not in it. Raises ValueError."""
    row = re.search(r"^\| decode, one request \| (\d+) tokens/s \|", record, re.MULTILINE)
    if row is None:
        raise ValueError("the record does not hold the reader's rate")
    return Measured("two cores, no card", "questions about words", float(row[1]), READER)


def users(rate: float, cards: int, answer: float, every: float, busy: float) -> int:
    """Analysts that so many cards serve, each asking for `answer` tokens `every` seconds."""
    return int(cards * rate * busy * every / answer)


def table(rates: Sequence[Measured], answer: float, every: float, busy: float) -> Iterator[str]:
    """Lines of Markdown, rounded down to two digits."""
    yield f"| model | card | asked | {' | '.join(map(str, CARDS))} |"
    yield "|---|---|---|" + "---|" * len(CARDS)
    for one in rates:
        counts = (users(one.rate, cards, answer, every, busy) for cards in CARDS)
        shown = " | ".join(f"{_two_digits(count):,}" for count in counts)
        yield f"| {one.model} | {one.card} | {one.asked} | {shown} |"


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")] if "|" in line else []


def _rate(cell: str, *, last: bool) -> float:
    """The first rate of a cell, or of two that a stroke parts the second; of a range the lower."""
    part = cell.split("/", 1)[1] if last else cell
    number = re.search(r"\d[\d,]*", part)
    if number is None:
        raise ValueError("a rate is missing")
    return float(number[0].replace(",", ""))


def _two_digits(count: int) -> int:
    size: int = 10 ** max(0, len(str(count)) - 2)
    return count // size * size


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser("scripts/sizing.py", description=__doc__)
    parser.add_argument("--answer", type=float, default=ANSWER)
    parser.add_argument("--every", type=float, default=EVERY)
    parser.add_argument("--busy", type=float, default=BUSY)
    given = parser.parse_args(arguments)
    rates = [
        *measured(RECORD.read_text(encoding="utf-8")),
        measured_reader(READER_RECORD.read_text(encoding="utf-8")),
    ]
    print("\n".join(table(rates, given.answer, given.every, given.busy)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
