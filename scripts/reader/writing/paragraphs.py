"""Paragraphs of a contract, and what each of them says where."""

from __future__ import annotations

from dataclasses import dataclass, field

from scripts.reader.values import Value


@dataclass(frozen=True)
class Said:
    """A value and where it stands."""

    key: str
    kind: str
    value: Value | None  # of kinds with a value
    truth: bool = True  # of a flag
    choice: int = 0  # which of the choices
    listed: tuple[Value, ...] = ()  # of the parties
    sentence: str = ""
    page: int = 1
    brief: str = ""
    abroad: str = ""  # the same in the other language


@dataclass
class Paragraph:
    """Text that begins on a line of its own."""

    text: str
    facts: list[tuple[int, Said]] = field(default_factory=list)  # where in the text each begins


def capital(text: str) -> str:
    """The text with a capital first."""
    return text[:1].upper() + text[1:]


def line(key: str, kind: str, shown: str, text: str) -> Paragraph:
    """A paragraph for one value, which is shown as it is."""
    return Paragraph(text, [(0, Said(key, kind, Value(shown, shown), sentence=text))])
