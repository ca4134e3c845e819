"""The block pool: no block twice, none lost, what was computed is found until it is taken."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from backend.scheduling.blocks import BlockPool

ROOT = b"root"
KEYS = [bytes([number]) for number in range(8)]


def filled(pool: BlockPool, keys: list[bytes], owner: str = "o") -> list[int]:
    """Blocks that one sequence holds and offers under these keys, one after the other."""
    blocks = pool.allocate(len(keys))
    for block, parent, key in zip(blocks, [ROOT, *keys], keys, strict=False):
        assert pool.register(block, key, parent, owner)
    return blocks


def test_hands_out_neighbours_first() -> None:
    pool = BlockPool(4, 16)
    assert pool.allocate(3) == [0, 1, 2]
    pool.release([0, 1])
    assert pool.allocate(2) == [0, 1]
    assert pool.used == 3


@pytest.mark.parametrize(("tokens", "blocks"), [(0, 0), (1, 1), (16, 1), (17, 2)])
def test_counts_blocks(tokens: int, blocks: int) -> None:
    assert BlockPool(4, 16).blocks_for(tokens) == blocks


def test_a_block_cannot_be_released_twice() -> None:
    pool = BlockPool(2, 16)
    blocks = pool.allocate(1)
    pool.release(blocks)
    with pytest.raises(AssertionError):
        pool.release(blocks)


def test_a_released_block_is_found_until_it_is_taken() -> None:
    pool = BlockPool(4, 16)
    blocks = filled(pool, KEYS[:3])
    pool.release(blocks)
    assert (pool.used, pool.cached) == (0, 3)
    assert pool.match(KEYS) == blocks
    assert pool.allocate(2) == [2, 3]  # the free one, and the tail
    assert pool.evictions == 1
    assert pool.match(KEYS) == blocks[:2]


def test_the_longest_unused_goes_first() -> None:
    pool = BlockPool(4, 16)
    one, two = filled(pool, KEYS[:2]), filled(pool, KEYS[2:4])
    pool.release(one)
    pool.release(two)
    pool.hold(pool.match(KEYS[:1]))
    pool.release(one[:1])
    assert pool.allocate(1) == one[1:]
    assert pool.allocate(2) == two
    assert pool.match(KEYS[:1]) == one[:1]


def test_held_blocks_are_never_taken() -> None:
    pool = BlockPool(3, 16)
    blocks = filled(pool, KEYS[:2])
    pool.release(blocks)
    assert pool.can_allocate(3)
    assert not pool.can_allocate(2, beside=blocks)
    pool.hold(blocks)
    assert not pool.can_allocate(2)
    assert pool.allocate(1) == [2]


def test_two_holders_are_counted() -> None:
    pool = BlockPool(2, 16)
    blocks = filled(pool, KEYS[:1])
    pool.hold(blocks)
    pool.release(blocks)
    assert pool.used == 1
    pool.release(blocks)
    assert (pool.used, pool.cached) == (0, 1)


def test_a_key_stays_with_the_block_that_had_it_first() -> None:
    pool = BlockPool(2, 16)
    [first] = filled(pool, KEYS[:1])
    [second] = pool.allocate(1)
    assert not pool.register(second, KEYS[0], ROOT, "o")
    assert pool.match(KEYS) == [first]


def test_distrust_takes_what_follows_too() -> None:
    pool = BlockPool(8, 16)
    blocks = filled(pool, KEYS[:3])
    other = filled(pool, KEYS[4:6])
    assert pool.distrust([KEYS[1]]) == set(blocks[1:])
    assert pool.match(KEYS) == blocks[:1]
    assert pool.used == 5  # whoever holds them keeps them
    pool.release(blocks)
    assert pool.cached == 1
    assert pool.match(KEYS[4:6]) == other
    assert pool.distrust([b"unknown"]) == set()


def test_an_owner_is_forgotten_alone() -> None:
    pool = BlockPool(4, 16)
    mine, theirs = filled(pool, KEYS[:2], "me"), filled(pool, KEYS[2:4], "they")
    pool.release(mine)
    assert pool.forget("me") == 2
    assert pool.match(KEYS) == []
    assert pool.match(KEYS[2:]) == theirs
    assert pool.cached == 0
    assert pool.can_allocate(2)


def test_doubt_ends_with_trust() -> None:
    pool = BlockPool(4, 16)
    blocks = filled(pool, KEYS[:2])
    [unknown] = pool.allocate(1)
    assert pool.doubtful([*blocks, unknown]) == KEYS[:2]
    pool.trust(blocks[:1])
    assert pool.doubtful([*blocks, unknown]) == KEYS[1:2]
    pool.distrust([KEYS[0]])
    pool.release(blocks)
    again = filled(pool, KEYS[:1])
    assert pool.doubtful(again) == KEYS[:1]  # trust does not pass to what takes its place


class AgainstNaiveModel(RuleBasedStateMachine):
    """The pool beside lists and dictionaries that are gone through from end to end."""

    total = 10

    def __init__(self) -> None:
        super().__init__()
        self.pool = BlockPool(self.total, 4)
        self.holders: list[list[int]] = []  # a list of blocks for each holder
        self.known: dict[bytes, int] = {}
        self.parents: dict[bytes, bytes] = {}
        self.owners: dict[bytes, str] = {}
        self.idle: list[int] = []  # longest unused first

    def held(self) -> set[int]:
        return {block for blocks in self.holders for block in blocks}

    def key_of(self, block: int) -> bytes | None:
        return next((key for key, other in self.known.items() if other == block), None)

    def drop(self, keys: set[bytes]) -> None:
        for key in keys:
            block = self.known.pop(key)
            del self.parents[key], self.owners[key]
            if block in self.idle:
                self.idle.remove(block)

    @rule(count=st.integers(0, 5), after=st.one_of(st.none(), st.integers(0, 9)))
    def allocate(self, count: int, after: int | None) -> None:
        free = self.total - len(self.held()) - len(self.idle)
        assert self.pool.can_allocate(count) == (count <= free + len(self.idle))
        if not self.pool.can_allocate(count):
            return
        evicted = self.idle[: max(0, count - free)]
        self.drop({key for key, block in self.known.items() if block in evicted})
        before = self.pool.evictions
        blocks = self.pool.allocate(count, after)
        assert blocks == sorted(set(blocks))
        assert len(blocks) == count
        assert set(evicted) <= set(blocks)
        assert self.pool.evictions == before + len(evicted)
        assert not set(blocks) & (self.held() | set(self.idle))
        self.holders.append(blocks)

    @precondition(lambda self: self.holders)
    @rule(number=st.integers(0, 99))
    def release(self, number: int) -> None:
        blocks = self.holders.pop(number % len(self.holders))
        self.pool.release(blocks)
        for block in reversed(blocks):
            if block not in self.held() and self.key_of(block) is not None:
                self.idle.append(block)

    @rule(keys=st.permutations(KEYS))
    def hold_what_matches(self, keys: list[bytes]) -> None:
        expected = []
        for key in keys:
            if key not in self.known:
                break
            expected.append(self.known[key])
        assert self.pool.match(keys) == expected
        self.pool.hold(expected)
        self.holders.append(expected)
        self.idle = [block for block in self.idle if block not in expected]

    @precondition(lambda self: any(self.holders))
    @rule(
        number=st.integers(0, 99),
        key=st.sampled_from(KEYS),
        parent=st.sampled_from([ROOT, *KEYS]),
        owner=st.sampled_from("ab"),
    )
    def register(self, number: int, key: bytes, parent: bytes, owner: str) -> None:
        held = sorted(self.held())
        block = held[number % len(held)]
        if self.key_of(block) is not None:
            return
        assert self.pool.register(block, key, parent, owner) == (key not in self.known)
        if key not in self.known:
            self.known[key], self.parents[key], self.owners[key] = block, parent, owner

    @rule(keys=st.sets(st.sampled_from(KEYS), max_size=2))
    def distrust(self, keys: set[bytes]) -> None:
        bad = keys & set(self.known)
        while more := {key for key, parent in self.parents.items() if parent in bad} - bad:
            bad |= more
        assert self.pool.distrust(keys) == {self.known[key] for key in bad}
        self.drop(bad)

    @rule(owner=st.sampled_from("ab"))
    def forget(self, owner: str) -> None:
        bad = {key for key, whose in self.owners.items() if whose == owner}
        assert self.pool.forget(owner) == len(bad)
        self.drop(bad)

    @invariant()
    def counts_are_right(self) -> None:
        assert self.pool.used == len(self.held())
        assert self.pool.cached == len(self.idle)
        for key in KEYS:
            assert self.pool.match([key]) == ([self.known[key]] if key in self.known else [])

    def teardown(self) -> None:
        for blocks in self.holders:
            self.pool.release(blocks)
        assert self.pool.used == 0
        assert sorted(self.pool.allocate(self.total)) == list(range(self.total))


TestAgainstNaiveModel = AgainstNaiveModel.TestCase
TestAgainstNaiveModel.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
