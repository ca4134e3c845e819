"""The nouns of stored media: a file, a page's words, a rendered page."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from backend.prompt.prompt import ReadingMethod


class MediaKind(Enum):
    """What a file is, decided by its content."""

    IMAGE = "image"
    DOCUMENT = "document"


@dataclass(frozen=True)
class Media:
    """A stored file, identified by its bytes and visible to its owner only."""

    sha256: str
    kind: MediaKind
    media_type: str
    size: int  # bytes
    pages: int  # 1 for a picture
    width: int = 0  # pixels after orientation; 0 for a document
    height: int = 0


@dataclass(frozen=True)
class Word:
    """A word and its box, as fractions of the page, origin top left."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    line: int  # from 0, in reading order


class Because(Enum):
    """Why a word of a text layer is not seen."""

    NO_INK = "no_ink"  # of the paper's colour, or covered
    TINY = "tiny"
    OFF_PAGE = "off_page"


@dataclass(frozen=True)
class HiddenWord:
    """A word that machines read and people do not see."""

    word: Word
    because: Because


@dataclass(frozen=True)
class PageText:
    """The words of one page in reading order. A page without words was still read."""

    number: int  # from 1
    words: tuple[Word, ...]  # that people see
    method: ReadingMethod
    cached: bool = False  # whether the words were known before this request
    hidden: tuple[HiddenWord, ...] = ()  # of its text layer; they never reach a prompt

    @property
    def text(self) -> str:
        """The words as lines of text."""
        lines: list[str] = []
        current: list[str] = []
        line = None
        for word in self.words:
            if line is not None and word.line != line:
                lines.append(" ".join(current))
                current = []
            current.append(word.text)
            line = word.line
        if current:
            lines.append(" ".join(current))
        return "\n".join(lines)


@dataclass(frozen=True)
class PageImage:
    """A rendered page."""

    data: bytes  # WebP
    width: int  # pixels
    height: int


@dataclass(frozen=True)
class Forgotten:
    """What forgetting a file erased."""

    existed: bool
    bytes: int = 0
    pages: int = 0
