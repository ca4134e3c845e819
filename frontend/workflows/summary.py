"""Summaries of whole contracts whose sentences carry page references that the pages support.

A document that fits is asked about at once. A longer one is read window by window into notes, and
the notes are summed up, in several rounds if they are too long themselves. The references are then
held against the pages' words (see `references`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from frontend.messages import FilePart
from frontend.workflows import instructions
from frontend.workflows.document import Coverage, Document, HiddenText
from frontend.workflows.extraction import Plan
from frontend.workflows.fields import Language
from frontend.workflows.halt import Halt
from frontend.workflows.reader import Reader
from frontend.workflows.references import References, Sentence, Tally, claimed_pages, is_heading
from frontend.workflows.skeleton import is_ideograph
from frontend.workflows.windows import tokens, windows

_NOTE_TOKENS: Final = 320  # of the answer about one window
_SUMMARY_TOKENS: Final = 700
_MOST_ROUNDS: Final = 4
_UNNAMED_ROOM: Final = 4_000  # tokens of a window where no room was named
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


class Summarised(Enum):
    """What a summary is about."""

    CLAUSES = "clauses"  # the three key clauses
    EXECUTIVE = "executive"
    OBLIGATIONS = "obligations"  # by party
    DATES = "dates"  # and deadlines
    RISKS = "risks"


Done = Callable[[int, int], None]  # requests answered so far, and in all as far as known


@dataclass(frozen=True)
class Summary:
    """A checked summary of one document."""

    about: Summarised
    language: Language
    filename: str
    sentences: tuple[Sentence, ...]
    tally: Tally
    coverage: Coverage
    hidden: tuple[HiddenText, ...] = ()
    requests: int = 1

    def text(self) -> str:
        """The summary with its references, a line for each point."""
        lines: list[str] = []
        for sentence in self.sentences:
            told = f"{sentence.text} {reference(sentence.pages, self.language)}".rstrip()
            if sentence.is_heading:
                lines.append(told)
            elif sentence.begins_point or not lines:
                lines.append(f"- {told}")
            else:
                lines[-1] += told if self.language is Language.CHINESE else f" {told}"
        return "\n".join(lines)


def reference(pages: Sequence[int], language: Language) -> str:
    """Pages as a reference: `[p. 3]`, `[p. 3, 5]`, `[第3页]`."""
    if not pages:
        return ""
    numbers = ", ".join(map(str, pages))
    return f"[第{numbers}页]" if language is Language.CHINESE else f"[p. {numbers}]"


def summarise(
    reader: Reader,
    owner: str,
    document: Document,
    about: Summarised,
    language: Language,
    plan: Plan,
    *,
    done: Done | None = None,
    halt: Halt | None = None,
) -> Summary:
    """A summary of the whole document. Raises BackendError, and Halted if stopped."""
    asker = _Asker(reader, owner, about.value, language, done, halt)
    room = plan.window_tokens or _UNNAMED_ROOM
    fits = plan.window_tokens is None or tokens(document.paper.text) <= plan.window_tokens
    if fits and not document.deceives:
        file = FilePart(document.file.sha256, document.filename)
        said = asker.ask("", (file,), final=True)
    else:
        cut = windows(document.paper, room)
        asker.expected = len(cut) + (len(cut) > 1)
        if len(cut) == 1:
            said = asker.ask(cut[0].text, (), final=True)
        else:
            notes = [asker.ask(window.text, (), final=False) for window in cut]
            said = _reduced(asker, notes, room)
    sentences, tally = checked(said, References(document.paper))
    return Summary(
        about,
        language,
        document.filename,
        sentences,
        tally,
        document.coverage,
        document.hidden,
        asker.answered,
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
            if plain in told:
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


def _reduced(asker: _Asker, notes: Sequence[str], room: int) -> str:
    """One summary of the notes, in as many rounds as the room demands."""
    for _ in range(_MOST_ROUNDS):
        together = "\n\n".join(note for note in notes if note.strip())
        if tokens(together) <= room:
            return asker.ask(together, (), final=True, of_notes=True)
        groups = _groups(notes, room)
        if len(groups) == len(notes):
            break  # nothing comes together: the room is too small for two notes
        asker.expected += len(groups)
        notes = [asker.ask(group, (), final=False, of_notes=True) for group in groups]
    return "\n".join(notes)


def _groups(notes: Sequence[str], room: int) -> list[str]:
    groups: list[str] = []
    for note in notes:
        if groups and tokens(groups[-1]) + tokens(note) <= room:
            groups[-1] += "\n\n" + note
        else:
            groups.append(note)
    return groups


class _Asker:
    """Asks, and counts."""

    def __init__(
        self,
        reader: Reader,
        owner: str,
        about: str,
        language: Language,
        done: Done | None,
        halt: Halt | None,
    ) -> None:
        self._reader = reader
        self._owner = owner
        self._about = about
        self._language = language
        self._done = done
        self._halt = halt or Halt()
        self.answered = 0
        self.expected = 1

    def ask(
        self, text: str, files: Sequence[FilePart], *, final: bool, of_notes: bool = False
    ) -> str:
        """The answer about a text or a file."""
        self._halt.check()
        instruction = instructions.summary(
            self._about, self._language, text=text, final=final, of_notes=of_notes
        )
        room = _SUMMARY_TOKENS if final else _NOTE_TOKENS
        answer = self._reader.ask(
            self._owner, files, instruction, None, max_tokens=room, halt=self._halt
        )
        self.answered += 1
        if self._done is not None:
            self._done(self.answered, max(self.expected, self.answered))
        return answer.text
