"""The block pool: no block twice, none lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.scheduling.blocks import BlockPool


def test_hands_out_neighbours_first() -> None:
    pool = BlockPool(4, 16)
    assert pool.allocate(3) == [0, 1, 2]
    pool.release([1, 0])
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


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 9)), max_size=60))
def test_never_hands_out_a_block_twice_and_never_loses_one(moves: list[tuple[bool, int]]) -> None:
    pool = BlockPool(12, 4)
    held: list[list[int]] = []
    for takes, number in moves:
        if takes and pool.can_allocate(number):
            held.append(pool.allocate(number))
        elif held:
            pool.release(held.pop(number % len(held)))
        owned = [block for blocks in held for block in blocks]
        assert len(owned) == len(set(owned)) == pool.used
    for blocks in held:
        pool.release(blocks)
    assert pool.used == 0
    assert sorted(pool.allocate(12)) == list(range(12))
