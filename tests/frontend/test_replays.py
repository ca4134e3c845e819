"""Replays: asked exactly as before, compared character by character."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from frontend.history.database import StorageUnavailable
from frontend.history.history import History
from frontend.history.records import Attachment, Message, Receipt, Replay, State
from frontend.history.replays import Replays
from frontend.messages import (
    BackendError,
    Delta,
    Event,
    FilePart,
    FileRef,
    Finished,
    FinishReason,
    Question,
    Timing,
    Usage,
)
from frontend.presets import Parameters
from frontend.replays import Hindrance, Reruns, hindrance, parting, same_question
from tests.fakes.waiting import wait_until

OWNER = "local"
ASKED = Parameters(model="m", temperature=0.7, max_tokens=99, system_prompt="Quote.", thinking=True)


class Backend:
    """Says one text, and remembers what it was asked."""

    def __init__(self) -> None:
        self.text = "The same."
        self.asked: list[Question] = []
        self.failure: BackendError | None = None

    def generate(self, owner: str, question: Question) -> Iterator[Event]:
        self.asked.append(question)
        if self.failure is not None:
            raise self.failure
        yield Delta(1, 0, self.text, "", 2)
        yield Finished(2, (FinishReason.STOP,), Usage(), Timing())


@pytest.fixture
def backend() -> Backend:
    return Backend()


@pytest.fixture
def reruns(backend: Backend, history: History) -> Reruns:
    return Reruns(backend, history, OWNER)


def answered(history: History, text: str = "The same.") -> Message:
    history.attach(OWNER, "c1", FileRef("a" * 64, "document", "x", 1, 1), "lease.pdf")
    answer = history.ask(OWNER, "c1", "Well?", turn_key="k", parameters=ASKED.values())
    assert answer is not None
    receipt = Receipt(model="m", reason="stop", seed=1234)
    history.close_answer(answer, State.FINISHED, text=text, reasoning="", heard=1, receipt=receipt)
    return read(history, answer)


def read(history: History, answer: str) -> Message:
    message = history.answer(answer)
    assert message is not None
    return message


def whole(history: History) -> tuple[tuple[Message, ...], tuple[Attachment, ...]]:
    return history.messages(OWNER, "c1"), history.attachments(OWNER, "c1")


def run(reruns: Reruns, history: History, answer: Message) -> Message:
    assert reruns.start(answer, same_question(*whole(history), answer))
    wait_until(lambda: (going := reruns.find(answer.id)) is None or going.done.is_set())
    return read(history, answer.id)


def test_it_is_asked_exactly_as_it_was_and_computed_anew(
    reruns: Reruns, history: History, backend: Backend
) -> None:
    answer = answered(history)
    kept = run(reruns, history, answer)
    (asked,) = backend.asked
    assert asked.sampling == replace(ASKED.sampling(), seed=1234)
    assert (asked.thinking, asked.model) == (True, "m")
    assert not asked.use_answer_cache
    assert asked.request_id not in (None, answer.request_id)
    system, user = asked.turns
    assert system.parts[0].text == "Quote."  # type: ignore[union-attr]
    assert user.parts[0] == FilePart("a" * 64, "lease.pdf")
    assert kept.replay is not None
    assert (kept.replay.same, kept.replay.text, kept.replay.tokens) == (True, "", 2)
    assert reruns.find(answer.id) is None


def test_another_text_is_kept_beside_the_answer(reruns: Reruns, history: History) -> None:
    kept = run(reruns, history, answered(history, "The sane."))
    assert kept.replay is not None
    assert not kept.replay.same
    assert kept.replay.text == "The same."
    assert kept.text == "The sane."


def test_an_answer_written_anew_has_no_replay(reruns: Reruns, history: History) -> None:
    answer = run(reruns, history, answered(history))
    assert answer.replay is not None
    assert history.ask_again(OWNER, answer.id, parameters={})
    assert read(history, answer.id).replay is None


def test_a_refusal_is_told_and_keeps_nothing(
    reruns: Reruns, history: History, backend: Backend
) -> None:
    backend.failure = BackendError("queue_full", "Too many wait.", code="queue_full")
    answer = answered(history)
    assert run(reruns, history, answer).replay is None
    failed = reruns.find(answer.id)
    assert failed is not None
    assert failed.failure is backend.failure
    backend.failure = None
    assert run(reruns, history, answer).replay is not None


def test_an_outcome_that_cannot_be_kept_is_told(
    reruns: Reruns, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Replays, answer: str, replay: Replay) -> None:
        raise StorageUnavailable

    monkeypatch.setattr(Replays, "keep", full)
    answer = answered(history)
    assert run(reruns, history, answer).replay is None
    failed = reruns.find(answer.id)
    assert failed is not None
    assert failed.failure is not None
    assert failed.failure.code == "not_kept"


def test_what_stands_in_the_way_is_named(history: History) -> None:
    answer = answered(history)
    assert answer.receipt is not None
    said, files = whole(history)
    assert hindrance(said, files, answer, "m") is None
    assert hindrance(said, files, answer, None) is Hindrance.AWAY
    assert hindrance(said, files, answer, "another") is Hindrance.OTHER_MODEL
    assert hindrance(said, files, replace(answer, parameters=None), "m") is Hindrance.UNKNOWN
    stopped = replace(answer, receipt=replace(answer.receipt, reason="cancelled"))
    assert hindrance(said, files, stopped, "m") is Hindrance.UNFINISHED
    history.remove(OWNER, "c1", files[0].id)
    assert hindrance(*whole(history), answer, "m") is Hindrance.FILE_GONE


def test_a_file_that_was_never_part_of_it_may_go(history: History) -> None:
    answer = answered(history)
    history.attach(OWNER, "c1", FileRef("b" * 64, "document", "x", 1, 1), "annex.pdf")
    assert history.ask(OWNER, "c1", "And now?", turn_key="k2", parameters={}) is not None
    history.remove(OWNER, "c1", whole(history)[1][1].id)
    assert hindrance(*whole(history), answer, "m") is None


@pytest.mark.parametrize(
    ("first", "second", "place"), [("same", "same", 4), ("sand", "same", 2), ("so", "some", 2)]
)
def test_texts_part_somewhere(first: str, second: str, place: int) -> None:
    assert parting(first, second) == place
