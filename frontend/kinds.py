"""What kind of paper a file is, as far as its first page tells: to offer fitting questions."""

from __future__ import annotations

import logging
import re
import threading
from collections import OrderedDict
from collections.abc import Sequence
from enum import Enum
from typing import Final, Protocol

from frontend.history.records import Attachment
from frontend.messages import BackendError, Page, ReadingMethod

log = logging.getLogger(__name__)

MOST: Final = 500  # files whose kind is remembered
_CONTRACT: Final = re.compile(
    r"\b(agreement|contract|lease|licen[cs]e|indemnif\w*|hereinafter|whereas|the parties)\b"
    r"|合同|协议|甲方|乙方|租赁",
    re.I,
)


class Kind(Enum):
    """A sort of paper."""

    PICTURE = "picture"
    CONTRACT = "contract"
    SCAN = "scan"
    DOCUMENT = "document"


# Questions offered while a conversation is empty: keys of the phrase book.
STARTERS: Final = {
    Kind.PICTURE: ("starter.describe", "starter.read", "starter.figures"),
    Kind.CONTRACT: ("starter.summary", "starter.parties", "starter.term"),
    Kind.SCAN: ("starter.read", "starter.about", "starter.signed"),
    Kind.DOCUMENT: ("starter.about", "starter.points", "starter.dates"),
}
OF_SEVERAL: Final = ("starter.each", "starter.compare", "starter.common")


def starters(kinds: Sequence[Kind]) -> tuple[str, ...]:
    """The questions for files of these kinds, three at most."""
    if len(kinds) < 2:
        return STARTERS[kinds[0]] if kinds else ()
    if set(kinds) == {Kind.CONTRACT}:
        return (STARTERS[Kind.CONTRACT][0], *OF_SEVERAL[1:])
    return OF_SEVERAL


class Backend(Protocol):
    """What is asked of the client."""

    def page(
        self, owner: str, sha256: str, number: int, *, words: bool = False, image: bool = True
    ) -> Page: ...


class Kinds:
    """Finds out in the background, so that no page waits for it. One owner's files."""

    def __init__(self, backend: Backend, owner: str) -> None:
        self._backend = backend
        self._owner = owner
        self._known: OrderedDict[str, Kind] = OrderedDict()
        self._asked: set[str] = set()
        self._lock = threading.Lock()

    def of(self, file: Attachment) -> Kind | None:
        """The kind of a file; None while its first page is being read."""
        if file.kind == "image":
            return Kind.PICTURE
        with self._lock:
            if (kind := self._known.get(file.sha256)) is not None:
                return kind
            if file.sha256 in self._asked:
                return None
            self._asked.add(file.sha256)
        threading.Thread(target=self._look, args=(file.sha256,), name="kind", daemon=True).start()
        return None

    def _look(self, sha256: str) -> None:
        kind: Kind | None = Kind.DOCUMENT  # also of a page that cannot be read
        try:
            kind = kind_of(self._backend.page(self._owner, sha256, 1, words=True, image=False))
        except BackendError as error:
            log.info("a file's kind is not known: %s", error.message)
            if error.kind == "unavailable":
                kind = None  # it is looked at again
        finally:
            with self._lock:
                self._asked.discard(sha256)
                if kind is not None:
                    self._known[sha256] = kind
                while len(self._known) > MOST:
                    self._known.popitem(last=False)


def kind_of(page: Page) -> Kind:
    """What the first page of a document makes it."""
    if page.method is not ReadingMethod.TEXT_LAYER:
        return Kind.SCAN
    text = " ".join(word.text for word in page.words)
    return Kind.CONTRACT if _CONTRACT.search(text) else Kind.DOCUMENT
