"""Where an agreement says what it is labelled with, and how it is written there."""

from __future__ import annotations

import re

from scripts.reader.agreements import Agreement
from scripts.reader.spotting import find_dates, find_durations
from scripts.reader.values import Value, plain_name

PAGE = "\f"  # between pages, so that names and dates are found across lines but varied in place
_SPELLINGS = {
    "and": r"(?:&|and)",
    "inc": r"Inc(?:orporated)?",
    "ltd": r"(?:Ltd|Limited)",
    "corp": r"Corp(?:oration)?",
    "co": r"Co(?:mpany)?",
    "llc": r"L\.?\s?L\.?\s?C",
    "lp": r"L\.?\s?P",
}


def known(agreement: Agreement) -> dict[str, tuple[Value | None, ...]]:
    """By key, what each label says as it is first written in the text; None where it cannot be
    found."""
    text = PAGE.join(agreement.pages)
    return {
        key: tuple(_find(key, label, text) for label in labels)
        for key, labels in agreement.labels.items()
    }


def _find(key: str, label: str, text: str) -> Value | None:
    if key == "party":
        match = party_pattern(label).search(text)
        return Value(match.group(), plain_name(match.group())) if match else None
    if key == "jurisdiction":
        match = state_pattern(label).search(text)
        return Value(match.group(), label) if match else None
    finder = find_dates if key == "effective_date" else find_durations
    places = [place for place in finder(text) if place.normal == label]
    return Value(text[places[0].start : places[0].end], label) if places else None


def party_pattern(name: str) -> re.Pattern[str]:
    """Finds a party's name in a text, however its suffix and its commas are written."""
    pieces = []
    for token in re.findall(r"[^\s.,]+", name):
        spelling = _SPELLINGS.get(token.lower()) or re.escape(token).replace("'", "['’]")
        pieces.append(spelling.replace(r"\-", r"-\s*"))
    joined = r"[.,]*[\s,]*".join(pieces)
    # A full stop after a person's name ends the sentence; after `Inc` it may be part of the name.
    is_short = name.endswith(".") or re.findall(r"\w+", name)[-1].lower() in _SPELLINGS
    return re.compile(rf"(?<!\w){joined}(?!\w){'[.]?' if is_short else ''}", re.IGNORECASE)


def state_pattern(name: str) -> re.Pattern[str]:
    """Finds the name of a state or country in a text."""
    spaced = r"\s+".join(map(re.escape, name.split()))
    return re.compile(rf"(?<!\w){spaced}(?!\w)", re.IGNORECASE)
