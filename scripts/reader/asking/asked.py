"""What is asked, and the answer that is right for a reader who sees a part of the document."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from scripts.reader.writing.paragraphs import Said


@dataclass(frozen=True)
class Asked:
    """An extraction request and the right answer, made for any text that holds these values."""

    instruction: str
    schema: dict[str, Any]
    answer: dict[str, Any]
    held: dict[str, tuple[str, ...]] = field(default_factory=dict)  # what must be in sight
    absent: dict[str, Any] = field(default_factory=dict)  # what to answer if it is not

    @property
    def definition(self) -> str:
        """The schema as the caller sends it."""
        return json.dumps(self.schema, ensure_ascii=False)

    def right(self, sees: Callable[[str], bool]) -> str:
        """The right answer of a reader who sees only a part of the document."""
        answer: dict[str, Any] = {}
        for name, value in self.answer.items():
            wanted = self.held.get(name, ())
            seen = [sees(text) for text in wanted]
            if wanted and isinstance(value, list) and len(value) == len(seen):
                answer[name] = [one for one, is_seen in zip(value, seen, strict=True) if is_seen]
            elif wanted and not all(seen):
                if name in self.absent:
                    answer[name] = self.absent[name]
            else:
                answer[name] = value
        return json.dumps(answer, ensure_ascii=False)


@dataclass(frozen=True)
class Told:
    """A question in plain words and the sentences that answer it, each with what it rests on."""

    question: str
    sentences: tuple[Said, ...]
    numbered: bool
    otherwise: str  # the answer if nothing of it is in sight
    opening: str = ""

    def right(self, sees: Callable[[str], bool]) -> str:
        """The answer of a reader who sees a part of the document."""
        seen = [said for said in self.sentences if all(sees(text) for text in _rests_on(said))]
        if not seen:
            return self.otherwise
        lines = [f"{said.brief} {reference(said)}" for said in seen]
        if self.numbered and len(lines) > 1:
            return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, start=1))
        opening = f"{self.opening} " if self.opening and self.opening.isascii() else self.opening
        return opening + (" " if lines[0].isascii() else "").join(lines)


def reference(said: Said) -> str:
    """The page of a sentence, in the sentence's language."""
    is_chinese = any("\u4e00" <= character <= "\u9fff" for character in said.brief)
    return f"[第{said.page}页]" if is_chinese else f"[p. {said.page}]"


def _rests_on(said: Said) -> tuple[str, ...]:
    if said.listed:
        return tuple(value.written for value in said.listed)
    return (said.value.written,) if said.value else (said.sentence,)
