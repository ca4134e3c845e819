"""Who has to do what: sentences that bind a party, told from the words, grouped by the party."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from frontend.workflows.paper import Paper

_BINDS: Final = (
    r"(?:shall|must|agrees?\s+(?:not\s+)?to|undertakes?\s+(?:not\s+)?to|covenants?\s+(?:not\s+)?to"
    r"|(?:is|are)\s+(?:obliged|obligated|required)\s+to|will)\b"
)
_ROLE: Final = (
    r"part(?:y|ies)|recipient|discloser|tenant|lessee|landlord|lessor|seller|vendor|buyer|purchaser"
    r"|supplier|customer|client|contractor|consultant|company|employer|employee|licensor|licensee"
    r"|borrower|lender|provider|distributor|agent|owner|manager|executive|receiver|guarantor"
)
_ENGLISH: Final = re.compile(
    rf"(?P<who>(?:\b(?:[Tt]he|[Ee]ach|[Ee]ither|[Bb]oth|[Nn]either|[Nn]o|[Aa]ny|[Ss]uch)\s+)?"
    rf"(?:[A-Z][\w&.’'-]*,?\s+){{0,5}}?[A-Z][\w&’'-]*\.?)\s+(?:(?:hereby|also|further|each)\s+)*{_BINDS}",
)
_IS_PARTY: Final = re.compile(
    rf"\b(?:{_ROLE})\b|\b(?:Inc|Ltd|LLC|Corp|Limited|Corporation|GmbH|L\.P|LP|Co|PLC|S\.A)\b",
    re.IGNORECASE,
)
_DEFINED: Final = re.compile(r"[\"“]([A-Z][\w &-]{1,40})[\"”]")
_THINGS: Final = re.compile(  # defined terms that are no persons
    r"agreement|date|information|purpose|term|service|product|propert|premises|fee|territory"
    r"|material|transaction|work|rent|price|law|notice|obligation|schedule|exhibit|section|rights",
    re.IGNORECASE,
)
_NO_DUTY: Final = re.compile(  # says what holds, not what somebody has to do
    r"\b(?:shall|will)\s+(?:not\s+)?(?:mean|be\s+(?:governed|construed|deemed|binding|interpreted"
    r"|entitled|effective|considered|liable)|constitute|remain|apply|include|have\s+(?:the|no)\s+"
    r"(?:right|obligation|liability))\b",
    re.IGNORECASE,
)
_CHINESE: Final = re.compile(
    r"(?P<who>甲方|乙方|丙方|丁方|甲乙双方|双方|各方|任何一方|任一方|出租人|承租人|出租方|承租方|买方|卖方|供方|需方"
    r"|委托方|受托方|委托人|受托人|用人单位|劳动者|披露方|接收方|发包人|承包人|许可方|被许可方|违约方|公司|员工)"
    r"[^，。；：]{0,24}?(?:应当|应|须|必须|不得|有义务|负责|承诺|保证)"
)


@dataclass(frozen=True)
class Duty:
    """A sentence of the paper's text that binds somebody."""

    who: str
    start: int
    end: int


def duties(paper: Paper) -> dict[str, list[Duty]]:
    """Every duty by whom it binds, in the order in which they are named first."""
    persons = {
        found[1].casefold()
        for found in _DEFINED.finditer(paper.text)
        if not _THINGS.search(found[1])
    }
    found: dict[str, list[Duty]] = {}
    for start, end in paper.sentences:
        text = " ".join(paper.text[start:end].split())
        who = _chinese(text) or _english(text, persons)
        if who:
            found.setdefault(_plain(who).casefold(), []).append(Duty(_plain(who), start, end))
    return {several[0].who: several for several in found.values()}


def is_duty(text: str) -> bool:
    """Whether a sentence says that somebody has to do something."""
    return _CHINESE.search(text) is not None or re.search(_BINDS, text) is not None


def _english(text: str, persons: set[str]) -> str:
    if _NO_DUTY.search(text):
        return ""
    for found in _ENGLISH.finditer(text):
        who = found["who"]
        if _IS_PARTY.search(who) or _plain(who).casefold() in persons:
            return who
    return ""


def _chinese(text: str) -> str:
    found = _CHINESE.search(text)
    return found["who"] if found else ""


def _plain(who: str) -> str:
    """A party's name without the article, and without what stands before a comma."""
    name = re.split(r",\s+(?!(?:Inc|Ltd|LLC|L\.P|Corp|Co)\b)", " ".join(who.split()))[-1]
    return re.sub(r"^(?:the|such)\s+", "", name, flags=re.IGNORECASE).strip(" ,")
