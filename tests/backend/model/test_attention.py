"""Paged attention, however it is cut up, is plain attention; and bits do not depend on company."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from backend.model.attention import Chunk
from backend.model.decoding import PaddedDecodes, TiledDecodes
from backend.model.kv_cache import KVCache

BLOCK = 16
BLOCKS = 320
HEADS = (3, 3, 64)  # key heads, query heads for each, dimensions
TILE = 256


def memory(dtype: torch.dtype, heads: tuple[int, int, int] = HEADS) -> KVCache:
    """Every block full of numbers, as if each had been somebody's."""
    cache = KVCache(
        layers=2,
        blocks=BLOCKS,
        block_size=BLOCK,
        heads=heads[0],
        head_dim=heads[2],
        dtype=dtype,
        device=torch.device("cpu"),
    )
    chance = torch.Generator().manual_seed(3)
    shape = (BLOCKS * BLOCK, heads[0], heads[2])
    slots = torch.arange(BLOCKS * BLOCK)
    for layer in range(2):
        keys, values = (torch.randn(shape, generator=chance).to(dtype) for _ in range(2))
        cache.write(layer, slots, keys, values)
    return cache


def questions(rows: int, dtype: torch.dtype, heads: tuple[int, int, int] = HEADS) -> torch.Tensor:
    shape = (1, heads[0] * heads[1], rows, heads[2])
    return torch.randn(shape, generator=torch.Generator().manual_seed(rows)).to(dtype)


def plain(query: torch.Tensor, cache: KVCache, table: list[int], start: int) -> torch.Tensor:
    """What the rows from `start` on see, in float32: the specification."""
    end = start + query.shape[2]
    slots = torch.tensor(cache.slots(table, 0, end))
    keys, values = (
        memory.flatten(0, 1)[slots].transpose(0, 1)[None].float()
        for memory in cache.look(1, 0, [BLOCKS, 1])
    )
    places = torch.arange(end)
    return scaled_dot_product_attention(
        query.float(),
        keys,
        values,
        attn_mask=places[None, :] <= places[start:, None],
        scale=0.125,
        enable_gqa=True,
    ).transpose(1, 2)


def sequences(count: int, seed: int, shared: int) -> tuple[list[list[int]], list[int]]:
    """Tables and lengths; the first `shared` blocks are those of all."""
    chance = random.Random(seed)
    free = list(range(shared, BLOCKS))
    if seed % 2:
        chance.shuffle(free)
    tables, lengths = [], []
    for _ in range(count):
        length = shared * BLOCK + chance.randint(1, (BLOCKS - shared) // count * BLOCK)
        own = -(-length // BLOCK) - shared
        tables.append(list(range(shared)) + free[:own])
        del free[:own]
        lengths.append(length)
    return tables, lengths


@pytest.mark.parametrize("form", [TiledDecodes, PaddedDecodes])
@pytest.mark.parametrize(("count", "shared"), [(1, 0), (2, 8), (5, 0), (8, 13), (8, 64)])
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("heads", [HEADS, (2, 16, 128)])
def test_decoding_is_plain_attention(
    form: type[TiledDecodes | PaddedDecodes],
    count: int,
    shared: int,
    seed: int,
    heads: tuple[int, int, int],
) -> None:
    cache = memory(torch.float32, heads)
    tables, lengths = sequences(count, seed, shared)
    query = questions(count, torch.float32, heads)
    output = form(cache, 0, tables, lengths).attend(query, cache, 1, 0.125)
    for row, (table, length) in enumerate(zip(tables, lengths, strict=True)):
        expected = plain(query[:, :, row : row + 1], cache, table, length - 1)
        torch.testing.assert_close(output[:, row : row + 1], expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
@pytest.mark.parametrize("shared", [0, 8, 21, 64, 200])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_decoded_sequence_gets_the_same_bits_in_any_company(
    dtype: torch.dtype, shared: int, seed: int
) -> None:
    cache = memory(dtype)
    tables, lengths = sequences(8, seed, shared)
    query = questions(8, dtype)

    def attend(rows: list[int]) -> torch.Tensor:
        part = TiledDecodes(cache, 0, [tables[row] for row in rows], [lengths[row] for row in rows])
        return part.attend(query[:, :, rows], cache, 1, 0.125)

    alone = [attend([row])[0, 0] for row in range(8)]
    chance = random.Random(seed)
    for count in range(2, 9):
        rows = chance.sample(range(8), count)
        for place, row in enumerate(rows):
            assert torch.equal(attend(rows)[0, place], alone[row])


@pytest.mark.parametrize("tile", [BLOCK, TILE])
@pytest.mark.parametrize("scattered", [False, True])
def test_a_chunk_is_plain_attention(tile: int, scattered: bool) -> None:
    cache = memory(torch.float32)
    table = list(range(30, 70))
    if scattered:
        random.Random(0).shuffle(table)
    for start, end in ((0, 256), (0, 1), (0, 77), (256, 512), (272, 500), (301, 302), (160, 640)):
        query = questions(end - start, torch.float32)
        cleared(cache, table, end)
        part = Chunk(cache, table, 0, start, end, tile)
        expected = plain(query, cache, table, start)
        output = part.attend(query, cache, 1, 0.125)
        torch.testing.assert_close(output, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.skipif(
    not (torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()),
    reason="this processor does not multiply bfloat16",
)
@pytest.mark.parametrize("seed", [0, 1])
def test_a_row_of_a_chunk_gets_the_same_bits_wherever_the_chunk_begins_and_ends(seed: int) -> None:
    """Left-over groups of one to three rows were added up in another order."""
    cache = memory(torch.bfloat16)
    table = list(range(30, 46))
    query = questions(256 + seed, torch.bfloat16)[:, :, :256] * 2

    def attend(start: int, end: int) -> torch.Tensor:
        part = Chunk(cache, table, 0, start, end, 256)
        return part.attend(query[:, :, start:end], cache, 1, 0.125)

    whole = attend(0, 256)
    for start in range(0, 256, BLOCK):
        for end in range(start + 9, 257):
            if (end - start) % 32 in (0, 1, 2, 3, 18):
                assert torch.equal(attend(start, end), whole[:, start:end]), (start, end)


def cleared(cache: KVCache, table: list[int], end: int) -> None:
    """The last block holds nothing behind `end`, as the runner leaves it."""
    if end % BLOCK:
        slots = torch.tensor(cache.slots(table, end, -(-end // BLOCK) * BLOCK))
        nothing = torch.zeros(len(slots), HEADS[0], HEADS[2], dtype=cache.dtype)
        cache.write(1, slots, nothing, nothing)


def test_numbers_that_are_none_stay_in_their_own_blocks() -> None:
    """Whatever others left behind, or hold now, is not read."""
    cache = memory(torch.float32)
    tables, lengths = sequences(4, 0, 8)
    spoilt = set(range(BLOCKS)) - {block for table in tables[1:] for block in table}
    expected = TiledDecodes(cache, 0, tables, lengths).attend(
        questions(4, cache.dtype), cache, 1, 0.1
    )
    slots = torch.tensor([block * BLOCK + place for block in spoilt for place in range(BLOCK)])
    nan = torch.full((len(slots), HEADS[0], HEADS[2]), torch.nan)
    cache.write(1, slots, nan, nan)
    for form in (TiledDecodes, PaddedDecodes):
        output = form(cache, 0, tables, lengths).attend(questions(4, cache.dtype), cache, 1, 0.1)
        assert output[0, 0].isnan().any()
        torch.testing.assert_close(output[0, 1:], expected[0, 1:], atol=1e-5, rtol=1e-5)


def test_the_blank_block_is_empty_and_clearing_reaches_every_layer() -> None:
    cache = memory(torch.float32)
    cache.clear(5)
    for layer, block in ((0, cache.blank), (1, cache.blank), (0, 5), (1, 5)):
        assert not any(part.any() for part in cache.read(layer, torch.tensor([block])))
    assert all(part.any() for part in cache.read(1, torch.tensor([4])))


def test_reading_and_looking_show_the_same() -> None:
    cache = memory(torch.float32)
    table = torch.arange(12, 24).view(3, 4)
    for read, seen in zip(cache.read(1, table), cache.look(1, 12, table.shape), strict=True):
        assert read.shape == (3, 4 * BLOCK, HEADS[0], HEADS[2])
        assert torch.equal(read, seen)
    slots = cache.slots([7, 3], 14, 18)
    assert slots == [7 * 16 + 14, 7 * 16 + 15, 3 * 16, 3 * 16 + 1]
    assert all(after == before + 1 for before, after in pairwise(slots[:2]))
