"""The files that can be worked on once more: those of conversations and tables."""

from __future__ import annotations

import pytest

from frontend.history import known_files
from frontend.history.forgetting import Forgetting
from frontend.history.history import History
from frontend.history.known_files import KnownFile, KnownFiles
from frontend.history.work import Work
from frontend.messages import FileRef

OWNER = "local"


def document(letter: str) -> FileRef:
    return FileRef(letter * 64, "document", "application/pdf", 10, 2)


@pytest.fixture
def known(history: History) -> KnownFiles:
    return KnownFiles(history.database)


def names(known: KnownFiles, owner: str = OWNER) -> list[str]:
    return [one.filename for one in known.of(owner)]


def test_each_file_is_there_once_the_latest_first(history: History, known: KnownFiles) -> None:
    history.attach(OWNER, "c1", document("a"), "lease.pdf")
    history.attach(OWNER, "c1", document("b"), "nda.pdf")
    Work(history.database).create(OWNER, "Pile", "[]", {}, [(document("a"), "lease, signed.pdf")])
    assert known.of(OWNER) == (
        KnownFile(document("a"), "lease, signed.pdf"),
        KnownFile(document("b"), "nda.pdf"),
    )


def test_what_was_removed_deleted_or_forgotten_is_not_there(
    history: History, known: KnownFiles
) -> None:
    work = Work(history.database)
    for letter in "abcd":
        history.attach(OWNER, "c1", document(letter), f"{letter}.pdf")
    job = work.create(OWNER, "Pile", "[]", {}, [(document("e"), "e.pdf"), (document("b"), "b.pdf")])
    (removed, *_) = history.attachments(OWNER, "c1")
    history.remove(OWNER, "c1", removed.id)
    Forgetting(history.database).forget(OWNER, document("b").sha256)
    assert sorted(names(known)) == ["c.pdf", "d.pdf", "e.pdf"]
    work.delete(OWNER, job)
    history.delete(OWNER, "c1")
    assert names(known) == []


def test_nobody_sees_the_files_of_others(history: History, known: KnownFiles) -> None:
    history.attach("someone", "c1", document("a"), "secret.pdf")
    Work(history.database).create("someone", "Pile", "[]", {}, [(document("b"), "more.pdf")])
    assert names(known) == []
    assert sorted(names(known, "someone")) == ["more.pdf", "secret.pdf"]


def test_of_very_many_the_latest_are_there(
    history: History, known: KnownFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known_files, "MOST_FILES", 2)
    for letter in "abc":
        history.attach(OWNER, "c1", document(letter), f"{letter}.pdf")
    assert names(known) == ["c.pdf", "b.pdf"]


def test_files_beside_those_of_a_conversation(history: History, known: KnownFiles) -> None:
    work = Work(history.database)
    assert not known.are_beside(OWNER, "c1")
    history.attach(OWNER, "c1", document("a"), "a.pdf")
    history.attach("someone", "s1", document("s"), "s.pdf")
    assert not known.are_beside(OWNER, "c1")
    assert known.are_beside(OWNER, "c2")
    history.attach(OWNER, "c2", document("a"), "a.pdf")
    assert not known.are_beside(OWNER, "c1"), "the same file"
    job = work.create(OWNER, "Pile", "[]", {}, [(document("b"), "b.pdf")])
    assert known.are_beside(OWNER, "c1")
    work.delete(OWNER, job)
    assert not known.are_beside(OWNER, "c1")
    (removed,) = history.attachments(OWNER, "c1")
    history.remove(OWNER, "c1", removed.id)
    assert known.are_beside(OWNER, "c1"), "it can be added again"
