"""One document made ready for contract work: every page read, hidden words set aside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from frontend.messages import BackendError, FileRef, Page, ReadingMethod, Word
from frontend.workflows.fields import Language
from frontend.workflows.halt import Halt
from frontend.workflows.hidden import hidden_words
from frontend.workflows.paper import Paper, Sheet
from frontend.workflows.reader import Reader

_SAYS_SOMETHING: Final = 8  # characters; less is a speck that was printed too small

Heard = Callable[[int, int], None]  # pages read so far, and in all


@dataclass(frozen=True)
class Coverage:
    """Which pages were read, and asked about."""

    pages: int
    missed: tuple[int, ...] = ()

    @property
    def read(self) -> int:
        """How many pages were read."""
        return self.pages - len(self.missed)

    def line(self, language: Language = Language.ENGLISH) -> str:
        """For people: `19/19 pages read`."""
        if language is Language.CHINESE:
            return f"已读 {self.read}/{self.pages} 页"
        return f"{self.read}/{self.pages} pages read"


@dataclass(frozen=True)
class HiddenText:
    """What a page says to machines only."""

    page: int
    text: str
    why: str


@dataclass(frozen=True)
class Document:
    """A file whose pages are read. Its words are those that people see."""

    file: FileRef
    filename: str
    paper: Paper
    coverage: Coverage
    hidden: tuple[HiddenText, ...] = ()

    @property
    def deceives(self) -> bool:
        """Whether the file must not be handed over as it is: what it hides could say something."""
        return any(len(passage.text) >= _SAYS_SOMETHING for passage in self.hidden)


def read_document(
    reader: Reader,
    owner: str,
    file: FileRef,
    filename: str,
    *,
    heard: Heard | None = None,
    halt: Halt | None = None,
) -> Document:
    """Reads every page. A page that cannot be read is missing from the coverage; a file of which
    none can be read raises that page's BackendError."""
    sheets: list[Sheet] = []
    hidden: list[HiddenText] = []
    missed: list[int] = []
    refusal: BackendError | None = None
    for number in range(1, file.pages + 1):
        if halt is not None:
            halt.check()
        try:
            page = reader.page(owner, file.sha256, number)
        except BackendError as error:
            if error.kind in ("unavailable", "unauthenticated", "not_found", "queue_full"):
                raise  # the same would become of every page
            refusal = error
            missed.append(number)
            continue
        words, unseen = _visible(page, number)
        sheets.append(Sheet(number, words, page.method))
        hidden += unseen
        if heard is not None:
            heard(number, file.pages)
    if refusal is not None and not sheets:
        raise refusal
    return Document(
        file, filename, Paper(sheets), Coverage(file.pages, tuple(missed)), tuple(hidden)
    )


def _visible(page: Page, number: int) -> tuple[tuple[Word, ...], list[HiddenText]]:
    """The words that the page shows, and the passages that it does not."""
    if page.method is not ReadingMethod.TEXT_LAYER or not page.image:
        return page.words, []  # recognised from what is seen
    unseen = hidden_words(page.image, page.words)
    indexes = {word.index for word in unseen}
    passages: list[HiddenText] = []
    last = -2
    for word in unseen:
        if word.index == last + 1 and passages[-1].why == word.why.value:
            passages[-1] = HiddenText(number, f"{passages[-1].text} {word.text}", word.why.value)
        else:
            passages.append(HiddenText(number, word.text, word.why.value))
        last = word.index
    return tuple(word for index, word in enumerate(page.words) if index not in indexes), passages
