"""The history: what was acknowledged is there, once, whatever happens."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from frontend.history.earlier import EarlierAnswers
from frontend.history.history import History, StillAnswering
from frontend.history.records import Receipt, State
from frontend.messages import Box, FileRef, Role

OWNER = "local"
ROOT = Path(__file__).resolve().parents[2]


def file_ref(name: str = "a") -> FileRef:
    return FileRef(
        sha256=name * 64, kind="document", media_type="application/pdf", size=1000, pages=5
    )


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'history.sqlite3'}"


@pytest.fixture
def history(url: str) -> Iterator[History]:
    history = History(url)
    yield history
    history.close()


def ask(history: History, text: str, *, chat: str = "c1", key: str | None = None) -> str:
    answer = history.ask(OWNER, chat, text, turn_key=key or text, parameters={"temperature": 0.0})
    assert answer is not None
    return answer


def finish(history: History, answer: str, text: str = "An answer.") -> None:
    history.close_answer(
        answer, State.FINISHED, text=text, reasoning="", heard=9, receipt=Receipt(reason="stop")
    )


def test_a_conversation_is_read_back_as_it_was(history: History) -> None:
    answer = ask(history, "Who are the parties?")
    receipt = Receipt(route="text", reason="stop", methods={"ocr": 2}, pages=2, pages_used=2)
    history.close_answer(
        answer, State.FINISHED, text="ACME and 北京公司", reasoning="hm", heard=7, receipt=receipt
    )
    question, reply = history.messages(OWNER, "c1")
    assert (question.role, question.text) == (Role.USER, "Who are the parties?")
    assert (reply.text, reply.reasoning, reply.state) == ("ACME and 北京公司", "hm", State.FINISHED)
    assert reply.receipt == receipt
    (conversation,) = history.conversations(OWNER)
    assert conversation.title == "Who are the parties?"
    assert conversation.parameters == {"temperature": 0.0}


def test_the_same_turn_is_kept_once(history: History) -> None:
    answer = ask(history, "Once?", key="turn-1")
    assert history.ask(OWNER, "c1", "Once?", turn_key="turn-1", parameters={}) is None
    finish(history, answer)
    assert history.ask(OWNER, "c1", "Once?", turn_key="turn-1", parameters={}) is None
    assert len(history.messages(OWNER, "c1")) == 2


def test_two_tabs_cannot_ask_over_each_other(history: History) -> None:
    answer = ask(history, "First", key="tab-1")
    with pytest.raises(StillAnswering):
        history.ask(OWNER, "c1", "Second", turn_key="tab-2", parameters={})
    assert len(history.messages(OWNER, "c1")) == 2
    finish(history, answer)
    ask(history, "Second", key="tab-2")
    assert [m.text for m in history.messages(OWNER, "c1")] == ["First", "An answer.", "Second", ""]


def test_owners_do_not_see_each_other(history: History) -> None:
    ask(history, "Mine")
    assert history.conversations("someone") == ()
    assert history.messages("someone", "c1") == ()
    with pytest.raises(PermissionError):
        history.ask("someone", "c1", "Theirs", turn_key="x", parameters={})
    history.delete("someone", "c1")
    assert len(history.messages(OWNER, "c1")) == 2


def test_the_last_answer_can_be_asked_for_again(history: History) -> None:
    answer = ask(history, "Again?")
    before = history.answer(answer)
    asked = {"temperature": 0.5}
    assert before is not None
    assert before.parameters == {"temperature": 0.0}
    assert not history.ask_again(OWNER, answer, parameters=asked)  # it is still being written
    history.close_answer(
        answer, State.FAILED, text="half", reasoning="", heard=3, error_code="queue_full"
    )
    assert history.ask_again(OWNER, answer, parameters=asked)
    after = history.answer(answer)
    assert after is not None
    assert (after.text, after.heard, after.error_code) == ("", 0, "")
    assert after.state is State.RUNNING
    assert after.request_id not in (None, before.request_id)
    assert after.parameters == asked


def test_what_an_answer_said_before_it_was_had_anew_is_kept(history: History) -> None:
    earlier = EarlierAnswers(history.database)
    answer = ask(history, "Again?")
    finish(history, answer, "First.")
    for said in ("Second.", "", "Third."):  # one that said nothing is no loss
        assert history.ask_again(OWNER, answer, parameters={"seed": 7})
        finish(history, answer, said)
    (kept,) = earlier.of(OWNER, "c1").values()
    assert [one.text for one in kept] == ["Second.", "First."]
    assert [one.parameters for one in kept] == [{"seed": 7}, {"temperature": 0.0}]
    assert kept[0].receipt == Receipt(reason="stop")
    assert earlier.of("someone", "c1") == {}
    revise(history, history.messages(OWNER, "c1")[0].id, "Otherwise?")
    assert earlier.of(OWNER, "c1") == {}


def test_only_the_last_answer_can_be_asked_for_again(history: History) -> None:
    first = ask(history, "One")
    finish(history, first)
    finish(history, ask(history, "Two"))
    assert not history.ask_again(OWNER, first, parameters={})
    assert history.messages(OWNER, "c1")[1].text == "An answer."


def revise(history: History, question: str, text: str, owner: str = OWNER) -> str | None:
    return history.revise(owner, question, text, turn_key=text, parameters={"seed": 7})


def test_a_question_put_differently_takes_the_place_of_what_followed(history: History) -> None:
    history.attach(OWNER, "c1", file_ref("a"), "lease.pdf")
    finish(history, ask(history, "One"))
    history.attach(OWNER, "c1", file_ref("b"), "annex.pdf")
    finish(history, ask(history, "Two"))
    finish(history, ask(history, "Three"))
    second = history.messages(OWNER, "c1")[2]
    answer = revise(history, second.id, "Two, please")
    messages = history.messages(OWNER, "c1")
    assert [message.text for message in messages] == ["One", "An answer.", "Two, please", ""]
    assert (messages[3].id, messages[3].parameters) == (answer, {"seed": 7})
    lease, annex = history.attachments(OWNER, "c1")
    assert (lease.message, annex.message) == (messages[0].id, messages[2].id)
    assert history.conversations(OWNER)[0].title == "One"


def test_a_first_question_put_differently_names_the_conversation_anew(history: History) -> None:
    finish(history, ask(history, "One"))
    answer = revise(history, history.messages(OWNER, "c1")[0].id, "First")
    assert answer is not None
    assert history.conversations(OWNER)[0].title == "First"
    finish(history, answer)
    history.rename(OWNER, "c1", "Mine")
    revise(history, history.messages(OWNER, "c1")[0].id, "Again")
    assert history.conversations(OWNER)[0].title == "Mine"


def test_only_questions_that_are_there_can_be_put_differently(history: History) -> None:
    first = ask(history, "One")
    question = history.messages(OWNER, "c1")[0].id
    with pytest.raises(StillAnswering):
        revise(history, question, "Other")
    finish(history, first)
    assert revise(history, question, "Theirs", owner="someone") is None
    assert revise(history, first, "An answer is no question") is None
    assert revise(history, "gone", "Nothing") is None
    assert [message.text for message in history.messages(OWNER, "c1")] == ["One", "An answer."]


def test_places_in_pictures_are_read_back(history: History) -> None:
    answer = ask(history, "Where?")
    receipt = Receipt(reason="stop", boxes=(Box("a" * 64, 1, "the seal", 1.0, 2.0, 3.0, 4.5),))
    history.close_answer(
        answer, State.FINISHED, text="There.", reasoning="", heard=1, receipt=receipt
    )
    assert history.messages(OWNER, "c1")[1].receipt == receipt


def test_files_go_with_the_question_asked_after_them(history: History) -> None:
    history.attach(OWNER, "c1", file_ref("a"), "lease.pdf")
    history.attach(OWNER, "c1", file_ref("a"), "lease.pdf")
    (file,) = history.attachments(OWNER, "c1")
    assert file.message is None
    assert history.conversations(OWNER)[0].title == "lease.pdf"
    finish(history, ask(history, "What is this?"))
    history.attach(OWNER, "c1", file_ref("b"), "annex.pdf")
    finish(history, ask(history, "And this?"))
    questions = history.messages(OWNER, "c1")[::2]
    assert [file.message for file in history.attachments(OWNER, "c1")] == [m.id for m in questions]
    assert history.conversations(OWNER)[0].title == "What is this?"


def test_a_removed_file_is_erased_once_nobody_has_it(history: History) -> None:
    history.attach(OWNER, "c1", file_ref("a"), "lease.pdf")
    history.attach(OWNER, "c2", file_ref("a"), "lease.pdf")
    history.remove(OWNER, "c1", history.attachments(OWNER, "c1")[0].id)
    assert history.erasures(OWNER) == ()
    history.delete(OWNER, "c2")
    assert history.erasures(OWNER) == ("a" * 64,)
    history.attach(OWNER, "c3", file_ref("a"), "lease.pdf")  # it is wanted after all
    assert history.erasures(OWNER) == ()


def test_a_question_keeps_saying_which_file_it_had(history: History) -> None:
    history.attach(OWNER, "c1", file_ref("a"), "lease.pdf")
    finish(history, ask(history, "What is this?"))
    history.remove(OWNER, "c1", history.attachments(OWNER, "c1")[0].id)
    (file,) = history.attachments(OWNER, "c1")
    assert file.removed
    assert file.filename == "lease.pdf"
    assert history.erasures(OWNER) == ("a" * 64,)


def test_deleting_a_conversation_takes_everything_along(history: History) -> None:
    history.attach(OWNER, "c1", file_ref("a"), "lease.pdf")
    answer = ask(history, "Going?")
    history.delete(OWNER, "c1")
    finish(history, answer)  # the answer ends after its conversation did
    assert history.conversation(OWNER, "c1") is None
    assert history.answer(answer) is None
    assert history.attachments(OWNER, "c1") == ()


def test_an_answer_is_saved_with_its_place(history: History) -> None:
    answer = ask(history, "Slow?")
    history.save(answer, text="So far", reasoning="", heard=12, receipt=Receipt(model="m"))
    (unfinished,) = history.unfinished(OWNER)
    assert (unfinished.text, unfinished.heard) == ("So far", 12)
    assert unfinished.receipt == Receipt(model="m")
    finish(history, answer, "So far so good")
    history.save(answer, text="late", reasoning="", heard=13, receipt=None)  # must not undo the end
    kept = history.answer(answer)
    assert kept is not None
    assert kept.text == "So far so good"
    assert history.unfinished(OWNER) == ()


def test_the_stamp_changes_with_the_conversation(history: History) -> None:
    assert history.stamp(OWNER, "c1") == 0.0
    answer = ask(history, "Stamp?")
    before = history.stamp(OWNER, "c1")
    finish(history, answer)
    assert history.stamp(OWNER, "c1") != before


def test_four_threads_write_at_once(url: str) -> None:
    one, other = History(url), History(url)  # as two processes would
    failures: list[BaseException] = []

    def write(history: History, name: str) -> None:
        try:
            for turn in range(25):
                finish(history, ask(history, f"{name} {turn}", chat=name))
        except BaseException as error:
            failures.append(error)

    threads = [
        threading.Thread(target=write, args=(history, f"{place}{n}"))
        for place, history in (("a", one), ("b", other))
        for n in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures == []
    for name in ("a0", "a1", "b0", "b1"):
        texts = [m.text for m in one.messages(OWNER, name)[::2]]
        assert texts == [f"{name} {turn}" for turn in range(25)]
    one.close()
    other.close()


WRITER = """
import sys
from frontend.history.history import History
from frontend.history.records import State
history = History(sys.argv[1])
for turn in range(10_000):
    answer = history.ask("local", "c1", f"q{turn}", turn_key=f"k{turn}", parameters={})
    print(f"asked {turn}", flush=True)
    history.close_answer(answer, State.FINISHED, text=f"a{turn}", reasoning="", heard=1)
    print(f"closed {turn}", flush=True)
"""


def test_what_was_acknowledged_survives_kill_9(url: str) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, url], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    said = []
    for line in writer.stdout:
        said.append(line.split())
        if len(said) == 75:
            writer.send_signal(signal.SIGKILL)
            break
    said += [line.split() for line in writer.stdout if line.endswith("\n")]
    writer.stdout.close()
    writer.wait(10)
    history = History(url)
    assert history.set_aside is None
    messages = history.messages(OWNER, "c1")
    asked = [int(n) for what, n in said if what == "asked"]
    closed = [int(n) for what, n in said if what == "closed"]
    assert len(asked) > 30
    questions = [m.text for m in messages if m.role is Role.USER]
    assert questions[: len(asked)] == [f"q{turn}" for turn in asked]
    assert len(questions) == len(set(questions)) <= len(asked) + 1
    answers = [m.text for m in messages if m.role is Role.ASSISTANT]
    assert answers[: len(closed)] == [f"a{turn}" for turn in closed]
    history.close()
