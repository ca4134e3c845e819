"""One document and a list of fields in, every field with its value, evidence and state out.

The whole document is asked about: as a file if it fits, else window by window. Answers that are no
JSON of the schema are asked for again, a few times. The reduction is plain code: values of all
windows are located, united, and contradictions are shown rather than settled.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from frontend.messages import BackendError
from frontend.workflows import instructions
from frontend.workflows.answer_schema import schema
from frontend.workflows.document import Coverage, Document
from frontend.workflows.fields import FieldList
from frontend.workflows.findings import Extraction
from frontend.workflows.halt import Halt
from frontend.workflows.judgement import Told, judge
from frontend.workflows.reader import Answer, Reader
from frontend.workflows.windows import Window, halves, tokens, windows

_ATTEMPTS: Final = 3  # for one window
_MOST_HALVINGS: Final = 4
_ANSWER_TOKENS: Final = 40  # for one field, a quote not counted
_QUOTE_TOKENS: Final = 80
_MOST_TOKENS: Final = 4_000  # of a window where no room was named

Done = Callable[[int, int], None]  # windows answered so far, and in all


@dataclass(frozen=True)
class Plan:
    """How a document is asked about.

    `window_tokens` is the room for a document's text in one request; None hands over the file and
    leaves the choice of what matters to the backend, as the embedded model needs it.
    """

    window_tokens: int | None = None
    quotes: bool = False  # whether the model is asked for passages too


def extract(
    reader: Reader,
    owner: str,
    document: Document,
    fields: FieldList,
    plan: Plan,
    *,
    done: Done | None = None,
    halt: Halt | None = None,
) -> Extraction:
    """Every field in a state. Raises BackendError if the backend refuses, Halted if stopped."""
    began = time.monotonic()
    asker = _Asker(reader, owner, fields, plan, halt or Halt())
    todo: list[tuple[Window | None, int]] = [
        (window, 0) for window in _windows(document, plan)
    ]  # with how often each was halved
    answers: list[tuple[Mapping[str, Any], tuple[int, ...]]] = []  # with the pages asked about
    unanswered: set[int] = set()
    asked = 0
    while todo:
        window, halvings = todo.pop(0)
        try:
            answer = asker.ask(document, window, is_part=len(todo) + asked > 0)
        except BackendError as error:
            smaller = halves(window) if window else windows(document.paper, _MOST_TOKENS)
            whole_again = window is not None and len(smaller) < 2
            if error.code != "context_length_exceeded" or whole_again or halvings == _MOST_HALVINGS:
                raise
            todo = [(part, halvings + 1) for part in smaller] + todo
            continue
        asked += 1
        if answer is None:
            unanswered |= set(window.pages if window else _pages(document))
        else:
            answers.append((answer, window.pages if window else ()))
        if done is not None:
            done(asked, asked + len(todo))
    findings = tuple(
        judge(
            field,
            [Told(answer.get(field.name), pages) for answer, pages in answers],
            document.paper,
            answered=bool(answers) and not unanswered,
        )
        for field in fields.fields
    )
    missed = tuple(sorted({*document.coverage.missed, *unanswered}))
    return Extraction(
        sha256=document.file.sha256,
        filename=document.filename,
        findings=findings,
        coverage=Coverage(document.coverage.pages, missed),
        hidden=document.hidden,
        windows=asked,
        retries=asker.retries,
        model=asker.model,
        seconds=round(time.monotonic() - began, 3),
    )


def _pages(document: Document) -> tuple[int, ...]:
    """The pages that were read."""
    return tuple(sheet.number for sheet in document.paper.sheets)


def _windows(document: Document, plan: Plan) -> Sequence[Window | None]:
    """The windows to ask about; None stands for the file itself."""
    room = plan.window_tokens or _MOST_TOKENS
    fits = plan.window_tokens is None or tokens(document.paper.text) <= room
    if fits:
        return [None]
    return windows(document.paper, room)


class _Asker:
    """Asks for all fields of a window until the answer can be used."""

    def __init__(
        self, reader: Reader, owner: str, fields: FieldList, plan: Plan, halt: Halt
    ) -> None:
        self._reader = reader
        self._owner = owner
        self._fields = fields
        self._plan = plan
        self._halt = halt
        self._schema = schema(fields, quotes=plan.quotes)
        each = _ANSWER_TOKENS + (_QUOTE_TOKENS if plan.quotes else 0)
        self._room = 64 + each * len(fields.fields)
        self.retries = 0
        self.model = ""

    def ask(
        self, document: Document, window: Window | None, *, is_part: bool
    ) -> Mapping[str, Any] | None:
        """The answer as an object; None if none of the attempts gave one."""
        files = [] if window else [document.part]
        room = self._room
        for attempt in range(_ATTEMPTS):
            self._halt.check()
            instruction = instructions.extraction(
                self._fields,
                text=window.text if window else "",
                is_part=is_part,
                quotes=self._plan.quotes,
                again=attempt > 0,
            )
            answer = self._reader.ask(
                self._owner, files, instruction, self._schema, max_tokens=room, halt=self._halt
            )
            self.model = answer.model or self.model
            found = parsed(answer)
            if found is not None and any(field.name in found for field in self._fields.fields):
                return found
            self.retries += 1
            if not answer.complete:
                room *= 2  # it was cut off
        return None


def parsed(answer: Answer) -> Mapping[str, Any] | None:
    """The JSON object of an answer, what a model may put around it left out; None if none."""
    text = answer.text
    for candidate in (text, text[text.find("{") : text.rfind("}") + 1]):
        try:
            found = json.loads(candidate)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            return found
    return None
