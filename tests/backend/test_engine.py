"""The engine as its callers meet it, with a model that continues the alphabet."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import torch

from backend.engine import BROKEN, Engine
from backend.errors import (
    AlreadyExists,
    ContextLengthExceeded,
    InvalidRequest,
    QueueFull,
    RequestError,
    Unavailable,
)
from backend.model.catalogue import entries
from backend.model.flight import Flight, Landed
from backend.model.loader import LoadedModel
from backend.model.outcome import NOT_SEEN, DeviceLost, Failed, Outcome, Sampled
from backend.prompt.events import Delta
from backend.prompt.picture import ImageSpan, Picture
from backend.prompt.prompt import FinishReason, Sampling
from backend.prompt.template import Template
from backend.prompt.tokenizer import Tokenizer
from backend.scheduling.scheduler import Batch, Slice
from backend.scheduling.sequence import Sequence as Sequence_
from backend.vision.cache import EmbeddingCache
from backend.work import Work
from tests.fakes.tokenizer import EOS, TEMPLATE, description
from tests.fakes.waiting import PATIENCE, wait_until

TOKENIZER = Tokenizer(description())


@dataclass
class Alphabet:
    """A runner that says the next letter, ends after z, and breaks or waits where it is told to."""

    fails_at: str = ""  # a letter it cannot follow
    late_at: str = ""  # a letter after which its device cannot choose, and the host does
    raises: bool = False
    lost_at: int | None = None  # the number of the step in which its device is lost
    by_itself: bool = False  # whether its device goes on before the host knows its tokens
    gate: threading.Semaphore | None = None  # a permit for each step
    rows: int = 0  # tokens computed so far
    steps: int = 0
    left_for_later: int = 0  # what is made ready in idle moments

    def attach(self) -> None:
        """Nothing is shared between threads."""

    def prepare_more(self) -> bool:
        self.left_for_later -= 1
        return self.left_for_later > 0

    def launch(self, batch: Batch, embeddings: Mapping[bytes, Any]) -> Flight:
        if not self.by_itself:
            return Landed(batch, self.run(batch, embeddings))
        return OnDevice(self, batch, [self._outcome(part, embeddings) for part in batch.slices])

    def go_on(self, flight: Flight, batch: Batch, embeddings: Mapping[bytes, Any]) -> Flight | None:
        assert isinstance(flight, OnDevice)
        outcomes = [self._going_on(part, flight.left, embeddings) for part in batch.slices]
        return OnDevice(self, batch, outcomes, flight)

    def _going_on(
        self, part: Slice, left: Mapping[Sequence_, int], embeddings: Mapping[bytes, Any]
    ) -> Outcome:
        if part.start >= part.sequence.length:
            return self._after(left[part.sequence])
        outcome = self._outcome(part, embeddings)
        return None if part.sequence in left else outcome

    def arrive(self, batch: Batch) -> None:
        """The host waits for a batch."""
        self.steps += 1
        if self.steps == self.lost_at:
            raise DeviceLost("The device has failed.")
        self.rows += sum(part.end - part.start for part in batch.slices)
        if self.gate is not None:
            self.gate.acquire(timeout=PATIENCE)
        if self.raises:
            raise RuntimeError("the device is gone")

    def run(self, batch: Batch, embeddings: Mapping[bytes, Any]) -> list[Outcome]:
        self.arrive(batch)
        return [self._outcome(part, embeddings) for part in batch.slices]

    def _outcome(self, part: Slice, embeddings: Mapping[bytes, Any]) -> Outcome:
        for span in part.sequence.images:
            is_touched = span.start < part.end and span.end > part.start
            if is_touched and span.picture.key not in embeddings:
                return Failed("A picture could not be seen.")
        return self._next(part) if part.samples else None

    def _next(self, part: Slice) -> Outcome:
        return self._after(part.sequence.tokens(part.end - 1, part.end)[0])

    def _after(self, token: int) -> Outcome:
        last = "" if token == EOS else TOKENIZER.decode([token])
        if last == self.fails_at:
            return Failed()
        if last in ("z", ""):  # after the end, anything: it is in vain
            return Sampled(EOS)
        [token] = TOKENIZER.encode(chr(ord(last) + 1))
        return Sampled(token, -0.5, ((token, -0.5), (EOS, -1.5)))


class OnDevice:
    """A batch whose tokens the next one finds on the device, where no answer's host has a say."""

    def __init__(
        self,
        runner: Alphabet,
        batch: Batch,
        outcomes: list[Outcome],
        before: OnDevice | None = None,
    ) -> None:
        self._runner = runner
        self._batch = batch
        self._before = before
        self._outcomes = {
            id(part): outcome for part, outcome in zip(batch.slices, outcomes, strict=True)
        }
        samplings = [part.sequence.sampling for part in batch.slices]
        self.leaves_tokens = all(sampling.top_logprobs is None for sampling in samplings)
        self.late: set[Sequence_] = set()
        self._late = {
            part.sequence
            for part in batch.slices
            if runner.late_at and runner.late_at in TOKENIZER.decode(self._last(part))
        }

    @property
    def left(self) -> dict[Sequence_, int]:
        """The tokens on the device: nothing of use where the host has to choose in the end."""
        return {
            part.sequence: outcome.token
            if isinstance(outcome, Sampled) and part.sequence not in self._late
            else EOS
            for part in self.batch.slices
            for outcome in [self._outcomes[id(part)]]
            if outcome is not None
        }

    def _last(self, part: Slice) -> list[int]:
        if part.start < part.sequence.length:
            return part.sequence.tokens(part.end - 1, part.end)
        assert self._before is not None
        return [self._before.left[part.sequence]]

    @property
    def batch(self) -> Batch:
        late = set() if self._before is None else self._before.late
        kept = [
            [part for part in parts if part.sequence.reason is None and part.sequence not in late]
            for parts in (self._batch.decodes, self._batch.prefills)
        ]
        return replace(self._batch, decodes=tuple(kept[0]), prefills=tuple(kept[1]))

    def land(self) -> list[Outcome]:
        self._batch, self._before = self.batch, None
        self._runner.arrive(self._batch)
        self.late = self._late
        return [self._outcomes[id(part)] for part in self._batch.slices]


class Eyes:
    """Sees every picture, as its key, but those that it is told not to."""

    tokens_per_second = 0.0

    def __init__(self) -> None:
        self.cache = EmbeddingCache(1 << 20)
        self.encoded: list[bytes] = []
        self.blind_to: set[bytes] = set()
        self.starving: set[bytes] = set()
        self.came_to_nothing: set[bytes] = set()  # of what was seen last

    def prepare_more(self) -> bool:
        return False

    def starved(self, keys: Set[bytes]) -> frozenset[bytes]:
        starved = frozenset(self.starving & keys)
        self.starving -= starved
        return starved

    def unusable(self, keys: Set[bytes]) -> frozenset[bytes]:
        failing = frozenset(self.came_to_nothing & keys)
        self.came_to_nothing -= failing
        return failing

    def embeddings(self, pictures: Sequence[Picture]) -> Mapping[bytes, Any]:
        for picture in pictures:
            if self.cache.get(picture.key) is None and picture.key not in self.blind_to:
                self.encoded.append(picture.key)
                self.cache.put(picture, torch.zeros(picture.tokens, 1))
        return self.cache.held()


@dataclass
class Recorder:
    """Hears a request out."""

    calls: list[str] = field(default_factory=list)
    cached: int = 0
    deltas: list[Delta] = field(default_factory=list)
    reasons: tuple[FinishReason, ...] = ()
    tokens: int = 0
    warning: str = ""
    error: str = ""
    refusal: RequestError | None = None
    first: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)

    def started(self, cached_tokens: int, queue_seconds: float) -> None:
        self.calls.append("started")
        self.cached = cached_tokens
        assert queue_seconds >= 0

    def delta(self, delta: Delta) -> None:
        self.calls.append("delta")
        self.deltas.append(delta)
        self.first.set()

    def finished(
        self,
        reasons: tuple[FinishReason, ...],
        completion_tokens: int,
        warning: str,
        error: RequestError | None,
    ) -> None:
        self.calls.append("finished")
        self.reasons, self.tokens = reasons, completion_tokens
        self.warning, self.refusal = warning, error
        self.error = "" if error is None else error.message
        self.ended.set()

    def text(self, index: int = 0) -> str:
        assert self.ended.wait(PATIENCE), "no answer"
        return "".join(delta.text for delta in self.deltas if delta.index == index)


def model(runner: Alphabet, *, blocks: int = 64, eyes: Eyes | None = None) -> LoadedModel:
    return LoadedModel(
        info=replace(entries()[0], context_length=200),
        tokenizer=TOKENIZER,
        template=Template(TEMPLATE, TOKENIZER),
        eos_ids=frozenset({EOS}),
        runner=runner,  # type: ignore[arg-type]
        blocks=blocks,
        block_size=4,
        vocabulary_size=TOKENIZER.vocabulary_size,
        vision=eyes,  # type: ignore[arg-type]
    )


Start = Callable[..., Engine]


@pytest.fixture(params=[False, True], ids=["in step", "ahead"])
def start(request: pytest.FixtureRequest) -> Iterator[Start]:
    """Starts engines and stops them at the end; with steps begun one by one, or ahead."""
    engines: list[Engine] = []

    def begin(
        runner: Alphabet | None = None,
        *,
        blocks: int = 64,
        running: int = 8,
        queue: int = 64,
        eyes: Eyes | None = None,
        on_lost: Callable[[str], None] = lambda reason: None,
    ) -> Engine:
        runner = runner or Alphabet()
        runner.by_itself = request.param
        engine = Engine(
            model(runner, blocks=blocks, eyes=eyes),
            max_running=running,
            max_queue=queue,
            on_lost=on_lost,
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
    pictures: str = "",
    **sampling: object,
) -> Work:
    """A request; each of `pictures` is one of two tokens that stands before the prompt."""
    options = {"max_tokens": 40, "seed": 0, **sampling}
    return Work(
        request_id=name,
        owner=owner,
        prompt_ids=tuple(TOKENIZER.encode("##" * len(pictures) + prompt)),
        images=tuple(
            ImageSpan(2 * place, Picture(name.encode(), owner, name, 1, rows=1, columns=2))
            for place, name in enumerate(pictures)
        ),
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
    assert all(heard.ended.wait(PATIENCE) for heard in (first, *waiting))


@pytest.mark.parametrize("steps", [0, 1, 5])
def test_cancel_at_any_stage_frees_everything(start: Start, steps: int) -> None:
    gate = threading.Semaphore(steps)
    engine = start(Alphabet(gate=gate))
    heard = ask(engine, work("r"))
    if steps:
        assert heard.first.wait(PATIENCE)
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


def test_cancel_at_random_moments_gives_back_everything(start: Start) -> None:
    eyes = Eyes()
    engine = start(blocks=20, running=4, eyes=eyes)
    chance = random.Random(7)
    for round_ in range(30):
        heard = []
        for n in range(6):
            pictures = chance.choice(["", "A", "AB", chr(0x4E00 + round_)])
            engine.hold_pictures(name.encode() for name in pictures)
            answers = chance.choice([1, 2])
            heard.append(ask(engine, work(f"{round_}/{n}", n=answers, pictures=pictures)))
        for n in range(6):
            if chance.random() < 0.7:
                time.sleep(chance.random() * 0.002)
                engine.cancel("o", f"{round_}/{n}")
        for recorder in heard:
            recorder.text()
            assert recorder.calls.count("finished") == 1
        assert engine.stats().blocks_used == 0
        assert eyes.cache.held() == {}


def test_a_deadline_ends_a_running_answer_with_what_it_has(start: Start) -> None:
    gate = threading.Semaphore(2)
    engine = start(Alphabet(gate=gate))
    heard = ask(engine, work(deadline=time.monotonic() + 0.1))
    assert heard.first.wait(PATIENCE)
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


def test_a_failing_sequence_changes_nothing_of_its_company(start: Start) -> None:
    alone = [ask(start(Alphabet()), work("alone", letter)).text() for letter in "nqt"]
    engine = start(Alphabet(fails_at="m"))
    names = dict(zip(("first", "second", "bad", "third"), "nqht", strict=True))
    heard = {name: ask(engine, work(name, letter)) for name, letter in names.items()}
    assert [heard[name].text() for name in ("first", "second", "third")] == alone
    assert heard["bad"].reasons == (FinishReason.ERROR,)
    assert engine.stats().blocks_used == 0


def test_a_token_that_the_device_cannot_choose_is_chosen_in_the_end(start: Start) -> None:
    engine = start(Alphabet(late_at="m"))
    heard = [ask(engine, work(str(number), letter)) for number, letter in enumerate("akmyx")]
    assert [one.text()[:3] for one in heard] == ["bcd", "lmn", "nop", "z", "yz"]
    assert all(one.text().endswith("z") for one in heard)
    assert [one.tokens for one in heard] == [25, 15, 13, 1, 2]


def test_what_was_left_for_later_is_made_ready_in_idle_moments(start: Start) -> None:
    runner = Alphabet(left_for_later=5)
    engine = start(runner)
    assert not engine.is_prepared.wait(0.1)  # the first answer comes first
    assert ask(engine, work(prompt="x")).text() == "yz"
    assert engine.is_prepared.wait(PATIENCE)
    assert runner.left_for_later == 0
    assert ask(engine, work(prompt="x")).text() == "yz"


def test_a_lost_device_ends_every_request_and_the_engine(start: Start) -> None:
    told: list[str] = []
    gate = threading.Semaphore(0)
    engine = start(Alphabet(lost_at=3, gate=gate), running=1, on_lost=told.append)
    running, waiting = ask(engine, work("running")), ask(engine, work("waiting"))
    gate.release(9)
    for one in (running, waiting):
        one.text()
        assert one.reasons == (FinishReason.ERROR,)
        assert isinstance(one.refusal, Unavailable)
        assert one.refusal.retry_after
        assert one.error == "The device has failed."
    assert running.tokens == 2
    with pytest.raises(Unavailable):
        ask(engine, work("late"))
    engine.stop(1)
    assert told == ["The device has failed."]
    assert engine.stats().blocks_used == 0


def test_an_engine_whose_thread_breaks_says_so(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    gate = threading.Semaphore(0)
    engine = start(Alphabet(gate=gate), on_lost=told.append)
    running = ask(engine, work("running"))
    gate.release(2)
    assert running.first.wait(PATIENCE)

    def break_it(request: object) -> None:
        raise RuntimeError("an error of ours")

    monkeypatch.setattr(engine, "_accept", break_it)
    poison = ask(engine, work("poison"))
    gate.release(99)
    for one in (running, poison):
        one.text()
        assert one.reasons == (FinishReason.ERROR,)
        assert isinstance(one.refusal, Unavailable)
    engine.stop(1)
    assert told == [BROKEN]


def test_a_step_under_way_can_be_told_from_an_idle_engine(start: Start) -> None:
    gate = threading.Semaphore(0)
    engine = start(Alphabet(gate=gate))
    assert engine.busy_since is None
    before = time.monotonic()
    asked = ask(engine, work(prompt="x"))
    while engine.busy_since is None:
        time.sleep(0.01)
    assert before <= engine.busy_since <= time.monotonic()
    gate.release(99)
    assert asked.text() == "yz"
    wait_until(lambda: engine.busy_since is None)


def test_a_picture_that_there_is_no_memory_for_fails_its_own_request_for_now(start: Start) -> None:
    eyes = Eyes()
    eyes.blind_to.add(b"X")
    eyes.starving.add(b"X")
    gate = threading.Semaphore(0)
    engine = start(Alphabet(gate=gate), eyes=eyes)
    engine.hold_pictures([b"X", b"A"])
    bad, good = ask(engine, work("X", "w", pictures="X")), ask(engine, work("A", pictures="A"))
    gate.release(99)
    assert good.text().endswith("z")
    bad.text()
    assert isinstance(bad.refusal, Unavailable)
    assert "MAX_RUNNING" in bad.error


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
    assert broken.ended.wait(PATIENCE)


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
    assert heard.first.wait(PATIENCE)
    stopping = threading.Thread(target=engine.stop, args=(0,))
    stopping.start()
    gate.release(5)
    stopping.join(5)
    assert heard.ended.is_set()
    assert heard.reasons == (FinishReason.CANCELLED,)


LONG = "the first twelve blocks of a document that two questions share: "


def test_what_was_computed_is_not_computed_again(start: Start) -> None:
    runner = Alphabet()
    engine = start(runner)
    first = ask(engine, work("1", LONG + "w"))
    assert first.text() == "xyz"
    before = runner.rows
    second = ask(engine, work("2", LONG + "v"))
    assert second.text() == "wxyz"
    assert first.cached == 0
    assert second.cached >= 48
    assert runner.rows - before == len(LONG) + 1 - second.cached + 4
    stats = engine.stats()
    assert stats.prefix_hits_total == second.cached
    assert stats.prefix_misses_total == 2 * (len(LONG) + 1) - second.cached
    assert stats.blocks_cached > 12


def test_owners_share_nothing(start: Start) -> None:
    engine = start()
    ask(engine, work("1", LONG + "w")).text()
    other = ask(engine, work("1", LONG + "w", owner="other"))
    assert other.text() == "xyz"
    assert other.cached == 0
    assert engine.known_tokens("stranger", TOKENIZER.encode(LONG), ()) == 0
    assert engine.known_tokens("other", TOKENIZER.encode(LONG), ()) >= 48


def test_n_answers_compute_their_prompt_once(start: Start) -> None:
    runner = Alphabet()
    heard = ask(start(runner), work(prompt=LONG + "w", n=4))
    assert [heard.text(index) for index in range(4)] == ["xyz"] * 4
    assert runner.rows < 2 * len(LONG)


def test_a_conversation_is_reused_with_its_answers(start: Start) -> None:
    engine = start()
    answer = ask(engine, work("1", LONG + "d")).text()
    again = ask(engine, work("2", LONG + "d" + answer + " and so on to w"))
    again.text()
    assert again.cached >= len(LONG) + 16


def test_pictures_are_encoded_once_and_held_while_they_are_needed(start: Start) -> None:
    eyes = Eyes()
    engine = start(eyes=eyes)
    assert engine.hold_pictures([b"A", b"B"]) == frozenset()
    assert ask(engine, work("1", "w", pictures="AB")).text() == "xyz"
    assert sorted(eyes.encoded) == [b"A", b"B"]
    assert engine.hold_pictures([b"A"]) == {b"A"}
    assert ask(engine, work("2", "w", pictures="A")).text() == "xyz"
    assert sorted(eyes.encoded) == [b"A", b"B"]
    assert engine.forget("o", "A") == 1
    assert engine.hold_pictures([b"A"]) == frozenset()
    engine.release_pictures([b"A"])


def test_a_picture_that_cannot_be_seen_ends_its_own_answer_only(start: Start) -> None:
    eyes = Eyes()
    eyes.blind_to.add(b"X")
    engine = start(eyes=eyes)
    heard = {}
    for name in ("A", "X", "B", "C"):
        engine.hold_pictures([name.encode()])
        heard[name] = ask(engine, work(name, "w", pictures=name))
    assert [heard[name].text() for name in "ABC"] == ["xyz"] * 3
    heard["X"].text()
    assert heard["X"].reasons == (FinishReason.ERROR,)
    assert heard["X"].error == "A picture could not be seen."
    assert engine.stats().blocks_used == 0


def test_a_picture_that_comes_to_nothing_ends_its_own_answer_only(start: Start) -> None:
    eyes = Eyes()
    eyes.came_to_nothing.add(b"X")
    engine = start(eyes=eyes)
    heard = {}
    for name in ("X", "A"):
        engine.hold_pictures([name.encode()])
        heard[name] = ask(engine, work(name, "w", pictures=name))
    assert heard["A"].text() == "xyz"
    heard["X"].text()
    assert heard["X"].reasons == (FinishReason.ERROR,)
    assert heard["X"].error == NOT_SEEN
    assert engine.stats().blocks_used == 0


def test_a_picture_of_the_same_size_is_another_prompt(start: Start) -> None:
    runner = Alphabet()
    engine = start(runner, eyes=Eyes())
    for name in "AB":
        engine.hold_pictures([name.encode()])
    ask(engine, work("1", LONG + "w", pictures="A")).text()
    other = ask(engine, work("2", LONG + "w", pictures="B"))
    assert other.text() == "xyz"
    assert other.cached == 0


def test_forgetting_a_file_forgets_its_owners_prefixes(start: Start) -> None:
    engine = start()
    ask(engine, work("1", LONG + "w")).text()
    ask(engine, work("1", LONG + "w", owner="other")).text()
    engine.forget("o", "some file")
    again = ask(engine, work("2", LONG + "w"))
    again.text()
    assert again.cached == 0
    other = ask(engine, work("2", LONG + "w", owner="other"))
    other.text()
    assert other.cached >= 48


def test_statistics_add_up(start: Start) -> None:
    engine = start()
    ask(engine, work("1", "w")).text()
    ask(engine, work("2", "xy")).text()
    stats = engine.stats()
    assert stats.prompt_tokens_total == 3
    assert stats.completion_tokens_total == 4
    assert (stats.queued, stats.running, stats.blocks_used) == (0, 0, 0)
    assert stats.tokens_per_second > 0
