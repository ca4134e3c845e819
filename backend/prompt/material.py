"""What a prompt's files offer before they are laid out: pages as words, and pages to be seen."""

from __future__ import annotations

from dataclasses import dataclass

from backend.media.media import Media
from backend.prompt.prompt import Detail
from backend.prompt.windows import Document


@dataclass(frozen=True)
class View:
    """A page that the model is to see."""

    sha256: str
    page: int  # from 1
    width: int  # pixels at full resolution, upright
    height: int
    detail: Detail = Detail.AUTO


@dataclass(frozen=True)
class Material:
    """A file, each of its pages either among its words or among its views."""

    media: Media
    document: Document  # the pages that are read as words
    views: tuple[View, ...] = ()
    unread: tuple[int, ...] = ()  # pages that OCR would have to read first; a plan's alone
    insisted: bool = False  # whether the request says how the file is to be read

    @property
    def sha256(self) -> str:
        """Which file it is."""
        return self.media.sha256
