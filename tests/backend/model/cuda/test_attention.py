"""Attention from the pages equals attention over the same keys and values laid out plainly."""

from __future__ import annotations

import random

import pytest
import torch

from backend.model.cuda.attention import TILE_FIELDS, Decoding, Prompts, most_tiles, tiles
from backend.model.cuda.rotation import Heads

SHAPES = [
    (Heads(4, 2, 16), 16),
    (Heads(6, 2, 32), 4),
    (Heads(8, 8, 64), 256),
    (Heads(32, 2, 128), 16),
]
BLOCKS = 24


class Memory:
    """Pages full of numbers; what nobody has written is not a number."""

    def __init__(self, heads: Heads, page: int, device: torch.device) -> None:
        torch.manual_seed(6)
        shape = (BLOCKS, page, heads.keys, heads.dim)
        self.heads, self.page = heads, page
        self.keys, self.values = (torch.randn(shape, device=device) for _ in range(2))
        self._free = list(range(BLOCKS))
        random.Random(6).shuffle(self._free)

    def table(self, length: int) -> list[int]:
        """Blocks for so many tokens; the rest of the last one is unwritten."""
        blocks = [self._free.pop() for _ in range(-(-length // self.page))]
        if length % self.page:
            self.keys[blocks[-1], length % self.page :] = torch.nan
            self.values[blocks[-1], length % self.page :] = torch.nan
        return blocks

    def expected(self, rows: torch.Tensor, table: list[int], start: int, end: int) -> torch.Tensor:
        """What the queries of the places [start, end) see, in float32."""
        heads = self.heads
        keys, values = (
            memory[table].flatten(0, 1)[:end].repeat_interleave(heads.queries // heads.keys, 1)
            for memory in (self.keys, self.values)
        )
        queries = rows[:, : heads.width].reshape(-1, heads.queries, heads.dim)
        scores = torch.einsum("qhd,khd->hqk", queries, keys) * heads.dim**-0.5
        places = torch.arange(end, device=rows.device)
        scores.masked_fill_(places[None, :] > places[start:end, None], -torch.inf)
        return torch.einsum("hqk,khd->qhd", scores.softmax(-1), values).flatten(1)


@pytest.mark.parametrize(("heads", "page"), SHAPES)
def test_sequences_of_any_length_get_their_next_token(
    heads: Heads, page: int, device: torch.device
) -> None:
    memory = Memory(heads, page, device)
    lengths = [1, 3 * page + 1, 0, 5 * page]
    tables = [memory.table(length) for length in lengths]
    width = max(map(len, tables))
    padded = [table + [BLOCKS] * (width - len(table)) for table in tables]  # nowhere
    rows = torch.randn(4, heads.count * heads.dim, device=device)
    decoding = Decoding(
        torch.tensor(padded, dtype=torch.int32, device=device),
        torch.tensor(lengths, dtype=torch.int32, device=device),
        heads,
    )
    output = decoding.attend(rows, memory.keys, memory.values, heads.dim**-0.5)
    for row, (length, table) in enumerate(zip(lengths, tables, strict=True)):
        expected = torch.zeros(1, heads.width, device=device)
        if length:
            expected = memory.expected(rows[row : row + 1], table, length - 1, length)
        torch.testing.assert_close(output[row : row + 1], expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("heads", "page"), SHAPES)
def test_stretches_of_prompts_see_what_came_before(
    heads: Heads, page: int, device: torch.device
) -> None:
    memory = Memory(heads, page, device)
    places = [(0, 5), (2 * page + 1, 2 * page + 21), (7, 8)]
    tables = [memory.table(end) for _, end in places]
    spans, row = [], 0
    for start, end in places:
        spans.append((row, start, end))
        row += end - start
    rows = torch.randn(row, heads.count * heads.dim, device=device)
    width = max(map(len, tables))
    padded = [table + [BLOCKS] * (width - len(table)) for table in tables]
    cut = tiles(spans, heads, rows.dtype, device)
    assert len(cut) < most_tiles(len(rows), len(spans) + 1, heads, rows.dtype, device)
    prompts = Prompts(
        torch.tensor(padded, dtype=torch.int32, device=device),
        torch.tensor([*cut, (0,) * TILE_FIELDS], dtype=torch.int32, device=device),
        heads,
    )
    output = prompts.attend(rows, memory.keys, memory.values, heads.dim**-0.5)
    for (first, start, end), table in zip(spans, tables, strict=True):
        part = slice(first, first + end - start)
        expected = memory.expected(rows[part], table, start, end)
        torch.testing.assert_close(output[part], expected, rtol=1e-4, atol=1e-4)
