"""Conversations found again: by words, by file names, by a pin."""

from __future__ import annotations

import pytest

from frontend.history.catalogue import Catalogue
from frontend.history.history import History
from frontend.history.records import Receipt, State
from frontend.messages import FileRef

OWNER = "local"


@pytest.fixture
def catalogue(history: History) -> Catalogue:
    return Catalogue(history.database)


def talk(history: History, chat: str, asked: str, said: str, *, owner: str = OWNER) -> None:
    answer = history.ask(owner, chat, asked, turn_key=f"{chat} {asked}", parameters={})
    assert answer is not None
    history.close_answer(
        answer, State.FINISHED, text=said, reasoning="", heard=1, receipt=Receipt(reason="stop")
    )


def test_words_are_found_wherever_they_were_said(history: History, catalogue: Catalogue) -> None:
    talk(history, "c1", "Who are the parties?", "Larkspur Robotics and Tamarind Foods.")
    talk(history, "c2", "How long is the notice?", "Thirty days, in writing, to Larkspur.")
    talk(history, "c3", "Anything else?", "No.")
    found = catalogue.search(OWNER, "larkspur")
    assert [hit.conversation.id for hit in found] == ["c2", "c1"]
    assert found[0].excerpt == "…days, in writing, to Larkspur."
    assert [hit.conversation.id for hit in catalogue.search(OWNER, "LARKSPUR tamarind")] == ["c1"]
    assert catalogue.search(OWNER, "larkspur elsewhere") == ()
    assert catalogue.search(OWNER, "  ") == ()


def test_files_are_found_by_name(history: History, catalogue: Catalogue) -> None:
    history.attach(OWNER, "c1", FileRef("a" * 64, "document", "x", 1, 1), "Mietvertrag 2026.pdf")
    talk(history, "c1", "What is this?", "A lease.")
    (hit,) = catalogue.search(OWNER, "mietvertrag lease")
    assert (hit.conversation.id, hit.filename) == ("c1", "Mietvertrag 2026.pdf")


@pytest.mark.parametrize(
    ("said", "looked_for", "is_found"),
    [
        ("ÄRGER MIT DER ÜBERGABE", "übergabe", True),
        ("租赁合同的期限为三年", "期限", True),
        ("a 100 % share", "100 %", True),
        ("a 100 share", "100%", False),  # no wildcard
        ("snake case", "snake_case", False),
    ],
)
def test_any_alphabet_is_found_and_signs_are_signs(
    history: History, catalogue: Catalogue, said: str, looked_for: str, is_found: bool
) -> None:
    talk(history, "c1", "Well?", said)
    assert bool(catalogue.search(OWNER, looked_for)) is is_found


def test_an_excerpt_shows_the_surroundings(history: History, catalogue: Catalogue) -> None:
    talk(history, "c1", "Well?", f"{'before ' * 20}\nneedle\n{'after ' * 20}")
    (hit,) = catalogue.search(OWNER, "needle")
    assert hit.excerpt.startswith("…")
    assert "before needle after" in hit.excerpt
    assert hit.excerpt.endswith("…")
    assert len(hit.excerpt) < 90


def test_nobody_finds_what_others_said(history: History, catalogue: Catalogue) -> None:
    talk(history, "c1", "Secret?", "Very.", owner="someone")
    assert catalogue.search(OWNER, "secret") == ()
    catalogue.pin(OWNER, "c1", True)
    assert not history.conversations("someone")[0].pinned


def test_pinned_conversations_come_first(history: History, catalogue: Catalogue) -> None:
    for chat in ("c1", "c2", "c3"):
        talk(history, chat, f"Question {chat}", "Yes.")
    catalogue.pin(OWNER, "c1", True)
    listed = history.conversations(OWNER)
    assert [(one.id, one.pinned) for one in listed] == [("c1", True), ("c3", False), ("c2", False)]
    catalogue.pin(OWNER, "c1", False)
    assert [one.id for one in history.conversations(OWNER)] == ["c3", "c2", "c1"]
    catalogue.pin(OWNER, "c2", True)
    history.delete(OWNER, "c2")
    assert [one.id for one in history.conversations(OWNER)] == ["c3", "c1"]
