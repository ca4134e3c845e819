"""Turns what the model answered for a field, window by window, into one finding with its state."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from frontend.workflows.evidence import ABSENT, Evidence, Exactness, locate, locate_quote
from frontend.workflows.fields import Field, Kind
from frontend.workflows.findings import Finding, State, Value
from frontend.workflows.normal import normal, shaped
from frontend.workflows.paper import Paper

_WORST_FIRST = (Exactness.ABSENT, Exactness.NEAR, Exactness.VERBATIM)
_LONG = 12  # characters; what is shorter is no noise
_LEAST_LETTERS = 0.3  # of a value's characters
_NOTHING = frozenset(
    {"", "null", "none", "n/a", "not stated", "not specified", "unknown", "未约定", "未说明", "无"}
)


@dataclass(frozen=True)
class Told:
    """What the model answered for a field, and the pages it was asked about (none: all)."""

    raw: object
    pages: tuple[int, ...] = ()


@dataclass(frozen=True)
class Said:
    """One value that the model gave, and the passage it claims to have it from."""

    value: str
    quote: str = ""


def judge(field: Field, answers: Sequence[Told], paper: Paper, *, answered: bool) -> Finding:
    """The finding of one field from the answers of all windows.

    `answered` says whether every window was answered; silence of the others proves nothing.
    """
    values: dict[str, Value] = {}
    for answer in answers:
        for said in _said(answer.raw, field):
            value = _value(said, field, paper, answer.pages)
            key = value.shown.casefold()
            if key not in values or _better(value, values[key]):
                values[key] = value
    kept = list(values.values())
    if not field.takes_many and len(kept) > 1:
        located = [value for value in kept if value.exactness is not Exactness.ABSENT]
        kept = located or kept
    raw = tuple(answer.raw for answer in answers)
    failed = any(map(_is_garbled, raw))
    return Finding(
        field.name, _state(field, kept, answered=answered and not failed), tuple(kept), raw
    )


def _state(field: Field, values: Sequence[Value], *, answered: bool) -> State:
    if not values:
        return State.NOT_STATED if answered else State.UNVERIFIED
    worst = min((value.exactness for value in values), key=_WORST_FIRST.index)
    if worst is Exactness.ABSENT:
        return State.UNVERIFIED
    if len(values) > 1 and not field.takes_many:
        return State.CONFLICT
    return State.FOUND if worst is Exactness.VERBATIM else State.NEAR


def _said(answer: object, field: Field) -> Iterable[Said]:
    """The values in one raw answer; null, empty texts and their like are none."""
    if isinstance(answer, dict):
        quote = answer.get("quote")
        for one in _said(answer.get("value"), field):
            yield Said(one.value, quote if isinstance(quote, str) else "")
    elif isinstance(answer, list):
        for item in answer:
            yield from _said(item, field)
    elif isinstance(answer, bool):
        yield Said("yes" if answer else "no")
    elif isinstance(answer, (str, int, float)):
        text = " ".join(str(answer).split())
        if _is_garbled(text):
            return
        is_a_no = field.kind in (Kind.YES_NO, Kind.CHOICE) and normal(text, field) is not None
        if text.casefold() not in _NOTHING or is_a_no:
            yield Said(text)


def _is_garbled(answer: object) -> bool:
    """Whether a model that lost its way wrote it: hardly a letter or digit in it."""
    if not isinstance(answer, str) or len(answer) < _LONG:
        return False
    return sum(map(str.isalnum, answer)) < _LEAST_LETTERS * len(answer)


def _value(said: Said, field: Field, paper: Paper, pages: tuple[int, ...]) -> Value:
    quoted = locate_quote(said.quote, paper, among=pages) if said.quote else ABSENT
    found = locate(said.value, field, paper, near=quoted.place, among=pages)
    if field.kind in (Kind.YES_NO, Kind.CHOICE):
        found = quoted  # the passage decides, for the word itself is rarely in the contract
    elif found.exactness is Exactness.ABSENT and field.kind is Kind.TEXT:
        found = _told_in_other_words(quoted)
    place = found.place
    written = said.value if place is None else place.text
    return Value(
        said=said.value,
        normal=shaped(written, normal(said.value, field), field),
        exactness=found.exactness,
        score=found.score,
        page=None if place is None else place.page,
        pages=found.pages,
        text="" if place is None else place.text,
        quote="" if place is None else place.quote,
        boxes=() if place is None else place.boxes,
    )


def _told_in_other_words(quoted: Evidence) -> Evidence:
    """A value that is not in the text, but whose passage is, counts as near at best."""
    if quoted.exactness is Exactness.VERBATIM:
        return Evidence(Exactness.NEAR, 0.8, quoted.place, quoted.pages)
    return quoted


def _better(one: Value, other: Value) -> bool:
    return _WORST_FIRST.index(one.exactness) > _WORST_FIRST.index(other.exactness)
