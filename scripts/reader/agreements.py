"""Real agreements with labels: read from a folder, split by name, and varied without losing truth."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from scripts.reader import chance as names
from scripts.reader import values
from scripts.reader.contracts import Said
from scripts.reader.requests import INSTRUCTIONS, VERBATIM, Asked, Told
from scripts.reader.values import Value, find_dates, find_durations, plain_name

KEYS = ("effective_date", "jurisdiction", "party", "term")
_PAGE = "\f"  # between pages, so that names and dates are found across lines but varied in place
_SPELLINGS = {
    "and": r"(?:&|and)",
    "inc": r"Inc(?:orporated)?",
    "ltd": r"(?:Ltd|Limited)",
    "corp": r"Corp(?:oration)?",
    "co": r"Co(?:mpany)?",
    "llc": r"L\.?\s?L\.?\s?C",
    "lp": r"L\.?\s?P",
}
_ASK = {
    "effective_date": (
        "Date from which the agreement takes effect|Effective date (YYYY-MM-DD)|"
        "The date the agreement becomes effective|Effective date of the agreement|"
        "When does the agreement take effect?|ISO date on which the agreement is made"
    ),
    "jurisdiction": (
        "State or country whose law governs|Governing law|Under which state's law?|"
        "The state or country whose laws govern the agreement|Jurisdiction of the governing law"
    ),
    "party": (
        "Parties to the agreement|Names of the contracting parties|All parties|"
        "Who are the parties?|The companies or persons who sign the agreement"
    ),
    "term": (
        "Length of the term, for example 2 years|How long the agreement or its confidentiality lasts|"
        "Duration of the agreement|Term of the agreement, such as '18 months'|Term"
    ),
}
_NAMES = {
    "effective_date": "effective_date effective_date effective_date date agreement_date effectiveDate",
    "jurisdiction": "jurisdiction jurisdiction jurisdiction governing_law law governingLaw",
    "party": "party party party parties contracting_parties partyNames",
    "term": "term term term duration contract_term termLength",
}


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


def split(agreements: Sequence[Agreement]) -> tuple[list[Agreement], list[Agreement]]:
    """(for training, for validation): every fifth by name is never trained on."""
    kept = [one for place, one in enumerate(agreements) if place % 5]
    return kept, [one for place, one in enumerate(agreements) if place % 5 == 0]


def pattern(name: str) -> re.Pattern[str]:
    """Finds a party's name in a text, however its suffix and its commas are written."""
    pieces = []
    for token in re.findall(r"[^\s.,]+", name):
        spelling = _SPELLINGS.get(token.lower()) or re.escape(token).replace("'", "['’]")
        pieces.append(spelling.replace(r"\-", r"-\s*"))
    joined = r"[.,]*[\s,]*".join(pieces)
    # A full stop after a person's name ends the sentence; after `Inc` it may be part of the name.
    is_short = name.endswith(".") or re.findall(r"\w+", name)[-1].lower() in _SPELLINGS
    return re.compile(rf"(?<!\w){joined}(?!\w){'[.]?' if is_short else ''}", re.IGNORECASE)


def _state(name: str) -> re.Pattern[str]:
    """Finds the name of a state or country in a text."""
    spaced = r"\s+".join(map(re.escape, name.split()))
    return re.compile(rf"(?<!\w){spaced}(?!\w)", re.IGNORECASE)


def sees(text: str) -> Callable[[str], bool]:
    """Whether something stands in a text, line ends and spaces aside."""
    packed = re.sub(r"\s+", "", text)
    return lambda wanted: re.sub(r"\s+", "", wanted) in packed


@dataclass(frozen=True)
class Known:
    """What an agreement says and how it is written there; None where it cannot be found."""

    pages: tuple[str, ...]
    values: dict[str, tuple[Value | None, ...]]


def known(agreement: Agreement) -> Known:
    """Every label with its first place in the text."""
    text = _PAGE.join(agreement.pages)
    found: dict[str, tuple[Value | None, ...]] = {}
    for key, labels in agreement.labels.items():
        found[key] = tuple(_find(key, label, text) for label in labels)
    return Known(agreement.pages, found)


def _find(key: str, label: str, text: str) -> Value | None:
    if key == "party":
        match = pattern(label).search(text)
        return Value(match.group(), plain_name(match.group())) if match else None
    if key == "jurisdiction":
        match = re.search(
            rf"(?<!\w){label.replace(' ', r's*')}(?!\w)".replace("s*", r"\s+"), text, re.I
        )
        return Value(match.group(), label) if match else None
    finder = find_dates if key == "effective_date" else find_durations
    places = [place for place in finder(text) if place.normal == label]
    return Value(text[places[0].start : places[0].end], label) if places else None


def varied(chance: Random, agreement: Agreement) -> Agreement:
    """The same agreement with other parties, dates, states and terms, all of them consistent."""
    text = _PAGE.join(agreement.pages)
    labels = dict(agreement.labels)
    if chance.random() < 0.7:
        text, labels = _other_parties(chance, text, labels)
    if chance.random() < 0.6 and "effective_date" in labels:
        text, labels = _other_date(chance, text, labels)
    if chance.random() < 0.6 and "jurisdiction" in labels:
        text, labels = _other_state(chance, text, labels)
    if chance.random() < 0.6 and "term" in labels:
        text, labels = _other_term(chance, text, labels)
    return Agreement(agreement.name, tuple(text.split(_PAGE)), labels)


_Labels = dict[str, tuple[str, ...]]
_COMPANY = re.compile(
    r"\b(inc|llc|lp|ltd|corp|corporation|company|co|group|partners|bank|holdings|plc|n\.v|limited|"
    r"stores|solutions|bancorp|technologies)\b",
    re.IGNORECASE,
)


def _other_parties(chance: Random, text: str, labels: _Labels) -> tuple[str, _Labels]:
    renamed = []
    for label in labels.get("party", ()):
        found = pattern(label)
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
    found = _state(label)
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


def ask(chance: Random, agreement: Agreement) -> Asked:
    """A request for the labelled fields, or some of them."""
    found = known(agreement).values
    keys = list(KEYS) if chance.random() < 0.75 else chance.sample(KEYS, chance.randint(1, 3))
    if chance.random() < 0.4:
        chance.shuffle(keys)
    verbatim = chance.random() < 0.15
    describes = chance.random() < 0.6
    nullable = chance.random() < 0.6
    instruction = chance.choice(INSTRUCTIONS).replace(
        "contract", chance.choice(("contract", "agreement", "NDA"))
    )
    if verbatim:
        instruction = f"{instruction} {chance.choice(VERBATIM)}".strip()
    properties: dict[str, Any] = {}
    answer: dict[str, Any] = {}
    held: dict[str, tuple[str, ...]] = {}
    absent: dict[str, Any] = {}
    quotes = chance.random() < 0.05
    for key in keys:
        name = chance.choice(_NAMES[key].split())
        kind: dict[str, Any] = {"type": ["string", "null"] if nullable else "string"}
        if key == "party":
            kind = {"type": "array", "items": {"type": "string"}}
        elif key == "effective_date" and nullable and not verbatim and chance.random() < 0.3:
            kind = {**kind, "format": "date"}
        if describes:
            kind = {**kind, "description": chance.choice(_ASK[key].split("|"))}
        located = [value for value in found.get(key, ()) if value is not None]
        shown = [value.written.strip() if verbatim else value.normal for value in located]
        shown = [" ".join(one.split()) for one in shown]
        blank: Any = [] if key == "party" else None if nullable else ""
        right: Any = shown if key == "party" else shown[0] if shown else blank
        if quotes and key != "party":
            quote = _sentence(agreement.pages, located[0].written) if located else None
            kind = {
                "type": "object",
                "properties": {"value": kind, "quote": {"type": ["string", "null"]}},
                "required": ["value", "quote"],
            }
            right, blank = {"value": right, "quote": quote}, {"value": blank, "quote": None}
        properties[name] = kind
        answer[name] = right
        absent[name] = blank
        held[name] = tuple(value.written for value in located)
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return Asked(instruction, schema, answer, held, absent)


def _sentence(pages: Sequence[str], written: str) -> str | None:
    """Up to thirty words of the sentence around a value."""
    for page in pages:
        place = page.find(written)
        if place >= 0:
            before = re.split(r"(?<=[.;:])\s", page[max(0, place - 160) : place])[-1].split()[-14:]
            after = re.split(r"(?<=[.;])\s", page[place : place + len(written) + 120])[0].split()
            return " ".join([*before, *after[: 14 + len(written.split())]])
    return None


_QUESTIONS = {
    "effective_date": "When does the agreement take effect?|What is the effective date?|What date is the agreement?",
    "jurisdiction": "Which law governs?|What is the governing law?|Which state's law applies?",
    "party": "Who are the parties?|Between whom is this agreement?",
    "term": "How long does it last?|What is the term?|How long do the obligations last?",
}


def tell(chance: Random, agreement: Agreement) -> Told:
    """A question in plain words about a labelled agreement."""
    said = {}
    for key, located in known(agreement).values.items():
        kept = [value for value in located if value is not None]
        if not kept:
            continue
        listed = " and ".join(value.normal for value in kept)
        brief = {
            "effective_date": f"It takes effect on {listed}.",
            "jurisdiction": f"The law of {listed} applies.",
            "party": f"The parties are {listed}." if len(kept) > 1 else f"{listed} is a party.",
            "term": f"The term is {listed}.",
        }[key]
        page = next(
            (number for number, text in enumerate(agreement.pages, 1) if kept[0].written in text), 1
        )
        said[key] = Said(
            key, "", kept[0], listed=tuple(kept), sentence=kept[0].written, page=page,
            brief=brief.replace("..", "."),
        )  # fmt: skip
    if chance.random() < 0.4 or not said:
        question = chance.choice(
            ("Summarise this document.", "Give me a short summary with page references.",
             "Summarise the key points of this agreement.")
        )  # fmt: skip
        told = tuple(
            said[key] for key in ("party", "effective_date", "term", "jurisdiction") if key in said
        )
        return Told(
            question,
            told,
            False,
            "The document does not say.",
            "This is a confidentiality agreement.",
        )
    key = chance.choice(list(said))
    return Told(
        chance.choice(_QUESTIONS[key].split("|")), (said[key],), False, "The document does not say."
    )
