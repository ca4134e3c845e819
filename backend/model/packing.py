"""What a network takes in of slices: embeddings packed as one row, positions, places in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Sequence as SequenceOf
from typing import TYPE_CHECKING

import torch

from backend.model.attention import Chunk, Pages, Part
from backend.model.decoding import PaddedDecodes, TiledDecodes
from backend.model.kv_cache import KVCache
from backend.model.sending import sent
from backend.prompt.picture import ImageSpan
from backend.prompt.positions import Positions
from backend.scheduling.scheduler import Slice

if TYPE_CHECKING:  # it needs Triton
    from backend.model.cuda.flight import Left

_IN_LINE = Positions()

Embeddings = Mapping[bytes, torch.Tensor]  # [tokens, hidden] by the picture's key


class Packer:
    """Makes what a network takes in out of slices."""

    def __init__(
        self,
        network: torch.nn.Module,
        cache: KVCache,
        *,
        position_rows: int,
        attend_rows: int,
        tile_tokens: int,
        packed: bool,
        tokens_left: Callable[[SequenceOf[int]], torch.Tensor] | None,
    ) -> None:
        """As Runner has it. `tokens_left` are tokens that the last step has left on the device,
        by their places."""
        self.embed = network.get_submodule("embed_tokens")
        self._hidden = network.get_parameter("embed_tokens.weight").shape[1]
        self._cache = cache
        self._device = cache.device
        self._position_rows = position_rows
        self._attend_rows = attend_rows
        self._tile_tokens = tile_tokens
        self._packed = packed
        self._decodes = PaddedDecodes if packed else TiledDecodes
        self._tokens_left = tokens_left

    def has_pictures(self, part: Slice, embeddings: Embeddings) -> bool:
        """Whether the embedding of every picture that the slice touches is there and fits."""
        return all(
            embedding is not None and embedding.shape == (span.picture.tokens, self._hidden)
            for span, _, _ in _pictures(part)
            for embedding in [embeddings.get(span.picture.key)]
        )

    def embedded(
        self, slices: SequenceOf[Slice], embeddings: Embeddings, left: Left | None = None
    ) -> torch.Tensor:
        """[1, tokens, hidden]: the tokens' embeddings, and the pictures' in their places."""
        ids: list[int] = []
        unknown: dict[int, int] = {}  # packed row: where its token lies on the device
        for part in slices:
            source = None if left is None else left.source(part)
            if source is not None:
                unknown[len(ids)] = source
            ids += part.sequence.tokens(part.start, part.end) if source is None else [0]
        rows: torch.Tensor = self.embed(sent([ids], self._device))
        if unknown:
            assert self._tokens_left is not None
            tokens = self._tokens_left(list(unknown.values()))
            rows[0, sent(list(unknown), self._device)] = self.embed(tokens)
        first = 0  # the packed row of the slice's first token
        for part in slices:
            for span, start, end in _pictures(part):
                embedding = embeddings[span.picture.key][start - span.start : end - span.start]
                rows[0, first + start - part.start : first + end - part.start] = embedding
            first += part.end - part.start
        return rows

    def positions(self, slices: SequenceOf[Slice]) -> torch.Tensor:
        """[1, tokens], or [3, 1, tokens] for time, height and width."""
        if self._position_rows == 1:
            places = [place for part in slices for place in range(part.start, part.end)]
            return sent([places], self._device)
        axes: tuple[list[int], list[int], list[int]] = ([], [], [])
        for part in slices:
            positions = part.sequence.positions or _IN_LINE
            for axis, row in zip(axes, positions.rows(part.start, part.end), strict=True):
                axis += row
        return sent(axes, self._device)[:, None]

    def pages(self, slices: SequenceOf[Slice]) -> Pages:
        """Where the slices' keys and values go. Readies the blocks that they begin."""
        cache, size = self._cache, self._cache.block_size
        slots: list[int] = []
        parts: list[Part] = []
        decodes = [part for part in slices if part.start >= len(part.sequence.prompt_ids)]
        most = max(1, len(decodes)) if self._packed else self._attend_rows
        for first in range(0, len(decodes), most):
            group = decodes[first : first + most]
            tables = [part.sequence.blocks[: -(-part.end // size)] for part in group]
            parts.append(self._decodes(cache, first, tables, [part.end for part in group]))
        for part in slices:
            blocks, start, end = part.sequence.blocks, part.start, part.end
            if end % size and end // size * size >= start:
                cache.clear(blocks[end // size])
            if len(slots) >= len(decodes):
                tile = size if self._packed else self._tile_tokens
                parts.append(Chunk(cache, blocks, len(slots), start, end, tile))
            slots += cache.slots(blocks, start, end)
        return Pages(cache, sent(slots, self._device), tuple(parts))


def _pictures(part: Slice) -> Iterator[tuple[ImageSpan, int, int]]:
    """The pictures that a slice touches, and which places [start, end) of it they take."""
    for span in part.sequence.images:
        start, end = max(span.start, part.start), min(span.end, part.end)
        if start < end:
            yield span, start, end
