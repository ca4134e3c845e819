"""Answers being written: heard to the end, kept, followed again, stopped."""

from __future__ import annotations

import queue
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from frontend import jobs as jobs_module
from frontend.history.database import StorageUnavailable
from frontend.history.history import History
from frontend.history.records import Message, State
from frontend.jobs import GATHER_MS, Job, Jobs, Stage
from frontend.messages import (
    BackendError,
    Delta,
    Event,
    Finished,
    FinishReason,
    PageRead,
    PageUse,
    Question,
    Queued,
    ReadingMethod,
    Role,
    Started,
    TextPart,
    Timing,
    Turn,
    Usage,
)
from tests.fakes.disk import CannotMount, SmallDisk, full, small_disk
from tests.fakes.waiting import PATIENCE, wait_until

OWNER = "local"
AWAY = BackendError("unavailable", "It is away.", code="backend_unavailable")
GONE = BackendError("not_found", "No such generation.", code="not_found")


class Script:
    """A backend that plays events put into it, one stream after the other."""

    def __init__(self) -> None:
        self.events: queue.Queue[Event | BackendError] = queue.Queue()
        self.attached: list[int] = []
        self.asked: list[str] = []
        self.cancelled: list[str] = []
        self.refuse_attach: list[BackendError] = []

    def say(self, *events: Event | BackendError) -> None:
        for event in events:
            self.events.put(event)

    def generate(self, owner: str, question: Question) -> Iterator[Event]:
        assert question.gather_ms == GATHER_MS
        self.asked.append(question.request_id)
        return self._play()

    def attach(
        self, owner: str, request_id: str, *, after: int = 0, gather_ms: int = 0
    ) -> Iterator[Event]:
        assert gather_ms == GATHER_MS
        self.attached.append(after)
        if self.refuse_attach:
            raise self.refuse_attach.pop(0)
        return self._play()

    def cancel(self, owner: str, request_id: str) -> bool:
        self.cancelled.append(request_id)
        return True

    def _play(self) -> Iterator[Event]:
        while True:
            event = self.events.get(timeout=PATIENCE)
            if isinstance(event, BackendError):
                raise event
            yield event
            if isinstance(event, Finished):
                return


def started(number: int = 1) -> Started:
    page = PageUse(sha256="a" * 64, page=1, method=ReadingMethod.TEXT_LAYER, words=9, tokens=12)
    unused = PageUse(sha256="a" * 64, page=2, method=ReadingMethod.OCR, words=9, tokens=0)
    return Started(
        number, "r", "m", "multimodal", "It has files.", 30, 4, (page, unused), 0.1, 0.2, False, 7
    )


def delta(number: int, text: str) -> Delta:
    return Delta(number, 0, text, "", 1)


def finished(number: int, reason: FinishReason = FinishReason.STOP) -> Finished:
    return Finished(number, (reason,), Usage(30, 2), Timing(0.1, 0.2, 0.5, 1.5))


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def jobs(script: Script, history: History) -> Jobs:
    return Jobs(script, history, OWNER)


@pytest.fixture
def answer(history: History) -> Message:
    asked = history.ask(OWNER, "c1", "Well?", turn_key="k", parameters={})
    assert asked is not None
    return read(history, asked)


def read(history: History, answer: str) -> Message:
    message = history.answer(answer)
    assert message is not None
    return message


def begin(jobs: Jobs, answer: Message) -> Job:
    assert answer.request_id is not None
    turns = (Turn(Role.USER, (TextPart("Well?"),)),)
    job = jobs.start(answer, Question(answer.request_id, turns, detached=True))
    assert job is not None
    return job


def wait(job: Job) -> None:
    assert job.done.wait(PATIENCE), "the job does not end"


def test_an_answer_is_heard_and_kept(
    jobs: Jobs, script: Script, history: History, answer: Message
) -> None:
    job = begin(jobs, answer)
    script.say(started(), delta(2, "Two "), delta(3, "words."), finished(4))
    wait(job)
    kept = read(history, answer.id)
    assert (kept.state, kept.text, kept.heard) == (State.FINISHED, "Two words.", 4)
    assert kept.receipt is not None
    assert kept.receipt.pages == 2
    assert kept.receipt.pages_used == 1
    assert kept.receipt.methods == {"text_layer": 1}
    assert (kept.receipt.reason, kept.receipt.completion_tokens) == ("stop", 2)
    wait_until(lambda: jobs.find(answer.id) is None)


@pytest.mark.parametrize(("told", "reasoning"), [("Paris.", ""), ("It is Paris.", "Paris.")])
def test_an_answer_first_taken_for_reasoning_is_kept_once(
    jobs: Jobs, script: Script, history: History, answer: Message, told: str, reasoning: str
) -> None:
    job = begin(jobs, answer)
    script.say(started(), Delta(2, 0, "", "Paris.", 2), Delta(3, 0, told, "", 0), finished(4))
    wait(job)
    kept = read(history, answer.id)
    assert (kept.text, kept.reasoning) == (told, reasoning)


def test_the_phases_can_be_watched(jobs: Jobs, script: Script, answer: Message) -> None:
    job = begin(jobs, answer)
    assert job.progress().stage is Stage.SENT
    script.say(Queued(1, 3))
    wait_until(lambda: job.progress().stage is Stage.QUEUED)
    assert job.progress().ahead == 3
    script.say(PageRead(2, "a" * 64, 3, 12, ReadingMethod.OCR, False))
    wait_until(lambda: job.progress().stage is Stage.READING)
    assert (job.progress().page, job.progress().pages) == (3, 12)
    script.say(started(3))
    wait_until(lambda: job.progress().stage is Stage.PREPARING)
    script.say(Delta(4, 0, "", "Let me see.", 3))
    wait_until(lambda: job.progress().stage is Stage.THINKING)
    script.say(delta(5, "Yes"))
    wait_until(lambda: job.progress().stage is Stage.WRITING)
    assert (job.progress().text, job.progress().tokens) == ("Yes", 4)
    assert job.progress().speed is None  # of so short a time
    script.say(finished(6))
    wait(job)


def test_it_is_saved_while_nobody_watches(
    jobs: Jobs, script: Script, history: History, answer: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs_module, "SAVE_EVERY", 0.0)
    job = begin(jobs, answer)
    script.say(started(), delta(2, "Half"))
    wait_until(lambda: read(history, answer.id).text == "Half")
    assert read(history, answer.id).state is State.RUNNING
    assert read(history, answer.id).heard == 2
    script.say(finished(3))
    wait(job)


def test_stop_ends_the_answer_with_what_it_has(
    jobs: Jobs, script: Script, history: History, answer: Message
) -> None:
    job = begin(jobs, answer)
    script.say(started(), delta(2, "Some"))
    wait_until(lambda: job.progress().text == "Some")
    job.stop()
    assert script.cancelled == [answer.request_id]
    assert job.progress().stage is Stage.STOPPING
    script.say(finished(3, FinishReason.CANCELLED))
    wait(job)
    kept = read(history, answer.id)
    assert (kept.state, kept.text) == (State.FINISHED, "Some")
    assert kept.receipt is not None
    assert kept.receipt.reason == "cancelled"


def test_stop_before_the_backend_knows_of_it_is_told_again(
    jobs: Jobs, script: Script, answer: Message
) -> None:
    job = begin(jobs, answer)
    job.stop()
    script.say(Queued(1, 0))
    wait_until(lambda: len(script.cancelled) == 2)
    script.say(finished(2, FinishReason.CANCELLED))
    wait(job)


@pytest.mark.parametrize("kind", ["queue_full", "unavailable", "bad_input", "deadline", "internal"])
def test_a_refusal_is_kept_beside_the_question(
    jobs: Jobs, script: Script, history: History, answer: Message, kind: str
) -> None:
    job = begin(jobs, answer)
    script.say(BackendError(kind, "Because.", code=f"{kind}_code"))
    wait(job)
    kept = read(history, answer.id)
    assert (kept.state, kept.error_code, kept.error) == (State.FAILED, f"{kind}_code", "Because.")
    assert script.attached == []


def test_a_backend_that_died_leaves_the_partial_text_marked(
    jobs: Jobs, script: Script, history: History, answer: Message
) -> None:
    job = begin(jobs, answer)
    script.refuse_attach = [AWAY, GONE]
    script.say(started(), delta(2, "Partial"), AWAY)
    wait(job)
    kept = read(history, answer.id)
    assert (kept.state, kept.text) == (State.LOST, "Partial")
    assert script.attached == [2, 2]


def test_an_answer_of_which_nothing_was_said_is_asked_of_the_next_backend(
    jobs: Jobs, script: Script, history: History, answer: Message
) -> None:
    job = begin(jobs, answer)
    script.refuse_attach = [AWAY, GONE]
    script.say(Queued(1, 2), started(2), AWAY)
    script.say(BackendError("unavailable", "It loads.", code="backend_unavailable"))
    script.say(started(), delta(2, "Whole."), finished(3))
    wait(job)
    kept = read(history, answer.id)
    assert (kept.state, kept.text, kept.heard) == (State.FINISHED, "Whole.", 3)
    assert script.attached == [2, 2]
    assert script.asked == [answer.request_id] * 3, "the second was refused, not taken"


def test_it_is_asked_again_only_once(
    jobs: Jobs, script: Script, history: History, answer: Message
) -> None:
    job = begin(jobs, answer)
    script.refuse_attach = [GONE, GONE]
    script.say(started(), AWAY, started(), AWAY)
    wait(job)
    assert read(history, answer.id).state is State.LOST
    assert len(script.asked) == 2


def test_patience_ends(
    jobs: Jobs,
    script: Script,
    history: History,
    answer: Message,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(jobs_module, "PATIENCE", 0.3)
    script.refuse_attach = [AWAY] * 50
    job = begin(jobs, answer)
    script.say(started(), delta(2, "Partial"), AWAY)
    wait(job)
    assert read(history, answer.id).state is State.LOST


def test_a_broken_connection_is_taken_up_where_it_broke(
    jobs: Jobs, script: Script, history: History, answer: Message
) -> None:
    job = begin(jobs, answer)
    script.say(started(), delta(2, "First "), AWAY)
    wait_until(lambda: script.attached == [2])
    script.say(delta(3, "second."), finished(4))
    wait(job)
    assert read(history, answer.id).text == "First second."


def test_a_call_that_ran_out_of_time_is_followed_on(
    jobs: Jobs, script: Script, history: History, answer: Message
) -> None:
    job = begin(jobs, answer)
    script.say(started(), delta(2, "Long "), BackendError("deadline", "The call's own."))
    script.say(delta(3, "answer."), finished(4))
    wait(job)
    assert read(history, answer.id).text == "Long answer."
    assert script.attached == [2]


def test_the_deadline_of_the_request_keeps_the_text(
    jobs: Jobs, script: Script, history: History, answer: Message
) -> None:
    job = begin(jobs, answer)
    refusal = BackendError("deadline", "Too slow.", code="deadline_exceeded")
    script.say(started(), delta(2, "Half"), refusal)
    wait(job)
    kept = read(history, answer.id)
    assert (kept.state, kept.text) == (State.FAILED, "Half")
    assert kept.error_code == "deadline_exceeded"


def test_a_new_process_follows_what_the_old_one_left(
    script: Script, history: History, answer: Message
) -> None:
    history.save(answer.id, text="Old ", reasoning="", heard=5, receipt=None)
    fresh = Jobs(script, history, OWNER)
    assert fresh.recover() == 1
    job = fresh.find(answer.id)
    assert job is not None
    script.say(delta(6, "and new."), finished(7))
    wait(job)
    assert script.attached == [5]
    assert script.asked == []
    kept = read(history, answer.id)
    assert (kept.state, kept.text) == (State.FINISHED, "Old and new.")


def test_a_new_process_marks_what_nobody_knows_any_more(
    script: Script, history: History, answer: Message
) -> None:
    history.save(answer.id, text="Old", reasoning="", heard=5, receipt=None)
    script.refuse_attach = [GONE]
    Jobs(script, history, OWNER).recover()
    wait_until(lambda: read(history, answer.id).state is State.LOST)
    assert read(history, answer.id).text == "Old"


def test_two_tabs_share_one_job(jobs: Jobs, script: Script, answer: Message) -> None:
    job = begin(jobs, answer)
    assert jobs.follow(answer) is job
    script.say(finished(1))
    wait(job)
    wait_until(lambda: jobs.find(answer.id) is None)
    assert jobs.follow(answer) is None  # `answer` still says RUNNING; the history knows better
    assert script.attached == []


def test_there_is_a_limit(
    jobs: Jobs, history: History, answer: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs_module, "MOST_JOBS", 0)
    assert answer.request_id is not None
    assert jobs.start(answer, Question(answer.request_id, ())) is None
    assert read(history, answer.id).error_code == "queue_full"


def test_a_surprise_ends_the_answer_too(
    jobs: Jobs, script: Script, history: History, answer: Message
) -> None:
    def broken(owner: str, question: Question) -> Iterator[Event]:
        raise RuntimeError("a mistake of ours")

    script.generate = broken  # type: ignore[method-assign]
    job = begin(jobs, answer)
    wait(job)
    kept = read(history, answer.id)
    assert (kept.state, kept.error_code, kept.error) == (State.FAILED, "internal_error", "")


def test_a_deleted_conversation_stops_its_answer(
    jobs: Jobs, script: Script, history: History, answer: Message
) -> None:
    job = begin(jobs, answer)
    script.say(started())
    wait_until(lambda: job.progress().stage is Stage.PREPARING)
    jobs.stop_conversation(history.messages(OWNER, "c1"))
    history.delete(OWNER, "c1")
    script.say(finished(2, FinishReason.CANCELLED))
    wait(job)
    assert history.answer(answer.id) is None
    assert threading.active_count() < 50


def test_a_full_disk_stops_no_answer_and_costs_nothing_of_it(
    jobs: Jobs, script: Script, history: History, answer: Message, tmp_path: Path
) -> None:
    with full(tmp_path / "history.sqlite3-wal"):
        job = begin(jobs, answer)
        script.say(started(), *(delta(n, "word " * 500) for n in range(2, 12)), finished(12))
        wait_until(lambda: job.progress().stage is Stage.UNSAVED)
        assert job.progress().text == "word " * 5000
        assert not job.progress().is_saved
        assert read(history, answer.id).state is State.RUNNING
        assert jobs.find(answer.id) is job
    wait(job)
    kept = read(history, answer.id)
    assert (kept.state, kept.text) == (State.FINISHED, "word " * 5000)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """A disk of 1 MiB for the history alone, which only root can mount."""
    with ExitStack() as mounted:
        try:
            small = mounted.enter_context(small_disk(tmp_path / "disk", 1 << 20))
        except CannotMount as why:
            pytest.skip(f"no tmpfs can be mounted: {why}")
        yield small


def test_a_disk_without_a_byte_left_stops_no_answer_and_goes_on_when_it_has_room(
    script: Script, disk: SmallDisk
) -> None:
    with closing(History(f"sqlite:///{disk.folder}/history.sqlite3")) as history:
        earlier = asked(history, "Before?")
        history.close_answer(earlier.id, State.FINISHED, text="Yes.", reasoning="", heard=1)
        jobs, answer = Jobs(script, history, OWNER), asked(history, "Now?")
        job = begin(jobs, answer)
        script.say(started())
        disk.fill()
        script.say(*(delta(n, "word " * 500) for n in range(2, 12)), finished(12))
        wait_until(lambda: job.progress().stage is Stage.UNSAVED)
        assert job.progress().text == "word " * 5000, "it is streamed all the same"
        with pytest.raises(StorageUnavailable):
            history.ask(OWNER, "c2", "word " * 2000, turn_key="k2", parameters={})
        assert not history.stores
        assert read(history, earlier.id).text == "Yes."
        assert read(history, answer.id).state is State.RUNNING
        disk.free()
        wait(job)
        kept = read(history, answer.id)
        assert (kept.state, kept.text) == (State.FINISHED, "word " * 5000)
        assert history.stores
        assert asked(history, "After?").state is State.RUNNING
        texts = [one.text for one in history.messages(OWNER, "Before?")]
        assert texts == ["Before?", "Yes."]
        assert history.conversation(OWNER, "c2") is None, "nothing is kept half"
    with closing(sqlite3.connect(disk.folder / "history.sqlite3")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert jobs_module.KEEP_AGAIN + jobs_module.SAVE_PATIENCE <= 1, "seconds until it is kept"


def asked(history: History, text: str) -> Message:
    """The empty answer to a question that begins a conversation."""
    answer = history.ask(OWNER, text, text, turn_key=text, parameters={})
    assert answer is not None
    return read(history, answer)


def test_a_history_that_is_held_elsewhere_stops_no_answer(
    jobs: Jobs,
    script: Script,
    history: History,
    answer: Message,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(jobs_module, "SAVE_EVERY", 0.0)
    monkeypatch.setattr(jobs_module, "SAVE_PATIENCE", 0.05)
    with closing(sqlite3.connect(tmp_path / "history.sqlite3")) as other:
        other.execute("BEGIN EXCLUSIVE")
        job = begin(jobs, answer)
        script.say(started(), delta(2, "Hello"))
        wait_until(lambda: not job.progress().is_saved)
        assert job.progress().text == "Hello"
        other.rollback()
    script.say(delta(3, " there."))
    wait_until(lambda: job.progress().is_saved)
    assert read(history, answer.id).text.startswith("Hello")
    script.say(finished(4))
    wait(job)
    assert read(history, answer.id).text == "Hello there."
