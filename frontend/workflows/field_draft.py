"""A list of fields while somebody writes it: incomplete, out of order, to be checked at the end."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from frontend.workflows.fields import (
    FORMS,
    NAME,
    Field,
    FieldList,
    FieldsInvalid,
    Form,
    Kind,
    Language,
    Mistake,
    Problem,
)

_LONGEST_NAME: Final = 60
_BETWEEN: Final = re.compile(r"[,;，；、\n]")
_NO_LETTERS: Final = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class Row:
    """A field as it is written: texts that may yet be wrong."""

    id: int  # stays while rows come, go and move
    title: str = ""
    name: str = ""  # "": made from the title
    question: str = ""
    kind: Kind = Kind.TEXT
    choices: str = ""  # between commas
    form: Form | None = None
    required: bool = False
    many: bool = False
    cues: str = ""  # between commas

    @property
    def forms(self) -> tuple[Form, ...]:
        """The forms that its kind's values can have; the usual one first."""
        return FORMS.get(self.kind, ())


@dataclass(frozen=True)
class Draft:
    """A list in the making. Every change makes a new one."""

    title: str
    language: Language
    rows: tuple[Row, ...] = ()
    name: str = ""  # that the list is kept under; "": made from the title
    next_id: int = 1

    def with_row(self, row: Row) -> Draft:
        """A row in place of the one that it was made from."""
        rows = tuple(row if one.id == row.id else one for one in self.rows)
        return replace(self, rows=rows)

    def added(self) -> Draft:
        """With an empty row at its end."""
        return replace(self, rows=(*self.rows, Row(self.next_id)), next_id=self.next_id + 1)

    def without(self, number: int) -> Draft:
        """Without one row."""
        return replace(self, rows=tuple(row for row in self.rows if row.id != number))

    def moved(self, number: int, step: int) -> Draft:
        """One row further down, or up."""
        rows = list(self.rows)
        at = next((place for place, row in enumerate(rows) if row.id == number), None)
        if at is not None and 0 <= at + step < len(rows):
            rows[at], rows[at + step] = rows[at + step], rows[at]
        return replace(self, rows=tuple(rows))

    def finished(self) -> FieldList:
        """The list of fields. Raises FieldsInvalid with all that is wrong with it."""
        taken: set[str] = {row.name.casefold() for row in self.rows if row.name}
        made = []
        for row in self.rows:
            field = _field(row, taken)
            taken.add(field.name.casefold())
            made.append(field)
        title = " ".join(self.title.split())
        if not self.name and not key_of(title):
            raise FieldsInvalid(Mistake(Problem.TITLE, "The list needs a name."))
        return FieldList(self.name or key_of(title), title, self.language, tuple(made))


def draft_of(fields: FieldList) -> Draft:
    """A list of fields to be changed."""
    rows = tuple(_row(number, field) for number, field in enumerate(fields.fields, start=1))
    return Draft(fields.title or fields.name, fields.language, rows, fields.name, len(rows) + 1)


def empty(title: str, language: Language) -> Draft:
    """A list with one field that is yet to be written."""
    return Draft(title, language).added()


def key_of(title: str, taken: Iterable[str] = ()) -> str:
    """A name made from what people read: letters and digits of any script, none of those taken."""
    base = _NO_LETTERS.sub("_", title.casefold()).strip("_")[:_LONGEST_NAME].strip("_")
    if not NAME.fullmatch(base):
        base = f"f_{base}".strip("_")[:_LONGEST_NAME] if base else ""
    used, name, number = set(taken), base, 1
    while name and name in used:
        number += 1
        name = f"{base[: _LONGEST_NAME - 4]}_{number}"
    return name


def _field(row: Row, taken: set[str]) -> Field:
    title = " ".join(row.title.split())
    name = row.name.strip() or key_of(title, taken)
    is_choice = row.kind is Kind.CHOICE
    form = row.form if row.form in row.forms[1:] else None
    return Field(
        name=name,
        question=" ".join(row.question.split()),
        kind=row.kind,
        title="" if title == name else title,
        choices=_texts(row.choices) if is_choice else (),
        required=row.required,
        many=row.many and row.kind not in (Kind.PARTIES, Kind.YES_NO),
        cues=_texts(row.cues),
        form=form,
    )


def _row(number: int, field: Field) -> Row:
    return Row(
        id=number,
        title=field.heading,
        name=field.name,
        question=field.question,
        kind=field.kind,
        choices=", ".join(field.choices),
        form=field.form,
        required=field.required,
        many=field.many,
        cues=", ".join(field.cues),
    )


def _texts(written: str) -> tuple[str, ...]:
    texts = (" ".join(text.split()) for text in _BETWEEN.split(written))
    return tuple(text for text in texts if text)
