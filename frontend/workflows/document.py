"""One document made ready for contract work: every page read, what pages hide told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from frontend.messages import BackendError, FilePart, FileRef, HiddenWord
from frontend.workflows.fields import Language
from frontend.workflows.halt import Halt
from frontend.workflows.paper import Paper, Sheet
from frontend.workflows.reader import Reader

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
    def part(self) -> FilePart:
        """The file, to be asked about: those of its pages that the paper has."""
        numbers = tuple(sheet.number for sheet in self.paper.sheets)
        pages = () if len(numbers) == self.file.pages else numbers
        return FilePart(self.file.sha256, self.filename, pages=pages)


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
        sheets.append(Sheet(number, page.words, page.method))
        hidden += _passages(page.hidden, number)
        if heard is not None:
            heard(number, file.pages)
    if refusal is not None and not sheets:
        raise refusal
    return Document(
        file, filename, Paper(sheets), Coverage(file.pages, tuple(missed)), tuple(hidden)
    )


def _passages(hidden: Sequence[HiddenWord], number: int) -> Iterator[HiddenText]:
    """What a page hides, the words of a stretch together."""
    stretch: list[HiddenWord] = []
    for one in hidden:
        if stretch and not _follows(stretch[-1], one):
            yield _passage(stretch, number)
            stretch = []
        stretch.append(one)
    if stretch:
        yield _passage(stretch, number)


def _follows(one: HiddenWord, other: HiddenWord) -> bool:
    return other.because == one.because and other.word.line - one.word.line in (0, 1)


def _passage(stretch: Sequence[HiddenWord], number: int) -> HiddenText:
    return HiddenText(number, " ".join(one.word.text for one in stretch), stretch[0].because)
