"""The engine as its callers meet it, with a model that continues the alphabet; free of torch."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from backend.engine import Engine
from backend.errors import (
    AlreadyExists,
    ContextLengthExceeded,
    InvalidRequest,
    QueueFull,
    Unavailable,
)
from backend.model.catalogue import entries
from backend.model.loader import LoadedModel
from backend.model.outcome import Failed, Outcome, Sampled
from backend.prompt.events import Delta
from backend.prompt.prompt import FinishReason, Sampling
from backend.prompt.template import Template
from backend.prompt.tokenizer import Tokenizer
from backend.scheduling.scheduler import Batch, Slice
from backend.work import Work
from tests.fakes.tokenizer import EOS, TEMPLATE, description

TOKENIZER = Tokenizer(description())


@dataclass
class Alphabet:
    """A runner that says the next letter, ends after z, and breaks or waits where it is told to."""

    fails_at: str = ""  # a letter it cannot follow
    raises: bool = False
    gate: threading.Semaphore | None = None  # a permit for each step

    def run(self, batch: Batch) -> list[Outcome]:

        if self.gate is not None:
            self.gate.acquire(timeout=5)
        if self.raises:
            raise RuntimeError("the device is gone")
        return [self._next(part) if part.samples else None for part in batch.slices]

    def _next(self, part: Slice) -> Outcome:
        last = TOKENIZER.decode(part.sequence.tokens(part.end - 1, part.end))
        if last == self.fails_at:
            return Failed()
        if last == "z":
            return Sampled(EOS)
        [token] = TOKENIZER.encode(chr(ord(last) + 1))
        return Sampled(token, -0.5, ((token, -0.5), (EOS, -1.5)))


@dataclass
class Recorder:
    """Hears a request out."""

    calls: list[str] = field(default_factory=list)
    deltas: list[Delta] = field(default_factory=list)
    reasons: tuple[FinishReason, ...] = ()
    tokens: int = 0
    warning: str = ""
    error: str = ""
    first: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)

    def started(self, cached_tokens: int, queue_seconds: float) -> None:
        self.calls.append("started")
        assert queue_seconds >= 0

    def delta(self, delta: Delta) -> None:
        self.calls.append("delta")
        self.deltas.append(delta)
        self.first.set()

    def finished(
        self, reasons: tuple[FinishReason, ...], completion_tokens: int, warning: str, error: str
    ) -> None:
        self.calls.append("finished")
        self.reasons, self.tokens = reasons, completion_tokens
        self.warning, self.error = warning, error
        self.ended.set()

    def text(self, index: int = 0) -> str:
        assert self.ended.wait(5), "no answer"
        return "".join(delta.text for delta in self.deltas if delta.index == index)


def model(runner: Alphabet, *, blocks: int = 64) -> LoadedModel:
    return LoadedModel(
        info=replace(entries()[0], context_length=200),
        tokenizer=TOKENIZER,
        template=Template(TEMPLATE, TOKENIZER),
        eos_ids=frozenset({EOS}),
        runner=runner,  # type: ignore[arg-type]
        blocks=blocks,
        block_size=4,
        vocabulary_size=TOKENIZER.vocabulary_size,
    )


Start = Callable[..., Engine]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts engines and stops them at the end."""
    engines: list[Engine] = []

    def begin(
        runner: Alphabet | None = None, *, blocks: int = 64, running: int = 8, queue: int = 64
    ) -> Engine:
        engine = Engine(
            model(runner or Alphabet(), blocks=blocks), max_running=running, max_queue=queue
        )
        engine.start()
        engines.append(engine)
        return engine

    yield begin
    for engine in engines:
        engine.stop(0)


def work(
    name: str = "r",
    prompt: str = "a",
    *,
    deadline: float | None = None,
    notice: str | None = None,
    owner: str = "o",
    **sampling: object,
) -> Work:
    options = {"max_tokens": 40, "seed": 0, **sampling}
    return Work(
        request_id=name,
        owner=owner,
        prompt_ids=tuple(TOKENIZER.encode(prompt)),
        sampling=Sampling(**options),  # type: ignore[arg-type]
        deadline=deadline,
        notice=notice,
    )


def ask(engine: Engine, request: Work) -> Recorder:
    recorder = Recorder()
    engine.submit(request, recorder)
    return recorder


def test_an_answer_streams_and_ends_once(start: Start) -> None:
    heard = ask(start(), work(prompt="w"))
    assert heard.text() == "xyz"
    assert heard.calls == ["started", "delta", "delta", "delta", "finished"]
    assert heard.reasons == (FinishReason.STOP,)
    assert heard.tokens == 3
    assert [delta.tokens for delta in heard.deltas] == [1, 1, 1]


def test_max_tokens_is_exact(start: Start) -> None:
    heard = ask(start(), work(max_tokens=5))
    assert heard.text() == "bcdef"
    assert heard.reasons == (FinishReason.LENGTH,)
    assert heard.tokens == 5


def test_a_stop_string_across_tokens_is_not_part_of_the_text(start: Start) -> None:
    engine = start()
    heard = ask(engine, work(stop=("efg",)))
    assert heard.text() == "bcd"
    assert heard.reasons == (FinishReason.STOP,)
    assert heard.tokens == sum(delta.tokens for delta in heard.deltas) == 6
    assert engine.stats().blocks_used == 0


def test_a_stop_string_met_by_the_last_token_is_a_stop(start: Start) -> None:
    assert ask(start(), work(max_tokens=3, stop=("d",))).text() == "bc"


def test_text_held_for_a_stop_string_comes_when_the_answer_ends(start: Start) -> None:
    assert ask(start(), work(max_tokens=3, stop=("cdX",))).text() == "bcd"


def test_n_answers(start: Start) -> None:
    heard = ask(start(), work(n=3, max_tokens=2))
    assert [heard.text(index) for index in range(3)] == ["bc"] * 3
    assert heard.reasons == (FinishReason.LENGTH,) * 3
    assert heard.tokens == 6
    assert heard.calls.count("started") == heard.calls.count("finished") == 1


def test_logprobs_come_with_their_tokens(start: Start) -> None:
    heard = ask(start(), work(max_tokens=2, top_logprobs=2))
    heard.text()
    logprobs = [logprob for delta in heard.deltas for logprob in delta.logprobs]
    assert [logprob.chosen.token for logprob in logprobs] == ["b", "c"]
    assert [top.token for top in logprobs[0].top] == ["b", "<|end|>"]
    assert logprobs[0].top[1].bytes == b""


@pytest.mark.parametrize(
    ("sampling", "text", "reason"),
    [
        ({}, "No text found. 没有。", FinishReason.STOP),
        ({"max_tokens": 4}, "No t", FinishReason.LENGTH),
        ({"stop": ("found",)}, "No text ", FinishReason.STOP),
    ],
)
def test_a_notice_is_delivered_like_an_answer(
    start: Start, sampling: dict[str, Any], text: str, reason: FinishReason
) -> None:
    runner = Alphabet()
    heard = ask(start(runner), work(notice="No text found. 没有。", n=2, **sampling))
    assert heard.text(0) == heard.text(1) == text
    assert heard.reasons == (reason, reason)
    assert heard.tokens == sum(delta.tokens for delta in heard.deltas)
    if not sampling:
        assert heard.tokens == 2 * TOKENIZER.count("No text found. 没有。")


@pytest.mark.parametrize(("wanted", "alternatives"), [(None, None), (0, 0), (3, 1)])
def test_the_tokens_of_a_notice_are_certain(
    start: Start, wanted: int | None, alternatives: int | None
) -> None:
    heard = ask(start(), work(notice="No text found.", top_logprobs=wanted))
    heard.text()
    logprobs = [logprob for delta in heard.deltas for logprob in delta.logprobs]
    assert len(logprobs) == (0 if wanted is None else heard.tokens)
    assert all(logprob.chosen.logprob == 0.0 for logprob in logprobs)
    assert all(len(logprob.top) == alternatives for logprob in logprobs)


def test_an_empty_notice_just_ends(start: Start) -> None:
    heard = ask(start(), work(notice=""))
    assert heard.text() == ""
    assert heard.reasons == (FinishReason.STOP,)


def test_a_request_id_may_be_used_once_at_a_time_by_an_owner(start: Start) -> None:
    gate = threading.Semaphore(0)
    engine = start(Alphabet(gate=gate))
    first = ask(engine, work("same"))
    with pytest.raises(AlreadyExists):
        ask(engine, work("same"))
    other = ask(engine, work("same", owner="other"))
    gate.release(200)
    assert first.text() == other.text()
    assert ask(engine, work("same")).text() == first.text()


def test_a_full_queue_refuses_and_says_how_many_wait(start: Start) -> None:
    gate = threading.Semaphore(0)
    engine = start(Alphabet(gate=gate), running=1, queue=2)
    first = ask(engine, work("0"))
    while engine.stats().running == 0:
        time.sleep(0.01)
    waiting = [Recorder(), Recorder()]
    assert [engine.submit(work(str(n + 1)), waiting[n]) for n in range(2)] == [0, 1]
    with pytest.raises(QueueFull) as refusal:
        ask(engine, work("3"))
    assert refusal.value.retry_after
    assert engine.stats().queued == 2
    gate.release(500)
    assert all(heard.ended.wait(5) for heard in (first, *waiting))


@pytest.mark.parametrize("steps", [0, 1, 5])
def test_cancel_at_any_stage_frees_everything(start: Start, steps: int) -> None:
    gate = threading.Semaphore(steps)
    engine = start(Alphabet(gate=gate))
    heard = ask(engine, work("r"))
    if steps:
        heard.first.wait(5)
    assert engine.cancel("o", "r")
    gate.release(3)
    heard.text()
    assert heard.reasons == (FinishReason.CANCELLED,)
    assert heard.calls.count("finished") == 1
    assert engine.stats().blocks_used == 0
    assert not engine.cancel("o", "r")


def test_another_owner_cannot_cancel(start: Start) -> None:
    gate = threading.Semaphore(0)
    engine = start(Alphabet(gate=gate))
    heard = ask(engine, work("r"))
    assert not engine.cancel("thief", "r")
    gate.release(100)
    assert heard.text().endswith("z")


def test_cancel_at_random_moments_gives_back_every_block(start: Start) -> None:
    engine = start(blocks=20, running=4)
    chance = random.Random(7)
    for round_ in range(30):
        heard = [ask(engine, work(f"{round_}/{n}", n=chance.choice([1, 2]))) for n in range(6)]
        for n in range(6):
            if chance.random() < 0.7:
                time.sleep(chance.random() * 0.002)
                engine.cancel("o", f"{round_}/{n}")
        for recorder in heard:
            recorder.text()
            assert recorder.calls.count("finished") == 1
        assert engine.stats().blocks_used == 0


def test_a_deadline_ends_a_running_answer_with_what_it_has(start: Start) -> None:
    gate = threading.Semaphore(2)
    engine = start(Alphabet(gate=gate))
    heard = ask(engine, work(deadline=time.monotonic() + 0.1))
    heard.first.wait(5)
    time.sleep(0.1)
    gate.release(2)
    assert "abcdefgh".startswith("a" + heard.text())
    assert heard.reasons == (FinishReason.DEADLINE,)


def test_a_deadline_ends_a_waiting_request_that_never_starts(start: Start) -> None:
    heard = ask(start(), work(deadline=time.monotonic() - 1))
    heard.text()
    assert heard.reasons == (FinishReason.DEADLINE,)


def test_a_failing_sequence_ends_alone(start: Start) -> None:
    engine = start(Alphabet(fails_at="m"))
    good, bad = ask(engine, work("good", "q")), ask(engine, work("bad", "h"))
    assert good.text() == "rstuvwxyz"
    assert bad.text() == "ijklm"
    assert bad.reasons == (FinishReason.ERROR,)
    assert "could not" in bad.error
    assert good.error == ""
    assert engine.stats().blocks_used == 0


def test_a_step_that_breaks_ends_its_requests_and_the_engine_goes_on(start: Start) -> None:
    runner = Alphabet(raises=True)
    engine = start(runner)
    bad = ask(engine, work("bad"))
    bad.text()
    assert bad.reasons == (FinishReason.ERROR,)
    assert "device" not in bad.error
    runner.raises = False
    assert ask(engine, work("good", "y")).text() == "z"


def test_a_listener_that_raises_harms_nobody(start: Start) -> None:
    class Broken(Recorder):
        def delta(self, delta: Delta) -> None:
            raise RuntimeError("no")

    engine = start()
    broken = Broken()
    engine.submit(work("broken"), broken)
    assert ask(engine, work("good", "y")).text() == "z"
    assert broken.ended.wait(5)


def test_blocks_that_run_out_change_no_answer(start: Start) -> None:
    engine = start(blocks=12)  # 48 tokens for four answers of 26
    heard = [ask(engine, work(str(n))) for n in range(4)]
    assert [recorder.text() for recorder in heard] == ["bcdefghijklmnopqrstuvwxyz"] * 4
    assert engine.stats().preemptions_total > 0
    assert engine.stats().blocks_used == 0


@pytest.mark.parametrize(
    ("request_", "error", "param"),
    [
        (work(max_tokens=200), ContextLengthExceeded, "messages"),
        (work(prompt=""), InvalidRequest, "messages"),
        (work(logit_bias={9999: 1.0}), InvalidRequest, "sampling.logit_bias"),
        (work(logit_bias={-1: 1.0}), InvalidRequest, "sampling.logit_bias"),
    ],
)
def test_what_cannot_be_served_is_refused(
    start: Start, request_: Work, error: type[InvalidRequest], param: str
) -> None:
    with pytest.raises(error) as refusal:
        start().submit(request_, Recorder())
    assert refusal.value.param == param


def test_stop_lets_running_requests_finish(start: Start) -> None:
    engine = start()
    heard = ask(engine, work())
    engine.stop(5)
    assert heard.reasons == (FinishReason.STOP,)
    with pytest.raises(Unavailable):
        engine.submit(work(), Recorder())


def test_stop_without_grace_cancels(start: Start) -> None:
    gate = threading.Semaphore(3)
    engine = start(Alphabet(gate=gate))
    heard = ask(engine, work())
    heard.first.wait(5)
    stopping = threading.Thread(target=engine.stop, args=(0,))
    stopping.start()
    gate.release(5)
    stopping.join(5)
    assert heard.ended.is_set()
    assert heard.reasons == (FinishReason.CANCELLED,)


def test_statistics_add_up(start: Start) -> None:
    engine = start()
    ask(engine, work("1", "w")).text()
    ask(engine, work("2", "xy")).text()
    stats = engine.stats()
    assert stats.prompt_tokens_total == 3
    assert stats.completion_tokens_total == 4
    assert (stats.queued, stats.running, stats.blocks_used) == (0, 0, 0)
    assert stats.tokens_per_second > 0
