"""The shelf: files reach the backend and the history together, and leave both."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from frontend.history.history import History
from frontend.messages import BackendError, FileRef, Forgotten, Page
from frontend.shelf import MOST_PICTURES, Shelf

OWNER = "local"


class Cellar:
    """A backend that stores names."""

    def __init__(self) -> None:
        self.stored: set[str] = set()
        self.rendered = 0
        self.away = False

    def put(self, owner: str, data: bytes, filename: str) -> FileRef:
        self._there()
        sha256 = hashlib.sha256(data).hexdigest()
        self.stored.add(sha256)
        return FileRef(sha256, "document", "application/pdf", len(data), 3)

    def has(self, owner: str, hashes: Sequence[str]) -> list[FileRef]:
        self._there()
        return [
            FileRef(sha256, "document", "application/pdf", 5, 3)
            for sha256 in hashes
            if sha256 in self.stored
        ]

    def page(self, owner: str, sha256: str, number: int, *, max_side: int = 1024) -> Page:
        self._there()
        self.rendered += 1
        return Page(b"webp", 10, 10)

    def forget(self, owner: str, sha256: str) -> Forgotten:
        self._there()
        self.stored.discard(sha256)
        return Forgotten(True, 1, 1)

    def _there(self) -> None:
        if self.away:
            raise BackendError("unavailable", "It is away.")


@pytest.fixture
def cellar() -> Cellar:
    return Cellar()


@pytest.fixture
def shelf(cellar: Cellar, tmp_path: Path) -> Iterator[Shelf]:
    history = History(f"sqlite:///{tmp_path / 'history.sqlite3'}")
    yield Shelf(cellar, history, OWNER)
    history.close()


def test_a_file_is_added_and_removed(shelf: Shelf, cellar: Cellar) -> None:
    shelf.add("c1", b"lease", "lease.pdf")
    (file,) = shelf.files("c1")
    assert (file.filename, file.pages) == ("lease.pdf", 3)
    shelf.remove("c1", file.id)
    assert shelf.files("c1") == ()
    assert cellar.stored == set()


def test_a_refused_file_leaves_no_trace(shelf: Shelf, cellar: Cellar) -> None:
    cellar.away = True
    with pytest.raises(BackendError):
        shelf.add("c1", b"lease", "lease.pdf")
    assert shelf.files("c1") == ()


def test_a_forgotten_file_is_told_of_and_leaves_no_picture(shelf: Shelf, cellar: Cellar) -> None:
    file = shelf.add("c1", b"lease", "lease.pdf")
    shelf.picture(file.sha256, 1, 128)
    assert shelf.shown_in(file.sha256) == ("c1",)
    erased = shelf.forget(file.sha256)
    assert erased.file == Forgotten(True, 1, 1)
    assert erased.rows.conversations == 1
    shelf.picture(file.sha256, 1, 128)
    assert cellar.rendered == 2


def test_a_file_forgotten_while_the_backend_is_away_is_erased_later(
    shelf: Shelf, cellar: Cellar
) -> None:
    file = shelf.add("c1", b"lease", "lease.pdf")
    cellar.away = True
    erased = shelf.forget(file.sha256)
    assert erased.file is None
    assert erased.rows.conversations == 1
    cellar.away = False
    shelf.erase_removed()
    assert cellar.stored == set()


def test_a_file_removed_while_the_backend_is_away_is_erased_later(
    shelf: Shelf, cellar: Cellar
) -> None:
    shelf.add("c1", b"lease", "lease.pdf")
    cellar.away = True
    shelf.remove("c1", shelf.files("c1")[0].id)
    assert shelf.files("c1") == ()
    assert len(cellar.stored) == 1
    cellar.away = False
    shelf.erase_removed()
    assert cellar.stored == set()


def test_a_file_that_another_conversation_has_stays(shelf: Shelf, cellar: Cellar) -> None:
    shelf.add("c1", b"lease", "lease.pdf")
    shelf.add("c2", b"lease", "copy.pdf")
    shelf.remove("c1", shelf.files("c1")[0].id)
    assert len(cellar.stored) == 1


def test_a_known_file_is_added_without_its_content(shelf: Shelf, cellar: Cellar) -> None:
    sha256 = shelf.add("c1", b"lease", "lease.pdf").sha256
    file = shelf.adopt("c2", ("0" * 64, sha256), "the same.pdf")
    assert file is not None
    assert file.sha256 == sha256
    assert [one.filename for one in shelf.files("c2")] == ["the same.pdf"]
    shelf.remove("c1", shelf.files("c1")[0].id)
    assert cellar.stored == {sha256}


def test_an_unknown_file_is_not_added(shelf: Shelf, cellar: Cellar) -> None:
    assert shelf.adopt("c1", ("0" * 64,), "lease.pdf") is None
    cellar.away = True
    assert shelf.adopt("c1", (), "lease.pdf") is None  # there is nothing to ask for
    with pytest.raises(BackendError):
        shelf.adopt("c1", ("0" * 64,), "lease.pdf")
    assert shelf.files("c1") == ()


def test_pictures_are_drawn_once_and_not_kept_forever(shelf: Shelf, cellar: Cellar) -> None:
    for _ in range(3):
        assert shelf.picture("a" * 64, 1, 100) == b"webp"
    assert cellar.rendered == 1
    for page in range(MOST_PICTURES + 1):
        shelf.picture("b" * 64, page, 100)
    shelf.picture("a" * 64, 1, 100)
    assert cellar.rendered == 1 + MOST_PICTURES + 1 + 1
