"""Agreements varied: other parties, dates, states and terms, and their labels with them."""

from __future__ import annotations

import re
from random import Random

from scripts.reader import chance as names
from scripts.reader import values
from scripts.reader.agreements import Agreement
from scripts.reader.finding import PAGE, party_pattern, state_pattern
from scripts.reader.spotting import find_dates, find_durations
from scripts.reader.values import plain_name

_Labels = dict[str, tuple[str, ...]]
_COMPANY = re.compile(
    r"\b(inc|llc|lp|ltd|corp|corporation|company|co|group|partners|bank|holdings|plc|n\.v|limited|"
    r"stores|solutions|bancorp|technologies)\b",
    re.IGNORECASE,
)


def varied(chance: Random, agreement: Agreement) -> Agreement:
    """The same agreement with other parties, dates, states and terms, all of them consistent."""
    text = PAGE.join(agreement.pages)
    labels = dict(agreement.labels)
    if chance.random() < 0.7:
        text, labels = _other_parties(chance, text, labels)
    if chance.random() < 0.6 and "effective_date" in labels:
        text, labels = _other_date(chance, text, labels)
    if chance.random() < 0.6 and "jurisdiction" in labels:
        text, labels = _other_state(chance, text, labels)
    if chance.random() < 0.6 and "term" in labels:
        text, labels = _other_term(chance, text, labels)
    return Agreement(agreement.name, tuple(text.split(PAGE)), labels)


def _other_parties(chance: Random, text: str, labels: _Labels) -> tuple[str, _Labels]:
    renamed = []
    for label in labels.get("party", ()):
        found = party_pattern(label)
        match = found.search(text)
        if match is None:
            renamed.append(label)
            continue
        is_person = not _COMPANY.search(label) and 2 <= len(label.split()) <= 4
        name = names.person(chance) if is_person else names.company(chance)
        if match.group().isupper():
            name = name.upper()
        text = found.sub(lambda _, name=name: name, text)  # type: ignore[misc]
        renamed.append(plain_name(name))
    return text, {**labels, "party": tuple(renamed)}


def _other_date(chance: Random, text: str, labels: _Labels) -> tuple[str, _Labels]:
    label = labels["effective_date"][0]
    places = [place for place in find_dates(text) if place.normal == label]
    if not places:
        return text, labels
    day = values.any_date(chance, 1996, 2025)
    for place in sorted(places, key=lambda place: -place.start):
        old = text[place.start : place.end]
        style = _style_of(old, place.style)
        text = text[: place.start] + values.write_date(day, style) + text[place.end :]
    return text, {**labels, "effective_date": (day.isoformat(),)}


def _style_of(old: str, style: str) -> str:
    if style == "m/d/y":
        return "{m}/{d}/{year}"
    if style == "y-m-d":
        return "{year}-{mm}-{dd}"
    is_nth = re.search(r"\d(st|nd|rd|th)", old, re.IGNORECASE) is not None
    day = "{nth}" if is_nth else "{day}"
    comma = "," if "," in old else ""
    if style == "month day year":
        return f"{{month}} {day}{comma} {{year}}"
    return f"{day} {'day of ' if 'day' in old.lower() else ''}{{month}}{comma} {{year}}"


def _other_state(chance: Random, text: str, labels: _Labels) -> tuple[str, _Labels]:
    label = labels["jurisdiction"][0]
    other = chance.choice(names.STATES)
    found = state_pattern(label)
    if not found.search(text) or (label == "Washington" or other == "Washington"):
        return text, labels
    text = found.sub(lambda match: other.upper() if match.group().isupper() else other, text)
    return text, {**labels, "jurisdiction": (other,)}


def _other_term(chance: Random, text: str, labels: _Labels) -> tuple[str, _Labels]:
    label = labels["term"][0]
    places = [place for place in find_durations(text) if place.normal == label]
    if not places:
        return text, labels
    unit = chance.choice(("year", "year", "month"))
    number = (
        chance.randint(1, 7) if unit == "year" else chance.choice((6, 9, 12, 15, 18, 24, 30, 36))
    )
    new = values.duration(chance, "en", unit, number)
    hyphen = "-" in text[places[0].start : places[0].end]
    for place in sorted(places, key=lambda place: -place.start):
        written = new.written.replace(" ", "-") if hyphen else new.written
        text = text[: place.start] + written + text[place.end :]
    return text, {**labels, "term": (new.normal,)}
