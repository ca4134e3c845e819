"""What kind of paper a file is, and which questions fit it."""

from __future__ import annotations

import pytest

from frontend.history.records import Attachment
from frontend.kinds import Kind, Kinds, kind_of, starters
from frontend.messages import BackendError, Page, ReadingMethod, Word
from tests.fakes.waiting import wait_until

OWNER = "local"


def page(text: str, method: ReadingMethod = ReadingMethod.TEXT_LAYER) -> Page:
    words = tuple(Word(word, 0.0, 0.0, 0.1, 0.1, 0) for word in text.split())
    return Page(b"", 0, 0, words, method)


def file(name: str = "a", kind: str = "document") -> Attachment:
    return Attachment(1, "c1", None, name * 64, "x.pdf", kind, 1, 1, 0, 0, None)


class Backend:
    """Has one page, or does not give it."""

    def __init__(self, found: Page | None) -> None:
        self.found = found
        self.error = BackendError("internal", "It cannot be read.")
        self.asked = 0

    def page(
        self, owner: str, sha256: str, number: int, *, words: bool = False, image: bool = True
    ) -> Page:
        assert (number, words, image) == (1, True, False)
        self.asked += 1
        if self.found is None:
            raise self.error
        return self.found


def eventually(kinds: Kinds, one: Attachment) -> Kind:
    wait_until(lambda: kinds.of(one) is not None)
    kind = kinds.of(one)
    assert kind is not None
    return kind


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        (page("MUTUAL NON-DISCLOSURE AGREEMENT"), Kind.CONTRACT),
        (page("租赁合同 甲方：张三"), Kind.CONTRACT),
        (page("Quarterly figures for the board"), Kind.DOCUMENT),
        (page("This LEASE was recognised", ReadingMethod.OCR), Kind.SCAN),
    ],
)
def test_the_first_page_tells(found: Page, kind: Kind) -> None:
    assert kind_of(found) is kind


def test_a_picture_needs_no_look() -> None:
    backend = Backend(None)
    assert Kinds(backend, OWNER).of(file(kind="image")) is Kind.PICTURE
    assert backend.asked == 0


def test_a_file_is_looked_at_once() -> None:
    backend = Backend(page("This Agreement"))
    kinds = Kinds(backend, OWNER)
    assert eventually(kinds, file()) is Kind.CONTRACT
    assert kinds.of(file()) is Kind.CONTRACT
    assert backend.asked == 1


def test_a_file_that_cannot_be_looked_at_is_any_document() -> None:
    assert eventually(Kinds(Backend(None), OWNER), file()) is Kind.DOCUMENT


def test_a_backend_that_is_away_is_asked_again() -> None:
    backend = Backend(None)
    backend.error = BackendError("unavailable", "It is away.")
    kinds = Kinds(backend, OWNER)
    wait_until(lambda: kinds.of(file()) is not None or backend.asked >= 2)
    assert kinds.of(file()) is None
    backend.found = page("This Agreement")
    assert eventually(kinds, file()) is Kind.CONTRACT


def test_questions_fit_the_files() -> None:
    assert starters([]) == ()
    assert "starter.parties" in starters([Kind.CONTRACT])
    assert "starter.describe" in starters([Kind.PICTURE])
    assert starters([Kind.CONTRACT, Kind.CONTRACT])[0] == "starter.summary"
    several = starters([Kind.CONTRACT, Kind.PICTURE])
    assert several == ("starter.each", "starter.compare", "starter.common")
