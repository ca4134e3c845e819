"""Computes a batch: packs tokens, runs the network, samples. Decides nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Sequence as SequenceOf
from contextlib import nullcontext
from functools import partial
from itertools import accumulate, compress
from typing import TYPE_CHECKING

import torch

from backend.model.adapter import Switch
from backend.model.attention import Chunk, Pages, Part
from backend.model.decoding import PaddedDecodes, TiledDecodes
from backend.model.flight import Flight, Landed
from backend.model.kv_cache import KVCache
from backend.model.outcome import (
    LOST,
    NO_MEMORY,
    NOT_NUMBERS,
    NOT_SEEN,
    DeviceLost,
    Failed,
    Outcome,
    Sampled,
)
from backend.model.parallel.team import Alone, Piece, Prepare, Rows, Team
from backend.model.sampler import Sampler, UnusableLogits
from backend.model.sending import sent
from backend.prompt.guide import GuideBroken
from backend.prompt.picture import ImageSpan
from backend.prompt.positions import Positions
from backend.prompt.prompt import Sampling
from backend.scheduling.scheduler import Batch, Slice
from backend.scheduling.sequence import Sequence

if TYPE_CHECKING:  # it needs Triton
    from backend.model.cuda.flight import Left
    from backend.model.cuda.forward import FusedForward

log = logging.getLogger(__name__)

_FORMLESS = "The answer could not be kept to the form that was asked for."
_IN_LINE = Positions()

Embeddings = Mapping[bytes, torch.Tensor]  # [tokens, hidden] by the picture's key


class Runner:
    """Owns the device: the network and the memory of its keys and values."""

    def __init__(
        self,
        network: torch.nn.Module,
        head: torch.nn.Module,
        cache: KVCache,
        sampler: Sampler,
        *,
        position_rows: int,
        decode_rows: int,
        attend_rows: int,
        tile_tokens: int,
        packed: bool,
        fused: FusedForward | None = None,
        switch: Switch | None = None,
        team: Team | None = None,
    ) -> None:
        """`network` is transformers' text model without its `head`; where there is `fused`, it
        computes in the network's place.

        `position_rows` is 3 where positions have a row for time, height and width, else 1.
        `packed` computes a whole batch in one forward pass. Otherwise every chunk of a prompt is
        computed by itself, its attention in tiles of `tile_tokens`; `decode_rows` sequences are
        decoded in one go, and `attend_rows` of them attend in one: as many as can be without any
        of them noticing, 1 where the arithmetic of a row depends on its neighbours. `switch` turns
        an adapter on for the sequences that use it. `team` is who computes it together; the
        leader's runner tells those of the others.
        """
        self.cache = cache
        self.packed = packed
        self._network = network
        self._embed = network.get_submodule("embed_tokens")
        self._hidden = network.get_parameter("embed_tokens.weight").shape[1]
        self._head = head if fused is None else fused.head
        self._sampler = sampler
        self._position_rows = position_rows
        self._decode_rows = decode_rows
        self._attend_rows = attend_rows
        self._tile_tokens = tile_tokens
        self._decodes = PaddedDecodes if packed else TiledDecodes
        self._device = cache.device
        self._fused = fused
        self._switch = switch
        self._team: Team = team or Alone()

    def attach(self) -> None:
        """From now on the calling thread is the one that computes."""
        if self._device.type == "cuda" and self._device.index is not None:
            torch.cuda.set_device(self._device)

    @torch.inference_mode()
    def run(self, batch: Batch, embeddings: Embeddings) -> list[Outcome]:
        """One outcome for each of the batch's slices.

        `embeddings` holds those of all pictures that the slices touch; one that is missing, or
        not of its picture's size, fails the slices that touch it. Raises TeamLost.
        """
        outcomes = [
            outcome
            for group in self._groups(batch)
            for outcome in self._together(group, embeddings)
        ]
        self._team.check()
        return outcomes

    @torch.inference_mode()
    def launch(self, batch: Batch, embeddings: Embeddings) -> Flight:
        """As `run`, but where the device computes by itself, without waiting for it."""
        if self._fused is None or not batch.slices:
            return Landed(batch, self.run(batch, embeddings))
        if all(self._has_pictures(part, embeddings) for part in batch.slices):
            try:
                logits = self._forward(batch.slices, embeddings)
                return self._fused.begin(batch, logits, self._sample)
            except Exception as error:
                self._recover(error)
        return Landed(batch, self.run(batch, embeddings))

    @torch.inference_mode()
    def go_on(self, flight: Flight, batch: Batch, embeddings: Embeddings) -> Flight | None:
        """As `launch`, for the batch after a flight, the latest, that leaves its tokens on the
        device; None where that cannot be."""
        assert self._fused is not None
        slices = batch.slices
        if not all(self._has_pictures(part, embeddings) for part in slices):
            return None
        try:
            return self._fused.go_on(
                flight, batch, self._sample, lambda left: self._forward(slices, embeddings, left)
            )
        except Exception as error:
            self._recover(error)
            return None

    def _recover(self, error: Exception) -> None:
        """Makes the device ready to go on after an error. Raises DeviceLost if it never will."""
        if isinstance(error, DeviceLost):
            raise error
        log.warning("a step broke", exc_info=error)
        if not answers(self._device):
            raise DeviceLost(LOST) from error
        if isinstance(error, torch.OutOfMemoryError) and self._device.type == "cuda":
            torch.cuda.empty_cache()

    def prepare(self, decodes: int, tell: Callable[[str], None] = lambda doing: None) -> None:
        """Readies ahead of their need the steps in which up to that many sequences decode: as many
        as it takes to answer soon. `tell` hears how far it is."""
        with self._team.doing(partial(Prepare, decodes)):
            if self._fused is not None:
                # What several processes do together is best all done at the start.
                self._fused.prepare(decodes, tell, whole=self._team.size > 1)

    def prepare_more(self) -> bool:
        """Readies one more step in an idle moment; whether more are left."""
        return self._fused is not None and self._fused.prepare_more()

    @torch.inference_mode()
    def logits(self, slices: SequenceOf[Slice], embeddings: Embeddings) -> torch.Tensor:
        """Logits [slices that sample, vocabulary], without sampling; what breaks is raised."""
        return self._forward(slices, embeddings)

    @torch.inference_mode()
    def follow_decode(self, count: int) -> None:
        """Takes part in a recorded step of so many sequences, which the leader computes."""
        assert self._fused is not None
        self._fused.follow_decode(count)

    @torch.inference_mode()
    def follow_rows(self, rows: Rows) -> None:
        """Takes part in a forward pass that the leader computes."""
        slices = [_shadow(piece) for piece in rows.pieces]
        count = sum(part.end - part.start for part in slices)
        ids = torch.zeros(1, count, dtype=torch.int64, device=self._device)
        positions = ids if self._position_rows == 1 else ids.repeat(3, 1)[:, None]
        self._logits(self._embed(ids), positions, slices)

    def _groups(self, batch: Batch) -> Iterator[SequenceOf[Slice]]:
        """What is computed in one forward pass each, in the order of the batch's slices."""
        if self.packed:
            yield batch.slices
            return
        for first in range(0, len(batch.decodes), self._decode_rows):
            yield batch.decodes[first : first + self._decode_rows]
        for part in batch.prefills:
            yield (part,)

    def _together(self, slices: SequenceOf[Slice], embeddings: Embeddings) -> list[Outcome]:
        """Outcomes of slices that are computed together, but for those that lack a picture."""
        whole = [self._has_pictures(part, embeddings) for part in slices]
        outcomes = iter(self._computed(list(compress(slices, whole)), embeddings))
        return [next(outcomes) if is_whole else Failed(NOT_SEEN) for is_whole in whole]

    def _computed(self, slices: SequenceOf[Slice], embeddings: Embeddings) -> list[Outcome]:
        """Runs slices in one forward pass; if that breaks, in parts, to find the one at fault.

        So for want of memory, too: what is computed alone needs least, and nobody else is harmed.
        """
        if not slices:
            return []
        try:
            logits = self._forward(slices, embeddings)
        except Exception as error:
            self._recover(error)
            if len(slices) > 1:
                return [
                    outcome
                    for some in _apart(slices)
                    for outcome in self._computed(some, embeddings)
                ]
            log.warning("a slice cannot be computed", extra=_named(slices[0]))
            is_full = isinstance(error, torch.OutOfMemoryError)
            return [Failed(NO_MEMORY, is_passing=True) if is_full else Failed()]
        outcomes = iter(self._chosen(logits, [part for part in slices if part.samples]))
        return [next(outcomes) if part.samples else None for part in slices]

    def _chosen(self, logits: torch.Tensor, parts: SequenceOf[Slice]) -> list[Outcome]:
        """Outcomes from logits [parts, vocabulary]: on the device together where that can be."""
        tokens: list[int | None] = [None] * len(parts)
        if self._fused is not None and parts:
            tokens = self._fused.choose(logits, parts).wait()
        return [
            self._sample(row, part) if token is None else Sampled(token)
            for row, part, token in zip(logits, parts, tokens, strict=True)
        ]

    def _sample(self, logits: torch.Tensor, part: Slice) -> Outcome:
        try:
            return self._sampler.sample(logits, part.sequence)
        except UnusableLogits:
            log.warning("logits are not finite", extra=_named(part))
            return Failed(NOT_NUMBERS)
        except GuideBroken:
            log.warning("no token has the form", extra=_named(part))
            return Failed(_FORMLESS)
        except Exception:
            log.exception("sampling failed", extra=_named(part))
            return Failed()

    def _forward(
        self, slices: SequenceOf[Slice], embeddings: Embeddings, left: Left | None = None
    ) -> torch.Tensor:
        """Logits [slices that sample, vocabulary]; `left` is what the last step has left."""
        if self._fused is not None and self._fused.can_decode(slices):
            rows = self._fused.decode(slices) if left is None else self._fused.decode(slices, left)
            sampling = [row for row, part in enumerate(slices) if _samples(part, left)]
            return rows if len(sampling) == len(slices) else rows[self._places(sampling)]
        embedded, positions = self._embedded(slices, embeddings, left), self._positions(slices)
        with self._team.doing(partial(_told, slices, left)):
            return self._logits(embedded, positions, slices, left)

    def _places(self, rows: SequenceOf[int]) -> torch.Tensor:
        """Places of rows on the device, of none as well."""
        return sent(rows, self._device, torch.long)

    def _logits(
        self,
        embedded: torch.Tensor,
        positions: torch.Tensor,
        slices: SequenceOf[Slice],
        left: Left | None = None,
    ) -> torch.Tensor:
        """Logits [slices that sample, vocabulary] from embedded tokens [1, tokens, hidden]."""
        ends = accumulate(part.end - part.start for part in slices)
        last_rows = [
            end - 1 for end, part in zip(ends, slices, strict=True) if _samples(part, left)
        ]
        wanted = self._places(last_rows)
        embedded, positions = self._team.spread(embedded), self._team.spread(positions)
        hidden = self._rows(embedded, positions, slices)
        if not last_rows:
            return torch.empty(0)
        logits: torch.Tensor = self._head(hidden[wanted])
        return logits

    def _rows(
        self, embedded: torch.Tensor, positions: torch.Tensor, slices: SequenceOf[Slice]
    ) -> torch.Tensor:
        """What the head reads of every token: [tokens, hidden]."""
        if self._fused is not None:
            return self._fused.hidden(embedded[0], positions[:, 0], slices)
        uses = [(part.sequence.adapted, part.end - part.start) for part in slices]
        with nullcontext() if self._switch is None else self._switch.rows(uses, embedded):
            rows: torch.Tensor = self._network(
                inputs_embeds=embedded,
                position_ids=positions,
                use_cache=False,
                pages=self._pages(slices),
            ).last_hidden_state[0]
        return rows

    def _embedded(
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
        rows: torch.Tensor = self._embed(sent([ids], self._device))
        if unknown:
            assert self._fused is not None
            tokens = self._fused.tokens_left(list(unknown.values()))
            rows[0, sent(list(unknown), self._device)] = self._embed(tokens)
        first = 0  # the packed row of the slice's first token
        for part in slices:
            for span, start, end in _pictures(part):
                embedding = embeddings[span.picture.key][start - span.start : end - span.start]
                rows[0, first + start - part.start : first + end - part.start] = embedding
            first += part.end - part.start
        return rows

    def _positions(self, slices: SequenceOf[Slice]) -> torch.Tensor:
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

    def _pages(self, slices: SequenceOf[Slice]) -> Pages:
        """Where the slices' keys and values go. Readies the blocks that they begin."""
        cache, size = self.cache, self.cache.block_size
        slots: list[int] = []
        parts: list[Part] = []
        decodes = [part for part in slices if part.start >= len(part.sequence.prompt_ids)]
        most = max(1, len(decodes)) if self.packed else self._attend_rows
        for first in range(0, len(decodes), most):
            group = decodes[first : first + most]
            tables = [part.sequence.blocks[: -(-part.end // size)] for part in group]
            parts.append(self._decodes(cache, first, tables, [part.end for part in group]))
        for part in slices:
            blocks, start, end = part.sequence.blocks, part.start, part.end
            if end % size and end // size * size >= start:
                cache.clear(blocks[end // size])
            if len(slots) >= len(decodes):
                tile = size if self.packed else self._tile_tokens
                parts.append(Chunk(cache, blocks, len(slots), start, end, tile))
            slots += cache.slots(blocks, start, end)
        return Pages(cache, sent(slots, self._device), tuple(parts))

    def _has_pictures(self, part: Slice, embeddings: Embeddings) -> bool:
        """Whether the embedding of every picture that the slice touches is there and fits."""
        return all(
            embedding is not None and embedding.shape == (span.picture.tokens, self._hidden)
            for span, _, _ in _pictures(part)
            for embedding in [embeddings.get(span.picture.key)]
        )


def _samples(part: Slice, left: Left | None) -> bool:
    """Whether a token is chosen after a slice, of which the first may be left on the device."""
    return part.samples if left is None else left.samples(part)


def _apart(slices: SequenceOf[Slice]) -> Iterator[SequenceOf[Slice]]:
    """Decodes, which need little, apart from prompts; then each slice by itself."""
    decodes = [part for part in slices if part.start >= len(part.sequence.prompt_ids)]
    if 0 < len(decodes) < len(slices):
        yield decodes
        slices = slices[len(decodes) :]
    for part in slices:
        yield [part]


def answers(device: torch.device) -> bool:
    """Whether a device does what it is told: after some errors a GPU never does again."""
    if device.type != "cuda":
        return True
    try:
        torch.cuda.synchronize(device)
    except Exception:
        return False
    return True


def _pictures(part: Slice) -> Iterator[tuple[ImageSpan, int, int]]:
    """The pictures that a slice touches, and which places [start, end) of it they take."""
    for span in part.sequence.images:
        start, end = max(span.start, part.start), min(span.end, part.end)
        if start < end:
            yield span, start, end


def _told(slices: SequenceOf[Slice], left: Left | None) -> Rows:
    """What those who follow have to know of slices."""
    pieces = []
    for part in slices:
        sequence, samples = part.sequence, _samples(part, left)
        prompt = len(sequence.prompt_ids)
        pieces.append(Piece(prompt, part.start, part.end, samples, sequence.blocks))
    return Rows(pieces)


def _shadow(piece: Piece) -> Slice:
    """A slice of a sequence whose text is not known, as long as the slice asks for."""
    answer = max(0, piece.end - piece.prompt) + (not piece.samples)
    sequence = Sequence(
        "",
        "",
        0,
        (0,) * piece.prompt,
        Sampling(),
        output_ids=[0] * answer,
        blocks=piece.blocks,
    )
    return Slice(sequence, piece.start, piece.end)


def _named(part: Slice) -> dict[str, str]:
    """Says in the log whose slice it is."""
    return {"request_id": part.sequence.request_id}
