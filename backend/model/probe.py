"""Finds out at the start what this machine and this model do: whose bits depend on whose company,
and whether pictures are seen at all."""

from __future__ import annotations

from collections.abc import Sequence as SequenceOf
from itertools import islice

import torch

from backend.model.attention import Chunk, Pages, Part
from backend.model.decoding import TiledDecodes
from backend.model.kv_cache import KVCache
from backend.model.runner import Runner
from backend.prompt.picture import ImageSpan, Picture, Pixels
from backend.prompt.positions import Positions
from backend.prompt.prompt import Sampling
from backend.scheduling.scheduler import Slice
from backend.scheduling.sequence import Sequence
from backend.vision.encoder import Encoder

_CHUNKS = 3  # of a prompt
_SHARED = 8  # blocks with which decoded sequences begin
_BLOCKS = 128  # of the memory
_LEAST_ROWS = 9  # of a chunk after a cached prefix; fewer are taken for decoding (DECODE_ROWS)


class Bench:
    """Computes made-up rows with a model's first layer and head, as the runner would."""

    def __init__(
        self, network: torch.nn.Module, head: torch.nn.Module, cache: KVCache, chunk: int
    ) -> None:
        """`cache` is only asked for its shape; `chunk` is the tokens of a prompt's chunk."""
        self._layer = network.get_submodule("layers.0")
        self._norm = network.get_submodule("norm")
        self._rotary = network.get_submodule("rotary_emb")
        self._head = head
        self._chunk = chunk
        self._size = cache.block_size
        self._blocks = _CHUNKS * chunk // self._size  # of a prompt
        assert self._blocks <= _BLOCKS
        self._cache = cache.like(layers=1, blocks=_BLOCKS)
        chance = torch.Generator().manual_seed(1)
        shape = (_CHUNKS * chunk, network.get_parameter("embed_tokens.weight").shape[1])
        self._rows = torch.randn(shape, generator=chance).to(cache.dtype).to(cache.device)
        memory = torch.randn(_BLOCKS * self._size, *cache.shape, generator=chance).to(cache.dtype)
        self._memory = memory.to(cache.device)
        self._remember()

    def decodes_are_independent(self, count: int, attending: int) -> bool:
        """Whether up to `count` sequences decoded in one go, of which `attending` attend in one,
        get the bits that each gets alone.

        Half of them begin alike, and every one has another length.
        """
        shared = list(range(_SHARED))
        free = iter(range(_SHARED, _BLOCKS))
        lengths = [_SHARED * self._size + 1 + 13 * number for number in range(count)]
        tables = []
        for number, length in enumerate(lengths):
            start = shared if number % 2 else []
            tables.append(start + list(islice(free, -(-length // self._size) - len(start))))

        def decode(first: int, last: int) -> torch.Tensor:
            self._remember()
            ends = lengths[first:last]
            slots = [
                self._cache.slots(table, length - 1, length)[0]
                for table, length in zip(tables[first:last], ends, strict=True)
            ]
            parts = [
                TiledDecodes(
                    self._cache,
                    place - first,
                    tables[place : min(place + attending, last)],
                    lengths[place : min(place + attending, last)],
                )
                for place in range(first, last, attending)
            ]
            hidden = self._compute(self._rows[first:last], [end - 1 for end in ends], slots, parts)
            logits: torch.Tensor = self._head(self._norm(hidden))
            return logits

        alone = torch.cat([decode(number, number + 1) for number in range(count)], dim=1)
        return all(
            torch.equal(decode(first, last), alone[:, first:last])
            for last in range(2, count + 1)
            for first in {0, last - 2}
        )

    def prefixes_are_exact(self) -> bool:
        """Whether a chunk that begins after a cached prefix, at any block, gets the bits it would
        have got as part of the whole, wherever the prompt ends."""
        chunk, size = self._chunk, self._size
        table = list(range(self._blocks))

        def compute(start: int, end: int) -> torch.Tensor:
            slots = self._cache.slots(table, start, end)
            part = Chunk(self._cache, table, 0, start, end, chunk)
            return self._compute(self._rows[start:end], list(range(start, end)), slots, [part])

        for first in range(0, _CHUNKS * chunk, 2 * chunk):
            self._remember()
            whole = compute(first, first + chunk)
            keys, values = (part.clone() for part in self._cache.look(0, 0, [self._blocks]))
            for rows in (chunk, chunk - 5, chunk * 5 // 8 + 1, 114, chunk // 3, size + _LEAST_ROWS):
                latest = (rows - _LEAST_ROWS) // size * size
                for start in {0, size, latest // 2 // size * size, latest}:
                    output = compute(first + start, first + rows)
                    if not torch.equal(output, whole[:, start:rows]):
                        return False
                    now = self._cache.look(0, 0, [self._blocks])
                    if not (torch.equal(now[0], keys) and torch.equal(now[1], values)):
                        return False
        return True

    @torch.inference_mode()
    def _compute(
        self, rows: torch.Tensor, places: list[int], slots: list[int], parts: SequenceOf[Part]
    ) -> torch.Tensor:
        """The first layer's output [1, rows, hidden]."""
        device = self._cache.device
        positions = torch.tensor([places], device=device)
        if hasattr(self._rotary, "mrope_section"):
            positions = positions.expand(3, 1, -1)
        output: torch.Tensor = self._layer(
            rows[None],
            position_embeddings=self._rotary(rows[None], positions),
            pages=Pages(self._cache, torch.tensor(slots, device=device), tuple(parts)),
        )
        return output

    def _remember(self) -> None:
        """Fills the memory with the same keys and values again."""
        slots = torch.arange(len(self._memory), device=self._cache.device)
        self._cache.write(0, slots, self._memory, self._memory.flip(-1))


def sees(runner: Runner, encoder: Encoder) -> bool:
    """Whether two pictures of the same size give different embeddings and different answers."""
    embeddings, logits = [], []
    for name in (b"dark to light", b"light to dark"):
        picture = _gradient(encoder.sight.side, name)
        embedding = encoder.encode([picture])[0]
        prompt = (encoder.sight.image_id,) * picture.tokens
        images = (ImageSpan(0, picture),)
        sequence = Sequence(
            "", "", 0, prompt, Sampling(), images=images, positions=Positions(images), blocks=[0]
        )
        step = [Slice(sequence, 0, picture.tokens)]
        embeddings.append(embedding)
        logits.append(runner.logits(step, {picture.key: embedding}))
    return all(
        bool(torch.isfinite(pair[0]).all() & torch.isfinite(pair[1]).all())
        and not torch.equal(*pair)
        for pair in (embeddings, logits)
    )


def _gradient(side: int, name: bytes) -> Picture:
    """Two by two tokens of grey that changes from top to bottom."""
    values = [row * 255 // (2 * side - 1) for row in range(2 * side)]
    if name.startswith(b"light"):
        values.reverse()
    data = b"".join(bytes([value]) * (3 * 2 * side) for value in values)
    return Picture(name, "", "", 1, 2, 2, Pixels(data, 2 * side, 2 * side))
