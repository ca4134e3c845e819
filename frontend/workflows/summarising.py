"""Makes summaries of whole contracts: asks the model, proves what it wrote, adds what it left out.

A document that fits is asked about at once. A longer one is read window by window into notes, and
the notes are summed up, in several rounds if they are too long themselves. A small model is asked
about as many pages at a time as the backend's planner says; what it tells of them is put together
by code. The sentences are held against the pages' words; where too few of them stand, the
contract's own words are quoted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from frontend.messages import FilePart
from frontend.workflows import instructions, matters
from frontend.workflows.document import Document
from frontend.workflows.duties import is_duty
from frontend.workflows.extraction import Plan
from frontend.workflows.fields import Language
from frontend.workflows.halt import Halt
from frontend.workflows.quoting import KEY_CLAUSES, supplement
from frontend.workflows.reader import Reader
from frontend.workflows.references import References, Sentence, Tally
from frontend.workflows.sentences import checked
from frontend.workflows.summary import Summarised, Summary
from frontend.workflows.windows import tokens, windows

_NOTE_TOKENS: Final = 320  # of the answer about one window
_SUMMARY_TOKENS: Final = 700
_MOST_ROUNDS: Final = 4
_MOST_GROUPS: Final = 40  # of pages; in larger ones the backend chooses what is read
_MOST_TOLD: Final = {Summarised.CLAUSES: KEY_CLAUSES, Summarised.EXECUTIVE: 6}

Done = Callable[[int, int], None]  # requests answered so far, and in all as far as known


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
    asker = _Asker(reader, owner, about, language, plan, done, halt)
    sentences: tuple[Sentence, ...] = ()
    tally = Tally()
    if about is not Summarised.DATES:  # the words know them all, and are never wrong about them
        said = asker.ask_about(document)
        sentences, tally = checked("\n".join(said), References(document.paper))
        if len(said) > 1:
            sentences = _best(sentences, about)
        sentences = tuple(one for one in sentences if one.is_heading or _belongs(one, about))
        if not any(not one.is_heading for one in sentences):
            sentences = ()
    return Summary(
        about,
        language,
        document.filename,
        (*sentences, *supplement(sentences, document.paper, about, language)),
        tally,
        document.coverage,
        document.hidden,
        asker.answered,
        asker.model,
    )


def _best(told: Sequence[Sentence], about: Summarised) -> tuple[Sentence, ...]:
    """Of what was told of many groups of pages, what a summary has room for, in its order.

    A small model begins what it tells of the same thing the same way; the first that stands counts.
    """
    most = _MOST_TOLD.get(about, len(told))
    statements = [one for one in told if not one.is_heading]
    weighty = sorted(statements, key=lambda one: (not one.is_verified, matters.rank(one.text)))
    kept: dict[str, Sentence] = {}
    for one in weighty:
        if len(kept) < most:
            kept.setdefault(_beginning(one.text), one)
    chosen = {id(one) for one in kept.values()}
    return tuple(replace(one, begins_point=True) for one in statements if id(one) in chosen)


def _beginning(text: str) -> str:
    """Its first three words, or as many Chinese characters as say as much."""
    return " ".join(text.casefold().split()[:3])[:24] if text.isascii() else text[:4]


def _belongs(sentence: Sentence, about: Summarised) -> bool:
    """Whether a sentence is about what was asked: a weak model tells what it knows instead."""
    match about:
        case Summarised.OBLIGATIONS:
            return is_duty(sentence.text)
        case Summarised.RISKS:
            return matters.is_risky(sentence.text)
        case _:
            return True


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
        about: Summarised,
        language: Language,
        plan: Plan,
        done: Done | None,
        halt: Halt | None,
    ) -> None:
        self._reader = reader
        self._owner = owner
        self._about = about
        self._language = language
        self._plan = plan
        self._done = done
        self._halt = halt or Halt()
        self.answered = 0
        self.expected = 1
        self.model = ""

    def ask_about(self, document: Document) -> list[str]:
        """What the model says of the whole document: one answer, or one for each group of pages."""
        whole = document.part
        room = self._plan.window_tokens
        if room is None:
            groups = self._groups(whole, document)
            self.expected = len(groups)
            return [self._ask("", (part,), final=True) for part in groups]
        if tokens(document.paper.text) <= room:
            return [self._ask("", (whole,), final=True)]
        cut = windows(document.paper, room)
        self.expected = len(cut) + (len(cut) > 1)
        if len(cut) == 1:
            return [self._ask(cut[0].text, (), final=True)]
        return [self._reduced([self._ask(one.text, (), final=False) for one in cut], room)]

    def _groups(self, whole: FilePart, document: Document) -> list[FilePart]:
        """The file as often as it takes for every page to be read, each time with some pages."""
        asked = instructions.summary(self._about.value, self._language, briefly=True)
        together = self._reader.pages_together(self._owner, whole, asked)
        numbers = [sheet.number for sheet in document.paper.sheets]
        if together is None or together >= len(numbers):
            return [whole]
        together = max(together, math.ceil(len(numbers) / _MOST_GROUPS))
        return [
            replace(whole, pages=tuple(numbers[start : start + together]))
            for start in range(0, len(numbers), together)
        ]

    def _reduced(self, notes: Sequence[str], room: int) -> str:
        """One summary of the notes, in as many rounds as the room demands."""
        for _ in range(_MOST_ROUNDS):
            together = "\n\n".join(note for note in notes if note.strip())
            if tokens(together) <= room:
                return self._ask(together, (), final=True, of_notes=True)
            groups = _groups(notes, room)
            if len(groups) == len(notes):
                break  # nothing comes together: the room is too small for two notes
            self.expected += len(groups)
            notes = [self._ask(group, (), final=False, of_notes=True) for group in groups]
        return "\n".join(notes)

    def _ask(
        self, text: str, files: Sequence[FilePart], *, final: bool, of_notes: bool = False
    ) -> str:
        """The answer about a text or a file."""
        self._halt.check()
        instruction = instructions.summary(
            self._about.value,
            self._language,
            text=text,
            final=final,
            of_notes=of_notes,
            briefly=self._plan.window_tokens is None and not text,
        )
        room = _SUMMARY_TOKENS if final else _NOTE_TOKENS
        answer = self._reader.ask(
            self._owner, files, instruction, None, max_tokens=room, halt=self._halt
        )
        self.answered += 1
        self.model = answer.model or self.model
        if self._done is not None:
            self._done(self.answered, max(self.expected, self.answered))
        return answer.text
