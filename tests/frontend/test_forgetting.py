"""Forgetting a document leaves nothing of it, and nothing else goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from frontend.history.forgetting import ErasedRows, Forgetting
from frontend.history.history import History
from frontend.history.records import Receipt, State
from frontend.history.work import Work
from frontend.messages import FileRef

OWNER = "local"


def ref(name: str) -> FileRef:
    return FileRef(name * 64, "document", "application/pdf", 1000, 3)


@pytest.fixture
def forgetting(history: History) -> Forgetting:
    return Forgetting(history.database)


def talk(history: History, chat: str, asked: str, said: str = "Yes.") -> None:
    answer = history.ask(OWNER, chat, asked, turn_key=f"{chat} {asked}", parameters={})
    assert answer is not None
    history.close_answer(
        answer, State.FINISHED, text=said, reasoning="", heard=1, receipt=Receipt(reason="stop")
    )


def test_what_was_said_before_stays_and_what_was_said_in_its_sight_goes(
    history: History, forgetting: Forgetting
) -> None:
    talk(history, "c1", "Before?")
    history.attach(OWNER, "c1", ref("a"), "secret.pdf")
    history.attach(OWNER, "c1", ref("b"), "other.pdf")
    talk(history, "c1", "With it?")
    talk(history, "c1", "And then?")
    assert forgetting.conversations(OWNER, ref("a").sha256) == ("c1",)
    assert forgetting.forget(OWNER, ref("a").sha256) == ErasedRows(messages=4)
    assert [message.text for message in history.messages(OWNER, "c1")] == ["Before?", "Yes."]
    (other,) = history.attachments(OWNER, "c1")
    assert (other.filename, other.message) == ("other.pdf", None)  # goes with the next question
    assert history.erasures(OWNER) == (ref("a").sha256,)


def test_a_conversation_about_nothing_else_goes_as_a_whole(
    history: History, forgetting: Forgetting
) -> None:
    for chat in ("c1", "c2"):
        history.attach(OWNER, chat, ref("a"), "secret.pdf")
    talk(history, "c1", "What is it?")
    talk(history, "c3", "Something else?")
    assert forgetting.forget(OWNER, ref("a").sha256) == ErasedRows(conversations=2, messages=2)
    assert [one.id for one in history.conversations(OWNER)] == ["c3"]


def test_a_conversation_with_another_file_is_called_by_that(
    history: History, forgetting: Forgetting
) -> None:
    history.attach(OWNER, "c1", ref("a"), "secret.pdf")
    history.attach(OWNER, "c1", ref("b"), "other.pdf")
    talk(history, "c1", "What is the secret?")
    assert forgetting.forget(OWNER, ref("a").sha256) == ErasedRows(messages=2)
    (left,) = history.conversations(OWNER)
    assert left.title == "other.pdf"


def test_a_file_taken_out_of_a_conversation_is_forgotten_there_too(
    history: History, forgetting: Forgetting
) -> None:
    history.attach(OWNER, "c1", ref("a"), "secret.pdf")
    talk(history, "c1", "What is it?", "A secret.")
    (file,) = history.attachments(OWNER, "c1")
    history.remove(OWNER, "c1", file.id)
    assert forgetting.forget(OWNER, ref("a").sha256) == ErasedRows(conversations=1, messages=2)


def test_rows_of_tables_go_and_comparisons_with_them(
    history: History, forgetting: Forgetting
) -> None:
    work = Work(history.database)
    a, b = (ref("a"), "secret.pdf"), (ref("b"), "other.pdf")
    pile = work.create(OWNER, "pile", "{}", {}, [a, b])
    work.create(OWNER, "alone", "{}", {}, [a])
    work.create(OWNER, "versions", "{}", {}, [a, b], versions=True)
    assert forgetting.forget(OWNER, ref("a").sha256) == ErasedRows(rows=3, tables=2)
    (left,) = work.jobs(OWNER)
    assert left.id == pile
    assert [file.filename for file in work.files(OWNER, pile)] == ["other.pdf"]
    assert history.erasures(OWNER) == (ref("a").sha256,)  # the other one is still in use


def test_others_keep_theirs(history: History, forgetting: Forgetting) -> None:
    history.attach("someone", "theirs", ref("a"), "secret.pdf")
    assert forgetting.forget(OWNER, ref("a").sha256) == ErasedRows()
    assert len(history.attachments("someone", "theirs")) == 1


def test_nothing_of_it_stays_on_disk(
    history: History, forgetting: Forgetting, tmp_path: Path
) -> None:
    history.attach(OWNER, "c1", ref("a"), "whispered-name.pdf")
    talk(history, "c1", "What was whispered-question?", "It was whispered-answer. " * 500)

    def bytes_on_disk() -> bytes:
        return b"".join(path.read_bytes() for path in sorted(tmp_path.iterdir()))

    assert b"whispered-answer" in bytes_on_disk()
    forgetting.forget(OWNER, ref("a").sha256)
    assert b"whispered" not in bytes_on_disk()
