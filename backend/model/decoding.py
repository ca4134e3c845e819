"""How sequences that get one token each attend to all they have: two forms of the same thing."""

from __future__ import annotations

from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass, field
from itertools import count

import torch
from torch.nn.functional import scaled_dot_product_attention

from backend.model.kv_cache import KVCache

_TILE = 8  # blocks
_FEWEST = 2  # sequences; with fewer, a product is computed by a routine with other last bits


class PaddedDecodes:
    """All sequences in one call, filled up to the longest: for the GPU."""

    def __init__(
        self, cache: KVCache, first: int, tables: SequenceOf[list[int]], lengths: SequenceOf[int]
    ) -> None:
        """The blocks and the lengths of sequences, newest token included, whose newest tokens
        stand in the packed row from `first` on."""
        self.rows = slice(first, first + len(tables))
        most = max(map(len, tables))
        padded = [table + [cache.blank] * (most - len(table)) for table in tables]
        self._table = torch.tensor(padded, device=cache.device)
        places = torch.arange(most * cache.block_size, device=cache.device)
        seen = places[None, :] < torch.tensor(lengths, device=cache.device)[:, None]
        self._mask = seen[:, None, None, :]

    def attend(
        self, query: torch.Tensor, cache: KVCache, layer: int, scaling: float
    ) -> torch.Tensor:
        """query [1, heads, rows, head_dim] -> [1, rows, heads, head_dim]."""
        keys, values = cache.read(layer, self._table)  # [rows, tokens, kv_heads, head_dim]
        # Query heads that share a key head stand as its rows.
        rows, kv_heads, head_dim = len(self._table), *keys.shape[2:]
        grouped = query[0].transpose(0, 1).reshape(rows, kv_heads, -1, head_dim)
        output = scaled_dot_product_attention(
            grouped,
            keys.transpose(1, 2),
            values.transpose(1, 2),
            attn_mask=self._mask,
            scale=scaling,
        )
        return output.flatten(1, 2)[None]


class TiledDecodes:
    """Sequences attend tile by tile, and the tiles' results are added up: for the CPU.

    A tile is the same stretch of a sequence's places whatever else is computed, so a sequence
    gets the same bits in any company. Where sequences share a tile's blocks, because they begin
    alike, it is read once for all of them: many questions about one document cost little more
    than one. The sum over tiles is that of Flash-Decoding (Dao et al., 2023).
    """

    def __init__(
        self, cache: KVCache, first: int, tables: SequenceOf[list[int]], lengths: SequenceOf[int]
    ) -> None:
        """The blocks and the lengths of sequences, newest token included, whose newest tokens
        stand in the packed row from `first` on."""
        self.rows = slice(first, first + len(tables))
        tiles: dict[tuple[int, ...], _Tile] = {}
        paths = []  # the tiles of each sequence
        for row, (table, length) in enumerate(zip(tables, lengths, strict=True)):
            path = []
            for start in range(0, len(table), _TILE):
                blocks = tuple(table[start : start + _TILE])
                tokens = min(length - start * cache.block_size, _TILE * cache.block_size)
                tile = tiles.setdefault(blocks, _Tile(blocks, tokens))
                tile.readers.append(row)
                path.append(tile)
            paths.append(path)
        self._groups = _groups(cache, list(tiles.values()))
        places: dict[tuple[int, tuple[int, ...]], range] = {}  # of a row's results for a tile
        taken = 0
        for group in self._groups:
            places |= group.places(taken)
            taken += group.results
        longest = max(map(len, paths))
        picks = [
            place
            for row, path in enumerate(paths)
            for tile in path + path[:1] * (longest - len(path))
            for place in places[row, tile.blocks]
        ]
        self._picks = torch.tensor(picks, device=cache.device)  # [rows * tiles * kv_heads]
        self._shape = (len(paths), longest, -1)
        self._absent: torch.Tensor | None = None  # [rows, tiles, 1]
        if any(len(path) < longest for path in paths):
            absent = [[0.0] * len(path) + [-torch.inf] * (longest - len(path)) for path in paths]
            self._absent = torch.tensor(absent, device=cache.device)[..., None]

    def attend(
        self, query: torch.Tensor, cache: KVCache, layer: int, scaling: float
    ) -> torch.Tensor:
        """query [1, heads, rows, head_dim] -> [1, rows, heads, head_dim]."""
        rows = query[0].transpose(0, 1).contiguous()
        parts = [group.attend(rows, cache, layer, scaling) for group in self._groups]
        outputs = torch.cat([output for output, _ in parts]).index_select(0, self._picks)
        sums = torch.cat([logsumexp for _, logsumexp in parts]).index_select(0, self._picks)
        sums = sums.view(self._shape)  # [rows, tiles, heads]
        if self._absent is not None:
            sums = sums + self._absent
        shares = torch.softmax(sums, dim=1)
        outputs = outputs.view(*shares.shape, -1).mul(shares[..., None])  # float32
        return outputs.sum(1).to(query.dtype)[None]


@dataclass(frozen=True)
class _Tile:
    """Neighbouring places of one or more sequences."""

    blocks: tuple[int, ...]
    tokens: int  # that are there
    readers: list[int] = field(default_factory=list)  # rows


def _groups(cache: KVCache, tiles: SequenceOf[_Tile]) -> list[_Group]:
    """Tiles of a kind together: those still being filled, those of one reader, those of many."""
    full = [tile for tile in tiles if tile.tokens == _TILE * cache.block_size]
    kinds = (
        [tile for tile in tiles if tile.tokens < _TILE * cache.block_size],
        [tile for tile in full if len(tile.readers) <= _FEWEST],
        [tile for tile in full if len(tile.readers) > _FEWEST],
    )
    return [_Group(cache, kind) for kind in kinds if kind]


class _Group:
    """Tiles that are read in one call, each by the same number of rows; some read in vain."""

    def __init__(self, cache: KVCache, tiles: SequenceOf[_Tile]) -> None:
        self._tiles = tiles
        self._kv_heads = cache.shape[0]
        self._seats = max(_FEWEST, max(len(tile.readers) for tile in tiles))
        readers = [
            tile.readers[seat] if seat < len(tile.readers) else tile.readers[0]
            for tile in tiles
            for seat in range(self._seats)
        ]
        self._readers = torch.tensor(readers, device=cache.device)  # [tiles * seats]
        table = [
            block
            for tile in tiles
            for block in (*tile.blocks, *[cache.blank] * (_TILE - len(tile.blocks)))
        ]
        self._neighbours = (
            table[0] if table == list(range(table[0], table[0] + len(table))) else None
        )
        self._table = torch.tensor(table, device=cache.device).view(len(tiles), _TILE)
        self._mask = _mask([tile.tokens for tile in tiles], cache)

    @property
    def results(self) -> int:
        """How many results `attend` gives."""
        return len(self._tiles) * self._kv_heads * self._seats

    def places(self, first: int) -> dict[tuple[int, tuple[int, ...]], range]:
        """Where each reader's results for each tile are, one for each key head, if the group's
        results begin at `first`."""
        seats, each = self._seats, self._kv_heads * self._seats
        return {
            (row, tile.blocks): range(start + seat, start + each, seats)
            for start, tile in zip(count(first, each), self._tiles, strict=False)
            for seat, row in enumerate(tile.readers)
        }

    def attend(
        self, rows: torch.Tensor, cache: KVCache, layer: int, scaling: float
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """rows [rows, heads, head_dim] -> outputs [tiles * kv_heads * seats, group * head_dim]
        and, in float32, logsumexp [tiles * kv_heads * seats, group]; a group is the query heads
        that share a key head."""
        if self._neighbours is None:
            keys, values = cache.read(layer, self._table)
        else:
            keys, values = cache.look(layer, self._neighbours, self._table.shape)
        # keys [tiles, tokens, kv_heads, head_dim]; seats and groups stand as the rows of a head
        shape = (len(self._tiles), self._seats, self._kv_heads, -1, rows.shape[-1])
        query = rows.index_select(0, self._readers).view(shape)
        output, logsumexp = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(
            query.transpose(1, 2).flatten(2, 3),
            keys.transpose(1, 2),
            values.transpose(1, 2),
            attn_mask=self._mask,
            scale=scaling,
        )
        return output.reshape(self.results, -1), logsumexp.reshape(self.results, -1)


def _mask(tokens: list[int], cache: KVCache) -> torch.Tensor | None:
    """[tiles, 1, 1, tokens] where a tile has fewer tokens than it could; None if none has."""
    places = torch.arange(_TILE * cache.block_size, device=cache.device)
    unseen = places[None, :] >= torch.tensor(tokens, device=cache.device)[:, None]
    if not unseen.any():
        return None
    mask = torch.zeros(unseen.shape, dtype=cache.dtype, device=cache.device)
    return mask.masked_fill_(unseen, -torch.inf)[:, None, None, :]
