"""A contract cut into its clauses: at their numbers, or at sentences where there are none."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from frontend.workflows.paper import Paper
from frontend.workflows.skeleton import Skeleton

NUMBER: Final = re.compile(
    r"^[ \t]*(?:(?:section|article|clause)\s+)?"
    r"(?:\d{1,2}(?:\.\d{1,2}){0,3}[.)]?|[IVX]{1,5}\.|\([a-z]{1,3}\)"
    r"|第[一二三四五六七八九十百\d]{1,4}条|[一二三四五六七八九十]{1,3}、)"
    r"(?=[\s：:]|(?<=[条、])|(?<=\.)(?=\D))",
    re.MULTILINE | re.IGNORECASE,
)
_SENTENCE: Final = re.compile(r"(?<=[.;!?])\s+(?=[A-Z“\"(])|(?<=[。；！？])")
_HEADING: Final = re.compile(
    r"[ \t]*[^.:。：；;,\n]{2,60}?[.:。：]|[ \t]*[^。，；：\s]{2,12}[ \u3000]"
)


@dataclass(frozen=True)
class Clause:
    """A clause of a paper's text, from `start` to before `end`."""

    start: int
    end: int
    text: str  # without its number
    body: int  # where it begins without number and heading
    heading: str = ""  # what it is called: the words before its first stop, if they are few

    @cached_property
    def letters(self) -> str:
        """Its letters alone, for comparing."""
        return Skeleton(self.text).letters


def clauses(paper: Paper) -> list[Clause]:
    """Every clause with a letter in it, in order; what stands before the first is one too."""
    cuts = [found.start() for found in NUMBER.finditer(paper.text)]
    if len(cuts) < 2:
        cuts = [found.end() for found in _SENTENCE.finditer(paper.text)]
    edges = sorted({0, *cuts, len(paper.text)})
    found = []
    for start, end in itertools.pairwise(edges):
        raw = paper.text[start:end]
        lead = len(raw) - len(raw.lstrip())
        text = " ".join(NUMBER.sub("", raw, count=1).split())
        number = NUMBER.match(raw)
        body = number.end() if number else lead
        named = _HEADING.match(raw, body) if number else None
        heading = ""
        if named and raw[named.end() :].strip():
            heading, body = named.group().strip(" .:。：\u3000"), named.end()
        clause = Clause(start + lead, start + len(raw.rstrip()), text, start + body, heading)
        if clause.letters:
            found.append(clause)
    return found
