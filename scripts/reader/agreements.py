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
from scripts.reader.particulars import particular
from scripts.reader.requests import INSTRUCTIONS, LISTED, VERBATIM, Asked, Told, typed
from scripts.reader.values import Value, find_dates, find_durations, plain_name
from scripts.reader.writing.paragraphs import Said

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
        "When does the agreement take effect?|ISO date on which the agreement is made|"
        "On which date does the contract take effect?|Effective date, YYYY-MM-DD|"
        "Date of the agreement as YYYY-MM-DD, null if there is none"
    ),
    "jurisdiction": (
        "State or country whose law governs|Governing law|Under which state's law?|"
        "The state or country whose laws govern the agreement|Jurisdiction of the governing law|"
        "Which state's or country's law governs the contract?|State or country of the governing law"
    ),
    "party": (
        "Parties to the agreement|Names of the contracting parties|All parties|"
        "Who are the parties?|The companies or persons who sign the agreement|"
        "All parties to the agreement|Who concludes the contract?"
    ),
    "term": (
        "Length of the term, for example 2 years|How long the agreement or its confidentiality lasts|"
        "Duration of the agreement|Term of the agreement, such as '18 months'|Term|"
        "How long does the contract last?|How long it lasts, for example 2 years"
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


@dataclass(frozen=True)
class Aside:
    """Something said in an agreement that its labels know nothing of."""

    name: str
    question: str
    kind: dict[str, Any]
    value: Any
    blank: Any
    written: tuple[str, ...]  # where it is said; nothing if it is not


def with_asides(chance: Random, agreement: Agreement) -> tuple[Agreement, tuple[Aside, ...]]:
    """Puts sentences of ours between an agreement's own, and asks after some that are not there."""
    pages, asides = list(agreement.pages), []
    for number in range(chance.choice((1, 1, 2, 3))):
        fact, value = particular(chance, "en", number)
        is_said = chance.random() < 0.7
        if is_said:
            says = chance.choice(fact.en.says.split("|"))
            sentence = says.format(v=value.written, a="the Recipient", b="the Company")
            page = chance.randrange(len(pages))
            lines = pages[page].split("\n")
            place = chance.randint(0, len(lines))
            pages[page] = "\n".join(
                [*lines[:place], sentence[:1].upper() + sentence[1:], *lines[place:]]
            )
        kind, right, blank = typed(chance, fact, value if is_said else None)
        asides.append(
            Aside(
                fact.en.names,
                chance.choice(fact.en.ask.split("|")),
                kind,
                right,
                blank,
                (value.written,) if is_said else (),
            )
        )
    return Agreement(agreement.name, tuple(pages), agreement.labels), tuple(asides)


def ask(chance: Random, agreement: Agreement, asides: Sequence[Aside] = ()) -> Asked:
    """A request for the labelled fields, or some of them, and for what was added."""
    found = known(agreement).values
    keys = list(KEYS) if chance.random() < 0.75 else chance.sample(KEYS, chance.randint(1, 3))
    if chance.random() < 0.4:
        chance.shuffle(keys)
    verbatim = not asides and chance.random() < 0.15
    describes = chance.random() < 0.6
    nullable = chance.random() < 0.7
    instruction = chance.choice(INSTRUCTIONS).replace(
        "contract", chance.choice(("contract", "agreement", "NDA"))
    )
    if verbatim:
        instruction = f"{instruction} {chance.choice(VERBATIM)}".strip()
    listed: list[str] = []  # questions that stand in the words of the request instead
    lists = describes and not verbatim and chance.random() < 0.2
    properties: dict[str, Any] = {}
    answer: dict[str, Any] = {}
    held: dict[str, tuple[str, ...]] = {}
    absent: dict[str, Any] = {}
    quotes = not asides and chance.random() < 0.06

    def add(name: str, kind: dict[str, Any], told: str, right: object, blank: object) -> None:
        if lists:
            listed.append(f"- {name}: {told}")
        elif describes:
            kind = {**kind, "description": told}
        properties[name], answer[name], absent[name] = kind, right, blank

    for key in keys:
        name = chance.choice(_NAMES[key].split())
        kind: dict[str, Any] = {"type": ["string", "null"] if nullable else "string"}
        if key == "party":
            kind = {"type": "array", "items": {"type": "string"}}
        elif key == "effective_date" and nullable and not verbatim and chance.random() < 0.3:
            kind = {**kind, "format": "date"}
        located = [value for value in found.get(key, ()) if value is not None]
        shown = [value.written.strip() if verbatim else value.normal for value in located]
        shown = [" ".join(one.split()) for one in shown]
        blank: Any = [] if key == "party" else None if nullable else ""
        right: Any = shown if key == "party" else shown[0] if shown else blank
        told = chance.choice(_ASK[key].split("|"))
        if quotes and key != "party":
            quote = _sentence(agreement.pages, located[0].written) if located else None
            kind = {
                "type": "object",
                "properties": {"value": kind, "quote": {"type": ["string", "null"]}},
                "required": ["value", "quote"],
            }
            right, blank = {"value": right, "quote": quote}, {"value": blank, "quote": None}
        add(name, kind, told, right, blank)
        held[name] = tuple(value.written for value in located)
    for aside in asides:
        add(aside.name, aside.kind, aside.question, aside.value, aside.blank)
        held[aside.name] = aside.written
    order = list(properties)
    if asides:
        chance.shuffle(order)
    if lists:
        instruction = "\n".join([chance.choice(LISTED), *listed])
    schema = {
        "type": "object",
        "properties": {name: properties[name] for name in order},
        "required": order,
    }
    return Asked(instruction, schema, {name: answer[name] for name in order}, held, absent)


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
_QUESTIONS_ZH = {
    "effective_date": "协议何时生效？|这份协议的日期是哪天？",
    "jurisdiction": "适用哪里的法律？|管辖法律是什么？",
    "party": "协议双方是谁？|有哪些当事人？",
    "term": "协议有效期多长？|保密义务持续多久？",
}
_OVERVIEWS = (
    "Summarise this document.|Give me a short summary with page references.|"
    "Summarise the key points of this agreement.|Summarise the three key clauses.|"
    "Summarise the three key clauses of this contract, one line for each."
)
_OVERVIEWS_ZH = "请总结这份合同中的三个关键条款|请总结这份文件，注明页码。|请总结这份合同中的三个关键条款，每条一行。|概括这份协议的要点"


def tell(chance: Random, agreement: Agreement) -> Told:
    """A question in plain words about a labelled agreement, now and then in Chinese."""
    zh = chance.random() < 0.3
    otherwise = "文件中没有说明。" if zh else "The document does not say."
    said = {}
    for key, located in known(agreement).values.items():
        kept = [value for value in located if value is not None]
        if not kept:
            continue
        names = [" ".join(value.written.split()) for value in kept]
        page = next(
            (number for number, text in enumerate(agreement.pages, 1) if kept[0].written in text), 1
        )
        said[key] = Said(
            key, "", kept[0], listed=tuple(kept), sentence=kept[0].written, page=page,
            brief=_brief(key, names, kept[0].normal, zh=zh),
        )  # fmt: skip
    if said and chance.random() < 0.6:
        key = chance.choice(list(said))
        question = chance.choice((_QUESTIONS_ZH if zh else _QUESTIONS)[key].split("|"))
        return Told(question, (said[key],), False, otherwise)
    question = chance.choice((_OVERVIEWS_ZH if zh else _OVERVIEWS).split("|"))
    order = ("party", "effective_date", "term", "jurisdiction")
    told = [said[key] for key in order if key in said]
    is_counted = "three" in question or "三" in question
    told = told[1:] if is_counted and len(told) > 3 else told
    opening = "这是一份保密协议。" if zh else "This is a confidentiality agreement."
    return Told(question, tuple(told), is_counted, otherwise, "" if is_counted else opening)


def _brief(key: str, names: Sequence[str], normal: str, *, zh: bool) -> str:
    """A summary's sentence on a label; names and dates as they are written."""
    if zh:
        length = re.sub(r" years?", "年", re.sub(r" months?", "个月", normal))
        return {
            "effective_date": f"协议自{normal}生效。",
            "jurisdiction": f"协议适用{normal}法律。",
            "party": f"协议当事人为{'和'.join(names)}。",
            "term": f"协议期限为{length}。",
        }[key]
    listed = " and ".join(names)
    sentence = {
        "effective_date": f"It takes effect on {listed}.",
        "jurisdiction": f"The law of {normal} applies.",
        "party": f"The parties are {listed}." if len(names) > 1 else f"{listed} is a party.",
        "term": f"The term is {listed}.",
    }[key]
    return sentence.replace("..", ".")
