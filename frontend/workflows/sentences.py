"""What a model wrote, cut into sentences that are held against the document's pages."""

from __future__ import annotations

import re
from typing import Final

from frontend.workflows.references import References, Sentence, Tally, claimed_pages, is_heading
from frontend.workflows.skeleton import is_ideograph

_BULLET: Final = re.compile(
    r"^\s*(?:[-*•·–]\s+|\(?\d{1,2}[.)、]\s*|[（(][一二三四五六七八九十]+[)）]\s*)"
)
_ENDED: Final = re.compile(r"[.!?:;。；：！？][\s\])）】\"”*]*$|[\])）】]\s*$|^#|\*\*$")
_SENTENCE_END: Final = re.compile(
    r"(?<=[.!?])(?<!\b[A-Z]\.)(?<!\bNo\.)(?<!\bCo\.)(?<!\bvs\.)(?<!\bSt\.)(?<!\bMr\.)(?<!\bDr\.)"
    r"(?<!\bMs\.)(?<!\bInc\.)(?<!\bLtd\.)(?<!\bMrs\.)(?<!\bCorp\.)"
    r"((?:\s*[\[(][^\])]{1,24}[\])])*)\s+(?=[\"“A-Z])"
    r"|(?<=[。；！？])((?:\s*[\[(（【][^\])）】]{1,16}[\])）】])*)\s*(?=[^\s\[(（【])"
)
_SAYS_NOTHING: Final = re.compile(
    r"(?:the (?:document|contract|text) does not (?:say|state|specify).{0,40}|not stated|none"
    r"|(?:文件|合同|原文)(?:中)?(?:没有|未)(?:说明|约定|提及|写明).{0,12})[.。]?",
    re.IGNORECASE,
)


def checked(text: str, references: References) -> tuple[tuple[Sentence, ...], Tally]:
    """The sentences of an answer with the references that the pages support."""
    sentences: list[Sentence] = []
    told: set[str] = set()  # what a small model says again and again is kept once
    tally = Tally()
    for line in _lines(text):
        if is_heading(line):
            sentences.append(Sentence(line.strip("# "), is_heading=True))
            continue
        pieces = _split(line)
        _, last = claimed_pages(pieces[-1])  # a reference at a line's end is meant for all of it
        begins_point = True
        for piece in pieces:
            plain, own = claimed_pages(piece)
            if plain in told or _SAYS_NOTHING.fullmatch(plain):
                continue
            told.add(plain)
            sentence, counted = references.check(
                piece, begins_point=begins_point, also=() if own else last
            )
            begins_point = False
            sentences.append(sentence)
            tally = tally.plus(counted)
    return tuple(sentences), tally


def _lines(text: str) -> list[str]:
    """The points of an answer, one each: bullets taken off, lines that were only wrapped joined."""
    lines: list[str] = []
    for raw in text.splitlines():
        line = raw.strip()
        if not line:
            lines.append("")
            continue
        bare = _BULLET.sub("", line).strip()
        if bare == line and lines and lines[-1] and not _ENDED.search(lines[-1]):
            lines[-1] += line if is_ideograph(lines[-1][-1]) else f" {line}"
        elif bare:
            lines.append(bare)
    return [line for line in lines if line]


def _split(line: str) -> list[str]:
    """A line's sentences, each with the reference that follows it."""
    pieces: list[str] = []
    at = 0
    for found in _SENTENCE_END.finditer(line):
        end = found.end(1) if found[1] is not None else found.end(2)
        pieces.append(line[at:end].strip())
        at = found.end()
    pieces.append(line[at:].strip())
    return [piece for piece in pieces if piece]
