"""The scheduler by itself: order, budgets, preemption, ends; no model anywhere."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from backend.prompt.guide import Guide, GuideBroken
from backend.prompt.prompt import FinishReason, Priority, Sampling
from backend.scheduling.blocks import BlockPool
from backend.scheduling.scheduler import Batch, Scheduler
from backend.scheduling.sequence import Sequence

EOS = 0


def make(
    name: str,
    prompt: int,
    *,
    answer: int = 4,
    priority: Priority = Priority.INTERACTIVE,
    deadline: float | None = None,
    script: tuple[int, ...] | None = None,
    owner: str = "o",
    guide: Guide | None = None,
) -> Sequence:
    """A sequence that shares nothing with those of other names."""
    seed = 1000 * (sum(name.encode()) + 1)
    return Sequence(
        request_id=name,
        owner=owner,
        index=0,
        prompt_ids=tuple(range(seed, seed + prompt)),
        sampling=Sampling(max_tokens=answer, seed=0),
        priority=priority,
        deadline=deadline,
        script=script,
        guide=guide,
    )


@dataclass
class Hearing(Guide):
    """Hears every token, and breaks at one of them."""

    warning: str = ""
    breaks_at: int | None = None
    heard: list[int] = field(default_factory=list)

    def allowed(self) -> bytes | None:
        return None

    def forced(self) -> int | None:
        return None

    def accept(self, token: int) -> None:
        if token == self.breaks_at:
            raise GuideBroken
        self.heard.append(token)


def scheduler(*, blocks: int = 64, running: int = 8, chunk: int = 8, step: int = 8) -> Scheduler:
    pool = BlockPool(blocks, 4)
    return Scheduler(
        pool,
        max_running=running,
        eos_ids=frozenset({EOS}),
        chunk_tokens=chunk,
        step_tokens=step,
    )


def turn(engine: Scheduler, now: float = 0.0) -> Batch:
    """One step as the engine takes it, with a model that always says 9."""
    batch = engine.schedule(now)
    for sequence in batch.expired:
        engine.finish(sequence, FinishReason.DEADLINE)
    for advance in engine.commit(batch, [9 if part.samples else None for part in batch.slices]):
        if advance.reason:
            engine.finish(advance.sequence, advance.reason)
    return batch


@dataclass
class Early:
    """Takes steps as an engine does whose next one begins before the last one's tokens are known,
    with a model that always says 9. What it computed for a sequence that ended is thrown away."""

    scheduler: Scheduler
    flying: Batch | None = None
    begun: list[Batch] = field(default_factory=list)  # those that were begun ahead

    def turn(self, now: float = 0.0) -> Batch:
        batch = self.flying or self.scheduler.schedule(now)
        for sequence in batch.expired:
            self.scheduler.finish(sequence, FinishReason.DEADLINE)
        batch = self._left(batch)
        self.flying = self.scheduler.ahead(batch, now)
        if self.flying is not None:
            self.begun.append(self.flying)
            self._check(batch, self.flying)
        tokens = [9 if part.samples else None for part in batch.slices]
        for advance in self.scheduler.commit(batch, tokens):
            if advance.reason:
                self.scheduler.finish(advance.sequence, advance.reason)
        return batch

    def _check(self, batch: Batch, following: Batch) -> None:
        """Every slice begins where the one before it ends, and its blocks are there."""
        ends = {part.sequence.arrival: part.end for part in batch.slices}
        for part in following.slices:
            assert part.start == ends.get(part.sequence.arrival, part.sequence.computed)
            assert part.end <= 4 * len(part.sequence.blocks)
            ends[part.sequence.arrival] = part.end

    def _left(self, batch: Batch) -> Batch:
        return replace(
            batch,
            decodes=tuple(part for part in batch.decodes if part.sequence.reason is None),
            prefills=tuple(part for part in batch.prefills if part.sequence.reason is None),
        )


def names(batch: Batch) -> list[tuple[str, int, int]]:
    return [(part.sequence.request_id, part.start, part.end) for part in batch.slices]


def test_a_prompt_is_computed_in_chunks_that_end_at_fixed_places() -> None:
    engine = scheduler()
    engine.add([make("a", 19)])
    assert names(turn(engine)) == [("a", 0, 8)]
    assert names(turn(engine)) == [("a", 8, 16)]
    assert names(turn(engine)) == [("a", 16, 19)]
    assert names(turn(engine)) == [("a", 19, 20)]


def test_chunks_are_never_cut_by_what_else_is_in_the_batch() -> None:
    engine = scheduler()
    engine.add([make("a", 5), make("b", 12)])
    assert names(turn(engine)) == [("a", 0, 5)]  # 3 tokens of budget are left unused
    assert names(turn(engine)) == [("a", 5, 6), ("b", 0, 8)]


def test_answers_wait_for_fewer_tokens_of_prompts() -> None:
    engine = Scheduler(
        BlockPool(64, 4),
        max_running=8,
        eos_ids=frozenset({EOS}),
        chunk_tokens=8,
        step_tokens=32,
        beside_tokens=16,
    )
    engine.add([make("a", 4), make("b", 24)])
    assert names(turn(engine)) == [("a", 0, 4), ("b", 0, 8), ("b", 8, 16), ("b", 16, 24)]
    engine.add([make("c", 30)])
    batch = turn(engine)
    assert len(batch.decodes) == 2
    assert [(part.start, part.end) for part in batch.prefills] == [(0, 8), (8, 16)]


def test_decodes_come_first() -> None:
    engine = scheduler(step=32)
    engine.add([make("a", 3)])
    turn(engine)
    engine.add([make("b", 20)])
    batch = turn(engine)
    assert [part.sequence.request_id for part in batch.decodes] == ["a"]
    assert [(part.start, part.end) for part in batch.prefills] == [(0, 8), (8, 16), (16, 20)]


def test_people_come_before_jobs_and_jobs_leave_a_place_free() -> None:
    engine = scheduler(running=2)
    engine.add([make("job1", 2, priority=Priority.BATCH), make("job2", 2, priority=Priority.BATCH)])
    turn(engine)
    assert (engine.running, engine.waiting) == (1, 1)
    engine.add([make("person", 2)])
    assert "person" in [s.request_id for s in turn(engine).started]


def test_an_answer_ends_at_its_length_and_gives_everything_back() -> None:
    engine = scheduler()
    sequence = make("a", 5, answer=3)
    engine.add([sequence])
    while engine.has_work:
        turn(engine)
    assert sequence.reason is FinishReason.LENGTH
    assert sequence.output_ids == [9, 9, 9]
    assert engine.pool.used == 0


def test_end_of_text_is_no_part_of_the_answer() -> None:
    engine = scheduler()
    sequence = make("a", 2)
    engine.add([sequence])
    [advance] = engine.commit(engine.schedule(0.0), [EOS])
    assert advance.reason is FinishReason.STOP
    assert sequence.output_ids == []


def test_a_deadline_ends_waiting_and_running_sequences() -> None:
    engine = scheduler(running=1)
    running, waiting = make("a", 2, deadline=5.0), make("b", 2, deadline=1.0)
    engine.add([running, waiting])
    turn(engine, now=0.0)
    turn(engine, now=1.0)
    assert waiting.reason is FinishReason.DEADLINE
    assert waiting.output_ids == []
    turn(engine, now=5.0)
    assert running.reason is FinishReason.DEADLINE
    assert not engine.has_work
    assert engine.pool.used == 0


def test_a_scripted_answer_needs_no_blocks_and_no_compute() -> None:
    engine = scheduler()
    sequence = make("a", 500, answer=9, script=(5, 6))
    engine.add([sequence])
    batch = turn(engine)
    assert batch.slices == ()
    assert engine.pool.used == 0
    turn(engine)
    assert sequence.output_ids == [5, 6]
    assert sequence.reason is FinishReason.STOP


def test_a_scripted_answer_honours_its_length() -> None:
    engine = scheduler()
    sequence = make("a", 2, answer=1, script=(5, 6))
    engine.add([sequence])
    turn(engine)
    assert sequence.output_ids == [5]
    assert sequence.reason is FinishReason.LENGTH


def test_the_newest_is_preempted_and_computed_again_in_the_same_pieces() -> None:
    engine = scheduler(blocks=5)  # 20 tokens for two sequences of 8 + 8
    first, second = make("a", 8, answer=8), make("b", 8, answer=8)
    engine.add([first, second])
    pieces: list[tuple[int, int]] = []
    while engine.has_work:
        batch = turn(engine)
        pieces += [(p.start, p.end) for p in batch.slices if p.sequence is second]
    assert engine.preemptions > 0
    again = pieces[pieces.index((0, 8), 1) :]
    assert again == [(0, 8), *((place, place + 1) for place in range(8, 15))]
    assert first.output_ids == second.output_ids == [9] * 8


def test_nobody_overtakes_a_long_prompt_that_waits_for_blocks() -> None:
    engine = scheduler(blocks=5)
    engine.add([make("a", 8, answer=8)])
    turn(engine)
    engine.add([make("long", 16, answer=2), make("short", 1)])
    turn(engine)
    assert engine.running == 1
    while engine.has_work:
        turn(engine)


def test_a_guide_hears_every_token_once_and_the_end_too() -> None:
    engine = scheduler(blocks=5)
    first, guide = make("a", 8, answer=8), Hearing()
    second = make("b", 8, answer=8, guide=guide)
    engine.add([first, second])
    while engine.has_work:
        turn(engine)
    assert engine.preemptions > 0
    assert guide.heard == second.output_ids == [9] * 8
    last = make("c", 2, guide=guide)
    engine.add([last])
    engine.commit(engine.schedule(0.0), [EOS])
    assert guide.heard == [*[9] * 8, EOS]


def test_a_broken_guide_ends_its_answer_with_an_error() -> None:
    engine = scheduler()
    broken, other = make("a", 2, guide=Hearing(breaks_at=9)), make("b", 2)
    engine.add([broken, other])
    advances = engine.commit(engine.schedule(0.0), [9, 9])
    assert [(advance.token, advance.reason) for advance in advances] == [
        (None, FinishReason.ERROR),
        (9, None),
    ]
    assert broken.output_ids == []


def test_a_scripted_answer_tells_no_guide() -> None:
    engine, guide = scheduler(), Hearing()
    engine.add([make("a", 2, script=(5, 6), guide=guide)])
    turn(engine)
    turn(engine)
    assert not engine.has_work
    assert guide.heard == []


def test_owners_take_turns_at_places() -> None:
    engine = scheduler(running=1)
    engine.add([make(f"g{number}", 4, owner="greedy", answer=1) for number in range(3)])
    engine.add([make("m", 4, owner="modest", answer=1)])
    started: list[str] = []
    while engine.has_work:
        started += [sequence.owner for sequence in turn(engine).started]
    assert started == ["greedy", "modest", "greedy", "greedy"]


def test_a_long_prompt_lets_a_short_one_of_another_owner_go_first() -> None:
    engine = scheduler()
    engine.add([make("long", 80, owner="a")])
    turn(engine)
    engine.add([make("short", 4, owner="b")])
    assert names(turn(engine)) == [("short", 0, 4)]
    assert names(turn(engine)) == [("short", 4, 5), ("long", 8, 16)]


def test_what_is_recomputed_after_a_preemption_is_not_charged_again() -> None:
    engine = scheduler(blocks=9, running=2)
    engine.add([make("x1", 16, answer=6, owner="x"), make("y1", 16, answer=6, owner="y")])
    engine.add([make("x2", 1, answer=1, owner="x"), make("y2", 1, answer=1, owner="y")])
    started: list[str] = []
    while engine.has_work:
        started += [sequence.request_id for sequence in turn(engine).started]
    assert engine.preemptions == 1
    assert started == ["x1", "y1", "y1", "y2", "x2"]


def test_what_was_not_computed_of_a_cancelled_prompt_is_not_charged() -> None:
    engine = scheduler(running=2)
    company, long = make("c", 2, answer=60, owner="c"), make("long", 80, owner="a")
    engine.add([company])
    turn(engine)
    engine.add([long])
    turn(engine)
    assert long.computed == 8
    engine.finish(long, FinishReason.CANCELLED)
    engine.add([make(f"b{number}", 12, answer=1, owner="b") for number in range(3)])
    engine.add([make("a", 4, answer=1, owner="a")])
    started: list[str] = []
    while engine.has_work:
        started += [sequence.owner for sequence in turn(engine).started]
    assert started == ["b", "a", "b", "b"]


def test_idleness_earns_no_places() -> None:
    engine = scheduler(running=1, blocks=32)
    engine.add([make(f"b{number}", 40, answer=1, owner="busy") for number in range(12)])
    started: list[str] = []
    while len(started) < 6:
        started += [sequence.owner for sequence in turn(engine).started]
    engine.add([make(f"n{number}", 40, answer=1, owner="new") for number in range(12)])
    while len(started) < 14:
        started += [sequence.owner for sequence in turn(engine).started]
    assert started[6:].count("new") in (4, 5)


def test_a_sequence_keeps_its_blocks_together_where_it_can() -> None:
    engine = scheduler(blocks=16)
    low, sequence = make("low", 13, answer=1), make("a", 16, answer=9)
    engine.add([low, sequence])
    turn(engine)
    turn(engine)
    assert low.reason is not None  # its block without a key is free again, below
    while not sequence.reason:
        together = list(sequence.blocks)
        turn(engine)
    assert together == list(range(together[0], together[0] + len(together)))
    assert len(together) == 6


def test_what_follows_a_known_prefix_lies_behind_it() -> None:
    engine = scheduler(blocks=16)
    low, first = make("low", 16), make("a", 17, answer=1)
    engine.add([low, first])
    engine.schedule(0.0)
    engine.finish(low, FinishReason.CANCELLED)  # four blocks are free below
    while engine.has_work:
        turn(engine)
    again = make("a", 26, answer=1)
    engine.add([again])
    turn(engine)
    assert again.cached_tokens == 16
    assert again.blocks == list(range(4, 11))
    while engine.has_work:
        turn(engine)


def test_newcomers_cannot_keep_an_owner_from_her_next_place() -> None:
    engine = scheduler(running=2, blocks=32)
    first, second = make("first", 60, owner="victim"), make("second", 60, owner="victim")
    engine.add([first, second])
    for number in range(600):
        if engine.waiting < 12:  # the queue is never empty, nor is it endless
            engine.add([make(f"n{number}", 6, owner=f"new {number}")])
        turn(engine)
    assert first.reason is second.reason is FinishReason.LENGTH


def test_the_next_step_is_told_before_this_ones_tokens_are_known() -> None:
    engine = scheduler(step=32)
    engine.add([make("a", 3, answer=9), make("b", 8, answer=3)])
    early = Early(engine)
    assert names(early.turn()) == [("a", 0, 3), ("b", 0, 8)]
    assert names(early.turn()) == [("a", 3, 4), ("b", 8, 9)]
    assert names(early.turn()) == [("a", 4, 5), ("b", 9, 10)]  # with which b has its three
    assert [names(batch) for batch in early.begun] == [
        [("a", 3, 4), ("b", 8, 9)],
        [("a", 4, 5), ("b", 9, 10)],
        [("a", 5, 6)],
    ]
    while engine.has_work:
        early.turn()
    assert engine.pool.used == 0


def test_prompts_go_on_ahead_in_the_same_pieces() -> None:
    engine = scheduler()
    engine.add([make("a", 3, answer=9), make("b", 19)])
    early = Early(engine)
    assert names(early.turn()) == [("a", 0, 3)]
    assert names(early.turn()) == [("a", 3, 4), ("b", 0, 8)]
    assert names(early.turn()) == [("a", 4, 5), ("b", 8, 16)]
    assert names(early.turn()) == [("a", 5, 6), ("b", 16, 19)]
    assert names(early.turn()) == [("a", 6, 7), ("b", 19, 20)]


def test_who_waits_is_let_in_ahead_as_soon_as_there_is_a_place() -> None:
    engine = scheduler(running=2, step=32)
    engine.add([make("a", 3, answer=2), make("b", 3, answer=9), make("waits", 3)])
    early = Early(engine)
    early.turn()
    early.turn()
    assert early.flying is not None  # a's place is taken as long as its token is not known
    assert names(early.flying) == [("b", 4, 5)]
    early.turn()
    assert early.flying is not None
    assert names(early.flying) == [("b", 5, 6), ("waits", 0, 3)]
    assert [one.request_id for one in early.flying.started] == ["waits"]


def test_a_newcomer_is_let_in_ahead() -> None:
    engine = scheduler(step=32)
    engine.add([make("a", 3, answer=9)])
    batch = engine.schedule(0.0)
    engine.add([make("b", 3)])
    following = engine.ahead(batch, 0.0)
    assert following is not None
    assert names(following) == [("a", 3, 4), ("b", 0, 3)]


def test_nothing_is_begun_ahead_past_a_deadline() -> None:
    engine = scheduler()
    engine.add([make("a", 3, answer=9, deadline=5.0)])
    batch = engine.schedule(0.0)
    assert engine.ahead(batch, 5.0) is None
    assert engine.ahead(batch, 0.0) is not None


def test_nothing_is_begun_ahead_without_blocks() -> None:
    engine = scheduler(blocks=2)
    engine.add([make("a", 4, answer=2), make("b", 4, answer=2)])
    batch = engine.schedule(0.0)
    assert len(batch.slices) == 2
    assert engine.ahead(batch, 0.0) is None
    assert engine.pool.used == 2


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(1, 30),  # prompt
            st.integers(1, 12),  # answer
            st.booleans(),  # a job
            st.integers(0, 30),  # step of arrival
            st.one_of(st.none(), st.integers(0, 60)),  # step of cancellation
        ),
        min_size=1,
        max_size=12,
    ),
    st.integers(1, 4),
    st.booleans(),
)
def test_never_leaks_a_block_never_starves(
    requests: list[tuple[int, int, bool, int, int | None]], running: int, is_early: bool
) -> None:
    engine = scheduler(blocks=11, running=running)  # the longest alone needs 11
    early = Early(engine)
    sequences = [
        make(
            str(number),
            prompt,
            answer=answer,
            priority=Priority.BATCH if is_job else Priority.INTERACTIVE,
        )
        for number, (prompt, answer, is_job, _, _) in enumerate(requests)
    ]
    step = 0
    while step <= 30 or engine.has_work:
        for sequence, (_, _, _, arrival, leaving) in zip(sequences, requests, strict=True):
            if arrival == step:
                engine.add([sequence])
            if leaving == step and sequence.arrival >= 0:
                engine.finish(sequence, FinishReason.CANCELLED)
        if is_early:
            early.turn()
        else:
            turn(engine)
        held = {block for sequence in sequences for block in sequence.blocks}
        assert len(held) == engine.pool.used
        assert engine.running <= running
        step += 1
        assert step < 2000, "somebody starves"
    assert engine.pool.used == 0
    for sequence, (_, answer, _, _, leaving) in zip(sequences, requests, strict=True):
        assert sequence.reason is not None
        if leaving is None:
            assert sequence.output_ids == [9] * answer
