"""Shared prefixes as sequences meet them: what is computed once, by whom, and never for another."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.prompt.picture import ImageSpan, Picture, Pixels
from backend.prompt.prompt import FinishReason, Priority, Sampling
from backend.scheduling.batch import Batch
from backend.scheduling.blocks import BlockPool
from backend.scheduling.reuse import FRESH_TOKENS
from backend.scheduling.scheduler import Scheduler
from backend.scheduling.sequence import Sequence
from tests.fakes.memory import Memory, answer_alone

BLOCK = 4
CHUNK = 8
NEVER: frozenset[int] = frozenset()
DOCUMENT = tuple(range(100, 140))
OTHER_DOCUMENT = tuple(range(200, 240))


@dataclass
class World:
    """A scheduler and the memory it decides about."""

    blocks: int = 64
    running: int = 8
    step: int = CHUNK
    reuse: int = BLOCK
    encode: int = 8
    eos: frozenset[int] = frozenset({0})  # none: every answer has its full length
    scheduler: Scheduler = field(init=False)
    memory: Memory = field(init=False)
    seen: list[Batch] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.memory = Memory(BLOCK)
        self.scheduler = Scheduler(
            BlockPool(self.blocks, BLOCK),
            max_running=self.running,
            eos_ids=self.eos,
            chunk_tokens=CHUNK,
            step_tokens=self.step,
            reuse_tokens=self.reuse,
            encode_tokens=self.encode,
        )

    def turn(self, now: float = 0.0) -> Batch:
        """One step as the engine takes it."""
        batch = self.scheduler.schedule(now)
        self.seen.append(batch)
        for sequence in batch.expired:
            self.scheduler.finish(sequence, FinishReason.DEADLINE)
        tokens, failed = self.memory.run(batch)
        for sequence in failed:
            self.scheduler.finish(sequence, FinishReason.ERROR)
        for advance in self.scheduler.commit(batch, tokens):
            if advance.reason:
                self.scheduler.finish(advance.sequence, advance.reason)
        return batch

    def finish_all(self) -> None:
        """Goes on until everything has ended."""
        for _ in range(3000):
            if not self.scheduler.has_work:
                assert self.scheduler.pool.used == 0
                return
            self.turn()
        pytest.fail("somebody starves")

    def answer(self, sequence: Sequence) -> Sequence:
        """Runs one sequence to its end and proves its answer."""
        self.scheduler.add([sequence])
        self.finish_all()
        assert sequence.output_ids == self.right(sequence)
        return sequence

    def right(self, sequence: Sequence) -> list[int]:
        """The answer that it must get."""
        return answer_alone(sequence, self.memory.vocabulary, self.eos)


def picture(key: str, rows: int = 2, columns: int = 3) -> Picture:
    return Picture(key.encode(), "o", "f" * 64, 1, rows, columns, Pixels(b"", 0, 0))


def make(
    prompt: tuple[int, ...],
    *,
    answer: int = 3,
    owner: str = "o",
    priority: Priority = Priority.INTERACTIVE,
    images: tuple[ImageSpan, ...] = (),
    deadline: float | None = None,
) -> Sequence:
    return Sequence(
        request_id="r",
        owner=owner,
        index=0,
        prompt_ids=prompt,
        sampling=Sampling(max_tokens=answer, seed=0),
        priority=priority,
        images=images,
        deadline=deadline,
    )


def test_a_second_question_computes_only_what_is_new() -> None:
    world = World()
    world.answer(make((*DOCUMENT, 1, 2, 3)))
    before = world.memory.rows
    second = world.answer(make((*DOCUMENT, 4, 5, 6, 7, 8, 9, 10, 11, 12)))
    assert second.cached_tokens == len(DOCUMENT)
    assert world.memory.rows - before == 9 + len(second.output_ids) - (
        len(second.output_ids) == second.max_tokens
    )
    assert world.scheduler.prefix_hits == len(DOCUMENT)
    assert world.scheduler.prefix_misses == len(DOCUMENT) + 3 + 9


@pytest.mark.parametrize("prompt", [8, 9, 12, 13, 16, 17, 21, 40])
@pytest.mark.parametrize("reuse", [BLOCK, CHUNK])
def test_the_last_tokens_of_a_prompt_are_always_computed(prompt: int, reuse: int) -> None:
    world = World(reuse=reuse)
    world.answer(make(DOCUMENT))
    again = world.answer(make(DOCUMENT[:prompt]))
    assert again.cached_tokens == max(0, prompt - FRESH_TOKENS) // reuse * reuse


def test_chunks_end_where_they_always_do() -> None:
    world = World(step=64)
    world.answer(make(DOCUMENT[:12]))
    world.scheduler.add([make(DOCUMENT)])
    batch = world.turn()
    assert [(part.start, part.end) for part in batch.prefills] == [
        *((12, 16), (16, 24), (24, 32), (32, 40))
    ]


def test_whole_chunks_are_shared_where_rows_depend_on_their_company() -> None:
    world = World(reuse=CHUNK)
    world.answer(make(DOCUMENT[:20], answer=1))  # two chunks and a half
    assert world.scheduler.pool.cached == 4
    again = world.answer(make(DOCUMENT))
    assert again.cached_tokens == 16


def test_half_a_chunk_is_no_use_then() -> None:
    world = World(reuse=CHUNK, blocks=12)
    world.answer(make(DOCUMENT[:16], answer=1))
    world.answer(make(OTHER_DOCUMENT[:36], answer=1))  # takes one of the four blocks
    assert world.scheduler.pool.evictions == 1
    assert world.answer(make(DOCUMENT)).cached_tokens == 8


def test_nobody_waits_for_half_a_chunk_then() -> None:
    world = World(reuse=CHUNK)
    second = make((*DOCUMENT[:20], *range(1, 20)))
    world.scheduler.add([make(DOCUMENT), second])
    started = [batch.started for batch in (world.turn(), world.turn(), world.turn())]
    assert started[1:] == [(), (second,)]
    assert second.cached_tokens == 16
    world.finish_all()


def test_a_conversation_is_reused_with_its_answers() -> None:
    world = World()
    first = world.answer(make(DOCUMENT, answer=12))
    said = tuple(first.output_ids)
    second = world.answer(make((*DOCUMENT, *said, *range(50, 60))))
    computed = len(DOCUMENT) + len(said) - (len(said) == first.max_tokens)
    assert second.cached_tokens == computed // BLOCK * BLOCK


def test_another_owner_finds_nothing_and_the_same_one_does() -> None:
    world = World()
    world.answer(make(DOCUMENT))
    assert world.answer(make(DOCUMENT, owner="p")).cached_tokens == 0
    assert world.answer(make(DOCUMENT)).cached_tokens == 28
    assert world.scheduler.known_tokens("o", DOCUMENT, ()) == 28
    assert world.scheduler.known_tokens("q", DOCUMENT, ()) == 0


def test_another_picture_of_the_same_size_is_no_match_past_the_text() -> None:
    world = World()
    ids = (*DOCUMENT[:9], *[7] * 6, *DOCUMENT[15:])
    world.answer(make(ids, images=(ImageSpan(9, picture("a")),)))
    other = (ImageSpan(9, picture("b")),)
    assert world.scheduler.known_tokens("o", ids, other) == 8
    assert world.answer(make(ids, images=other)).cached_tokens == 8
    again = world.answer(make(ids, images=(ImageSpan(9, picture("a")),)))
    assert again.cached_tokens == 28


def test_asking_what_is_known_changes_nothing() -> None:
    world = World(blocks=12)
    world.answer(make(DOCUMENT[:20]))
    world.answer(make(OTHER_DOCUMENT[:20]))
    for _ in range(3):
        assert world.scheduler.known_tokens("o", DOCUMENT[:20], ()) == 8
    third = world.answer(make(tuple(range(300, 320))))  # takes from the longest unused all the same
    assert third.cached_tokens == 0
    assert world.scheduler.known_tokens("o", DOCUMENT[:20], ()) < 8
    assert world.scheduler.known_tokens("o", OTHER_DOCUMENT[:20], ()) == 8


def test_pictures_inside_the_known_prefix_are_not_encoded_again() -> None:
    world = World()
    ids = (*DOCUMENT[:2], *[7] * 6, *DOCUMENT[8:20], *[7] * 6, *DOCUMENT[26:])

    def images() -> tuple[ImageSpan, ...]:
        return ImageSpan(2, picture("a")), ImageSpan(20, picture("b"))

    world.answer(make(ids[:24], images=images()[:1]))
    assert world.memory.encoded == [b"a"]
    world.memory.embeddings.clear()
    partly = make(ids, images=images())
    world.answer(partly)
    assert world.memory.encoded == [b"a", b"b"]
    assert all(span.picture.pixels is None for span in partly.images[1:])


def test_a_picture_that_is_only_partly_known_is_needed() -> None:
    world = World()
    ids = (*DOCUMENT[:2], *[7] * 6, *DOCUMENT[8:])
    world.answer(make(ids[:15], images=(ImageSpan(2, picture("a")),)))
    world.memory.embeddings.clear()
    again = world.answer(make(ids[:16], images=(ImageSpan(2, picture("a")),)))
    assert again.cached_tokens == 4
    assert world.memory.encoded == [b"a", b"a"]


def test_pictures_of_several_sequences_are_encoded_together() -> None:
    world = World(step=64, encode=12)
    one = make((*[7] * 6, *DOCUMENT[:9]), images=(ImageSpan(0, picture("a")),))
    two = make((*[7] * 6, *DOCUMENT[:9]), images=(ImageSpan(0, picture("b")),))
    world.scheduler.add([one, two])
    assert [image.key for image in world.turn().images] == [b"a", b"b"]
    world.finish_all()


def test_questions_over_one_document_compute_it_once() -> None:
    world = World(step=16)
    questions = [make((*DOCUMENT, *range(10 * number, 10 * number + 10))) for number in range(1, 7)]
    world.scheduler.add(questions)
    world.finish_all()
    assert [question.cached_tokens for question in questions] == [0, *[40] * 5]
    assert world.memory.rows < len(DOCUMENT) + 6 * (10 + 3)
    for question in questions:
        assert question.output_ids == world.right(question)


def test_others_overtake_while_one_waits_for_a_prefix() -> None:
    world = World(step=16)
    world.scheduler.add([make(DOCUMENT), make(DOCUMENT), make((1, 2, 3), owner="p", answer=1)])
    started = world.turn().started
    assert [len(sequence.prompt_ids) for sequence in started] == [40, 3]
    assert world.scheduler.waiting == 1
    world.finish_all()


@pytest.mark.parametrize("reason", [FinishReason.CANCELLED, FinishReason.ERROR])
def test_who_waits_for_a_prefix_goes_on_when_the_other_ends(reason: FinishReason) -> None:
    world = World()
    first, second, third = (make(DOCUMENT) for _ in range(3))
    world.scheduler.add([first, second, third])
    world.turn()
    world.turn()
    assert (world.scheduler.running, world.scheduler.waiting) == (1, 2)
    world.scheduler.finish(first, reason)
    world.turn()
    assert (world.scheduler.running, world.scheduler.waiting) == (1, 1)
    assert second.cached_tokens == (0 if reason is FinishReason.ERROR else 16)
    world.scheduler.finish(third, FinishReason.CANCELLED)
    world.finish_all()
    assert second.output_ids == world.right(second)


def test_a_person_does_not_wait_for_a_job_but_a_job_does_for_a_person() -> None:
    world = World()
    world.scheduler.add([make(DOCUMENT, priority=Priority.BATCH)])
    world.turn()
    world.scheduler.add([make(DOCUMENT), make(DOCUMENT, priority=Priority.BATCH)])
    world.turn()
    assert (world.scheduler.running, world.scheduler.waiting) == (2, 1)
    world.finish_all()


def test_what_a_failed_answer_offered_is_computed_again() -> None:
    world = World()
    bad = make(DOCUMENT)
    world.memory.spoils = lambda part: part.sequence is bad and part.start >= 16
    world.scheduler.add([bad])
    world.finish_all()
    assert bad.reason is FinishReason.ERROR
    assert world.scheduler.known_tokens("o", DOCUMENT, ()) == 0
    assert world.answer(make(DOCUMENT)).cached_tokens == 0


def test_an_answer_that_fails_late_takes_back_what_it_offered_too() -> None:
    world = World(eos=NEVER)
    bad = make(DOCUMENT, answer=20)
    world.memory.spoils = lambda part: part.sequence is bad and part.start >= 44
    world.scheduler.add([bad])
    world.finish_all()
    assert bad.reason is FinishReason.ERROR
    assert len(bad.output_ids) > 3
    assert world.scheduler.known_tokens("o", DOCUMENT, ()) == 0


def test_who_runs_on_a_spoilt_prefix_offers_nothing_more() -> None:
    world = World()
    bad = make((*DOCUMENT[:24], *range(1, 17)))
    heir = make((*DOCUMENT[:24], *OTHER_DOCUMENT))
    world.memory.spoils = lambda part: part.sequence is bad
    world.scheduler.add([bad, heir])
    while bad.reason is None:
        world.turn()
    assert heir.is_running
    while heir.computed < 56:
        world.turn()
    world.scheduler.finish(heir, FinishReason.CANCELLED)
    world.answer(make(bad.prompt_ids))
    world.answer(make(heir.prompt_ids))


def test_what_others_computed_is_kept_when_an_answer_fails() -> None:
    world = World()
    world.answer(make(DOCUMENT[:24]))
    bad = make(DOCUMENT)
    world.memory.spoils = lambda part: part.sequence is bad
    world.scheduler.add([bad])
    world.finish_all()
    assert world.scheduler.known_tokens("o", DOCUMENT, ()) == 24


def test_what_was_made_of_a_spoilt_prefix_goes_with_it() -> None:
    world = World(step=16)
    bad = make((*DOCUMENT[:24], *range(1, 17)))
    heir = make((*DOCUMENT[:24], *OTHER_DOCUMENT))
    world.memory.spoils = lambda part: part.sequence is bad
    world.scheduler.add([bad, heir])
    while not heir.is_running:
        world.turn()
    world.turn()
    assert bad.reason is None or heir.computed > 24
    world.finish_all()
    assert bad.reason is heir.reason is FinishReason.ERROR
    world.memory.spoils = lambda part: False
    assert world.answer(make((*DOCUMENT[:24], *range(1, 17)))).cached_tokens == 0
    world.answer(make((*DOCUMENT[:24], *OTHER_DOCUMENT)))


def test_a_spoilt_prefix_whose_author_left_early_fails_once_only() -> None:
    world = World()
    bad = make(DOCUMENT)
    world.memory.spoils = lambda part: part.sequence is bad
    world.scheduler.add([bad])
    for _ in range(3):
        world.turn()
    world.scheduler.finish(bad, FinishReason.CANCELLED)  # before anybody could know
    second = make(DOCUMENT)
    world.scheduler.add([second])
    world.finish_all()
    assert second.reason is FinishReason.ERROR
    assert world.answer(make(DOCUMENT)).cached_tokens == 0


def test_forgetting_an_owner_takes_what_is_still_being_computed_too() -> None:
    world = World()
    world.answer(make(DOCUMENT))
    world.answer(make(DOCUMENT, owner="p"))
    running, waiting = make(OTHER_DOCUMENT), make(OTHER_DOCUMENT)
    world.scheduler.add([running, waiting])
    world.turn()
    assert world.scheduler.forget("o") > 0
    world.finish_all()
    for document in (DOCUMENT, OTHER_DOCUMENT):
        assert world.scheduler.known_tokens("o", document, ()) == 0
    assert world.scheduler.known_tokens("p", DOCUMENT, ()) == 28
    world.answer(make(DOCUMENT))
    assert world.scheduler.known_tokens("o", DOCUMENT, ()) == 28


def test_a_preempted_answer_finds_its_own_blocks_and_says_what_was_known_at_first() -> None:
    world = World(blocks=12, eos=NEVER)
    first = make(DOCUMENT[:20], answer=16)
    second = make(OTHER_DOCUMENT[:16], answer=10)
    world.scheduler.add([first, second])
    starts: list[int] = []
    while world.scheduler.has_work:
        batch = world.turn()
        starts += [part.start for part in batch.prefills if part.sequence is second]
    assert world.scheduler.preemptions > 0
    assert starts[:2] == [0, 8]
    assert len(starts) > 2
    assert second.cached_tokens == 0
    assert world.scheduler.prefix_misses == 36
    for sequence in (first, second):
        assert sequence.output_ids == world.right(sequence)


def test_pictures_skipped_at_first_are_encoded_if_a_preemption_loses_their_blocks() -> None:
    world = World(blocks=13, eos=NEVER)
    ids = (*[7] * 6, *DOCUMENT[:14])
    world.answer(make(ids, images=(ImageSpan(0, picture("a")),)))
    world.memory.embeddings.clear()
    first = make(OTHER_DOCUMENT[:24], answer=24)
    second = make(ids, answer=12, images=(ImageSpan(0, picture("a")),))
    world.scheduler.add([first, second])
    world.finish_all()
    assert second.cached_tokens == 8
    assert world.scheduler.preemptions > 0
    assert world.memory.encoded == [b"a", b"a"]
    assert second.output_ids == world.right(second)


def has_reached(stage: str, world: World, sequence: Sequence) -> bool:
    """Whether a sequence is where it is to be cancelled."""
    if stage == "prefill":
        return 0 < sequence.computed < 40
    if stage == "decode":
        return bool(sequence.output_ids)
    return stage == "queue" or any(batch.images for batch in world.seen)


@pytest.mark.parametrize("stage", ["queue", "prefill", "decode", "encode"])
def test_cancelling_at_any_moment_gives_every_block_back(stage: str) -> None:
    chance = random.Random(stage)
    for _ in range(100):
        world = World(blocks=24, running=chance.randrange(2, 4), eos=NEVER)
        company = make(OTHER_DOCUMENT[: chance.randrange(1, 30)], answer=40)
        world.scheduler.add([company])
        for _ in range(chance.randrange(1, 5)):
            world.turn()
        images = (ImageSpan(24, picture("a")),) if stage == "encode" else ()
        ids = (*DOCUMENT[:24], *[7] * 6, *DOCUMENT[30:])
        crowd = [make(ids, answer=9, images=images) for _ in range(chance.randrange(1, 4))]
        world.scheduler.add(crowd)
        while not has_reached(stage, world, crowd[0]):
            world.turn()
        for _ in range(chance.randrange(3) if stage != "queue" else 0):
            world.turn()
        for sequence in crowd:
            world.scheduler.finish(sequence, FinishReason.CANCELLED)
        assert world.scheduler.pool.used == len(company.blocks)
        assert world.scheduler.running + world.scheduler.waiting == 1
        world.finish_all()
        assert company.output_ids == world.right(company)


def test_any_thread_may_ask_what_is_known() -> None:
    world = World(blocks=24, eos=NEVER)
    answers: list[int] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            answers.append(world.scheduler.known_tokens("o", DOCUMENT, ()))

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        for number in range(60):
            world.scheduler.add([make((*DOCUMENT, number)), make((number, *OTHER_DOCUMENT))])
            world.turn()
        world.finish_all()
    finally:
        done.set()
        thread.join()
    assert set(answers) <= set(range(0, 29, BLOCK))
    assert len(answers) > 10


@dataclass(frozen=True)
class Ask:
    """One request of a random story."""

    document: int
    shared: int  # tokens of the document
    tail: int  # tokens of its own
    pictures: str
    owner: str
    answer: int
    answers: int
    is_job: bool
    arrival: int
    leaving: int | None
    is_spoilt: bool

    def sequences(self, name: int) -> list[Sequence]:
        text = (DOCUMENT, OTHER_DOCUMENT)[self.document][: self.shared]
        ids, images = list(text), []
        for place, key in zip((3, 11), self.pictures, strict=False):
            if place + 6 <= self.shared:
                images.append(ImageSpan(place, picture(self.owner + key)))
                ids[place : place + 6] = [7] * 6
        prompt = (*ids, *(1000 + 100 * name + number for number in range(self.tail)))
        spans = tuple(images)
        return [
            Sequence(
                request_id=f"request {name}",
                owner=self.owner,
                index=index,
                prompt_ids=prompt,
                sampling=Sampling(max_tokens=self.answer, seed=0),
                priority=Priority.BATCH if self.is_job else Priority.INTERACTIVE,
                images=spans,
            )
            for index in range(self.answers)
        ]


ASKS = st.builds(
    Ask,
    document=st.integers(0, 1),
    shared=st.sampled_from([0, 5, 12, 17, 24, 28]),
    tail=st.integers(1, 8),
    pictures=st.sampled_from(["", "a", "b", "ab", "bb"]),
    owner=st.sampled_from(["o", "o", "p"]),
    answer=st.integers(1, 10),
    answers=st.sampled_from([1, 1, 2, 3]),
    is_job=st.booleans(),
    arrival=st.integers(0, 20),
    leaving=st.one_of(st.none(), st.integers(0, 50)),
    is_spoilt=st.sampled_from([False] * 5 + [True]),
)


@settings(max_examples=60, deadline=None)
@given(
    asks=st.lists(ASKS, min_size=1, max_size=8),
    blocks=st.integers(12, 24),
    running=st.integers(1, 5),
    step=st.sampled_from([8, 16, 24]),
    reuse=st.sampled_from([BLOCK, CHUNK]),
    forgets=st.one_of(st.none(), st.integers(0, 40)),
    eos=st.sampled_from([NEVER, frozenset({0})]),
)
def test_every_story_ends_well(
    asks: list[Ask],
    blocks: int,
    running: int,
    step: int,
    reuse: int,
    forgets: int | None,
    eos: frozenset[int],
) -> None:
    world = World(blocks=blocks, running=running, step=step, reuse=reuse, eos=eos)
    scheduler = world.scheduler
    groups = [ask.sequences(number) for number, ask in enumerate(asks)]
    spoilt = {id(group[0]) for ask, group in zip(asks, groups, strict=True) if ask.is_spoilt}
    world.memory.spoils = lambda part: id(part.sequence) in spoilt
    turn = 0
    while turn <= 20 or scheduler.has_work:
        for ask, group in zip(asks, groups, strict=True):
            if ask.arrival == turn:
                scheduler.add(group)
            if ask.leaving == turn and group[0].arrival >= 0:
                for sequence in group:
                    scheduler.finish(sequence, FinishReason.CANCELLED)
        if forgets == turn:
            scheduler.forget("o")
        check_slices(world.turn())
        check_blocks(scheduler, [sequence for group in groups for sequence in group])
        turn += 1
        assert turn < 3000, "somebody starves"
    assert scheduler.pool.used == 0
    for ask, group in zip(asks, groups, strict=True):
        for sequence in group:
            assert sequence.reason is not None
            assert sequence.blocks == []
            right = world.right(sequence)
            assert sequence.output_ids == right[: len(sequence.output_ids)]
            if sequence.reason is FinishReason.ERROR:
                assert any(other.is_spoilt and other.owner == ask.owner for other in asks)
            elif sequence.reason is not FinishReason.CANCELLED:
                assert sequence.output_ids == right
    spoilt.clear()
    for _ in range(len(asks)):  # what was spoilt and left early may be met once more each
        for number, ask in enumerate(asks):
            scheduler.add(ask.sequences(number)[:1])
            world.finish_all()
    for number, ask in enumerate(asks):
        world.answer(ask.sequences(number)[0])


def check_slices(batch: Batch) -> None:
    """Chunks end at their fixed places, and none but a prompt's own last piece is tiny."""
    for part in batch.prefills:
        prompt = len(part.sequence.prompt_ids)
        assert part.end == prompt or part.end % CHUNK == 0
        assert part.start % CHUNK == 0 or part.end - part.start >= min(BLOCK, prompt - part.start)
        assert prompt - part.start >= FRESH_TOKENS or part.start % CHUNK == 0


def check_blocks(scheduler: Scheduler, sequences: Iterable[Sequence]) -> None:
    """A block belongs to one sequence alone, or to several as the same place of a shared prefix."""
    uses: dict[int, set[tuple[int, bytes]]] = {}
    for sequence in sequences:
        assert len(set(sequence.blocks)) == len(sequence.blocks)
        assert sequence.is_running or not sequence.blocks
        for place, block in enumerate(sequence.blocks):
            is_full = place < len(sequence.keys)
            key = sequence.keys[place] if is_full else b"own" + bytes(str(id(sequence)), "ascii")
            uses.setdefault(block, set()).add((place, key))
    assert all(len(use) == 1 for use in uses.values())
    assert scheduler.pool.used == len(uses)
