"""What is asked of a contract: named fields, checked, and kept as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, TypeVar

Choice = TypeVar("Choice", bound=Enum)

MOST_FIELDS: Final = 60
MOST_CHOICES: Final = 40
LONGEST_QUESTION: Final = 400  # characters
NAME: Final = re.compile(r"[^\W\d][\w -]{0,59}")


class Kind(Enum):
    """What a field's values are."""

    TEXT = "text"
    DATE = "date"
    MONEY = "money"
    DURATION = "duration"
    PARTIES = "parties"
    YES_NO = "yes_no"
    CHOICE = "choice"


class Form(Enum):
    """How a kind's values are written in the end."""

    DAY = "day"  # 2024-05-03
    MONTH = "month"  # 2024-05
    YEAR = "year"  # 2024
    COUNTED = "counted"  # 2 years: in the unit that the contract counts in
    MONTHS = "months"  # 24 months
    DAYS = "days"  # 14 days
    SUM = "sum"  # USD 1000.00
    AMOUNT = "amount"  # 1000.00
    UNIFIED = "unified"  # a name without commas, its company's kind always spelled the same
    WRITTEN = "written"  # as the contract has it


FORMS: Final[Mapping[Kind, tuple[Form, ...]]] = {  # the usual one first
    Kind.DATE: (Form.DAY, Form.MONTH, Form.YEAR, Form.WRITTEN),
    Kind.DURATION: (Form.COUNTED, Form.MONTHS, Form.DAYS, Form.WRITTEN),
    Kind.MONEY: (Form.SUM, Form.AMOUNT, Form.WRITTEN),
    Kind.PARTIES: (Form.UNIFIED, Form.WRITTEN),
}


class Language(Enum):
    """What a list of fields is written in, and summaries are asked for in."""

    ENGLISH = "en"
    CHINESE = "zh"


class Problem(Enum):
    """What may be wrong with a list of fields, or with one of its fields."""

    UNREADABLE = "unreadable"  # no JSON, or a value of another type
    TITLE = "title"
    NO_FIELDS = "no_fields"
    TOO_MANY_FIELDS = "too_many_fields"
    NAME = "name"
    NAME_TWICE = "name_twice"
    QUESTION = "question"
    NO_CHOICES = "no_choices"
    CHOICES = "choices"
    FORM = "form"


@dataclass(frozen=True)
class Mistake:
    """One thing that is wrong, as a sentence that names its place, and as what a face may tell."""

    problem: Problem
    sentence: str
    field: int | None = None  # which one; None: the list as a whole


class FieldsInvalid(Exception):
    """A list of fields cannot be used; one sentence that names the place and the mistake."""

    def __init__(self, *mistakes: Mistake) -> None:
        super().__init__(mistakes[0].sentence)
        self.mistakes = mistakes


@dataclass(frozen=True)
class Field:
    """One thing to find. `cues` are words that stand near its value in a contract."""

    name: str  # the key in answers
    question: str
    kind: Kind = Kind.TEXT
    title: str = ""  # the heading of its column; "": the name
    choices: tuple[str, ...] = ()
    required: bool = False  # whether a contract without it is worth a remark
    many: bool = False  # whether it may have several values
    cues: tuple[str, ...] = ()
    form: Form | None = None  # None: the usual one of its kind

    @property
    def heading(self) -> str:
        """What people read above its values."""
        return self.title or self.name.replace("_", " ")

    @property
    def takes_many(self) -> bool:
        """Whether its value is a list."""
        return self.many or self.kind is Kind.PARTIES


@dataclass(frozen=True)
class FieldList:
    """A named, ordered list of fields."""

    name: str
    title: str
    language: Language
    fields: tuple[Field, ...]

    def __post_init__(self) -> None:
        _check(self)

    def to_json(self) -> str:
        """As JSON that `read` takes back."""
        return json.dumps(
            {
                "name": self.name,
                "title": self.title,
                "language": self.language.value,
                "fields": [_plain(field) for field in self.fields],
            },
            ensure_ascii=False,
            indent=2,
        )


def read(text: str) -> FieldList:
    """A list of fields from its JSON. Raises FieldsInvalid."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise _unreadable("The list of fields is not valid JSON.") from None
    if not isinstance(content, dict):
        raise _unreadable("The list of fields must be a JSON object.")
    rows = content.get("fields")
    if not isinstance(rows, list):
        raise _unreadable("`fields` must be a list.")
    return FieldList(
        name=_text(content, "name", "", ""),
        title=_text(content, "title", "", ""),
        language=_member(Language, content.get("language", "en"), "language"),
        fields=tuple(_field(row, f"fields[{number}]") for number, row in enumerate(rows)),
    )


def _plain(field: Field) -> dict[str, Any]:
    row: dict[str, Any] = {"name": field.name, "kind": field.kind.value, "question": field.question}
    if field.title:
        row["title"] = field.title
    if field.choices:
        row["choices"] = list(field.choices)
    if field.required:
        row["required"] = True
    if field.many:
        row["many"] = True
    if field.cues:
        row["cues"] = list(field.cues)
    if field.form is not None:
        row["form"] = field.form.value
    return row


def _field(row: object, place: str) -> Field:
    if not isinstance(row, dict):
        raise _unreadable(f"`{place}` must be an object.")
    unknown = sorted(set(row) - set(Field.__dataclass_fields__))
    if unknown:
        raise _unreadable(f"`{place}` has a key that is not known: {str(unknown[0])[:40]!r}.")
    return Field(
        name=_text(row, "name", place),
        question=_text(row, "question", place),
        kind=_member(Kind, row.get("kind", "text"), f"{place}.kind"),
        title=_text(row, "title", place, ""),
        choices=_texts(row, "choices", place),
        required=_flag(row, "required", place),
        many=_flag(row, "many", place),
        cues=_texts(row, "cues", place),
        form=None if row.get("form") is None else _member(Form, row["form"], f"{place}.form"),
    )


def _text(row: Mapping[str, object], key: str, place: str, otherwise: str | None = None) -> str:
    value = row.get(key, otherwise)
    if not isinstance(value, str):
        where = f"{place}.{key}" if place else key
        raise _unreadable(f"`{where}` must be {'given as text' if value is None else 'text'}.")
    return value


def _texts(row: Mapping[str, object], key: str, place: str) -> tuple[str, ...]:
    value = row.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _unreadable(f"`{place}.{key}` must be a list of texts.")
    return tuple(value)


def _flag(row: Mapping[str, object], key: str, place: str) -> bool:
    value = row.get(key, False)
    if not isinstance(value, bool):
        raise _unreadable(f"`{place}.{key}` must be true or false.")
    return value


def _member(choices: type[Choice], value: object, place: str) -> Choice:
    try:
        return choices(value)
    except ValueError:
        known = ", ".join(str(choice.value) for choice in choices)
        raise _unreadable(f"`{place}` must be one of: {known}.") from None


def _unreadable(sentence: str) -> FieldsInvalid:
    return FieldsInvalid(Mistake(Problem.UNREADABLE, sentence))


def _check(fields: FieldList) -> None:
    mistakes = tuple(_mistakes(fields.fields))
    if mistakes:
        raise FieldsInvalid(*mistakes)


def _mistakes(fields: Sequence[Field]) -> Iterator[Mistake]:
    """Everything that is wrong with them, the list as a whole first."""
    if not fields:
        yield Mistake(Problem.NO_FIELDS, "A list of fields needs at least one field.")
    if len(fields) > MOST_FIELDS:
        yield Mistake(Problem.TOO_MANY_FIELDS, f"A list may have at most {MOST_FIELDS} fields.")
    seen: set[str] = set()
    for number, field in enumerate(fields):
        for problem, sentence in _mistakes_of(field, f"fields[{number}]", seen):
            yield Mistake(problem, sentence, number)
        seen.add(field.name.casefold())


def _mistakes_of(field: Field, place: str, seen: Container[str]) -> Iterator[tuple[Problem, str]]:
    if not NAME.fullmatch(field.name):
        yield (
            Problem.NAME,
            f"`{place}.name` must begin with a letter and hold at most 60 letters, digits, "
            "spaces, - and _.",
        )
    if field.name.casefold() in seen:
        yield Problem.NAME_TWICE, f"`{place}.name` is there twice: {field.name}."
    if not 0 < len(field.question.strip()) <= LONGEST_QUESTION:
        yield (
            Problem.QUESTION,
            f"`{place}.question` must have 1 to {LONGEST_QUESTION} characters.",
        )
    if (field.kind is Kind.CHOICE) != bool(field.choices):
        yield (
            Problem.NO_CHOICES,
            f"`{place}.choices` goes with the kind choice, and only with it.",
        )
    if len(set(field.choices)) != len(field.choices) or len(field.choices) > MOST_CHOICES:
        yield (
            Problem.CHOICES,
            f"`{place}.choices` must be at most {MOST_CHOICES}, all different.",
        )
    if field.form is not None and field.form not in FORMS.get(field.kind, ()):
        known = ", ".join(form.value for form in FORMS.get(field.kind, ())) or "absent"
        yield Problem.FORM, f"`{place}.form` of the kind {field.kind.value} must be: {known}."
