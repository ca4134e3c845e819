"""Computes a batch: packs tokens, runs the network, samples. Decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from collections.abc import Sequence as SequenceOf
from contextlib import nullcontext
from functools import partial
from itertools import accumulate, compress
from typing import TYPE_CHECKING

import torch

from backend.model.adapter import Switch
from backend.model.flight import Flight, Landed
from backend.model.kv_cache import KVCache
from backend.model.outcome import NOT_SEEN, Failed, Outcome, Sampled
from backend.model.packing import Embeddings, Packer
from backend.model.parallel.rows import shadow, told
from backend.model.parallel.team import Alone, Prepare, Rows, Team
from backend.model.recovery import computed, recover, sampled
from backend.model.sampler import Sampler
from backend.model.sending import sent
from backend.scheduling.scheduler import Batch, Slice

if TYPE_CHECKING:  # it needs Triton
    from backend.model.cuda.flight import Left
    from backend.model.cuda.forward import FusedForward


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
        """`network` is a text model, called as transformers' are, without its `head`; where there
        is `fused`, it computes in the network's place.

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
        self._head = head if fused is None else fused.head
        self._sample = partial(sampled, sampler)
        self._position_rows = position_rows
        self._decode_rows = decode_rows
        self._packer = Packer(
            network,
            cache,
            position_rows=position_rows,
            attend_rows=attend_rows,
            tile_tokens=tile_tokens,
            packed=packed,
            tokens_left=None if fused is None else fused.tokens_left,
        )
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
        if all(self._packer.has_pictures(part, embeddings) for part in batch.slices):
            try:
                logits = self._forward(batch.slices, embeddings)
                return self._fused.begin(batch, logits, self._sample)
            except Exception as error:
                recover(error, self._device)
        return Landed(batch, self.run(batch, embeddings))

    @torch.inference_mode()
    def go_on(self, flight: Flight, batch: Batch, embeddings: Embeddings) -> Flight | None:
        """As `launch`, for the batch after a flight, the latest, that leaves its tokens on the
        device; None where that cannot be."""
        assert self._fused is not None
        slices = batch.slices
        if not all(self._packer.has_pictures(part, embeddings) for part in slices):
            return None
        try:
            return self._fused.go_on(
                flight, batch, self._sample, lambda left: self._forward(slices, embeddings, left)
            )
        except Exception as error:
            recover(error, self._device)
            return None

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
        slices = [shadow(piece) for piece in rows.pieces]
        count = sum(part.end - part.start for part in slices)
        ids = torch.zeros(1, count, dtype=torch.int64, device=self._device)
        positions = ids if self._position_rows == 1 else ids.repeat(3, 1)[:, None]
        self._logits(self._packer.embed(ids), positions, slices)

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
        whole = [self._packer.has_pictures(part, embeddings) for part in slices]
        outcomes = iter(
            computed(
                list(compress(slices, whole)),
                lambda some: self._forward(some, embeddings),
                self._chosen,
                self._device,
            )
        )
        return [next(outcomes) if is_whole else Failed(NOT_SEEN) for is_whole in whole]

    def _chosen(self, logits: torch.Tensor, slices: SequenceOf[Slice]) -> list[Outcome]:
        """Outcomes of slices, from logits [those that sample, vocabulary]."""
        outcomes = iter(self._tokens(logits, [part for part in slices if part.samples]))
        return [next(outcomes) if part.samples else None for part in slices]

    def _tokens(self, logits: torch.Tensor, parts: SequenceOf[Slice]) -> list[Outcome]:
        """A token from each row of logits: on the device together where that can be."""
        tokens: list[int | None] = [None] * len(parts)
        if self._fused is not None and parts:
            tokens = self._fused.choose(logits, parts).wait()
        return [
            self._sample(row, part) if token is None else Sampled(token)
            for row, part, token in zip(logits, parts, tokens, strict=True)
        ]

    def _forward(
        self, slices: SequenceOf[Slice], embeddings: Embeddings, left: Left | None = None
    ) -> torch.Tensor:
        """Logits [slices that sample, vocabulary]; `left` is what the last step has left."""
        if self._fused is not None and self._fused.can_decode(slices):
            rows = self._fused.decode(slices) if left is None else self._fused.decode(slices, left)
            sampling = [row for row, part in enumerate(slices) if _samples(part, left)]
            return rows if len(sampling) == len(slices) else rows[self._places(sampling)]
        embedded, positions = (
            self._packer.embedded(slices, embeddings, left),
            self._packer.positions(slices),
        )
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
                pages=self._packer.pages(slices),
            ).last_hidden_state[0]
        return rows


def _samples(part: Slice, left: Left | None) -> bool:
    """Whether a token is chosen after a slice, of which the first may be left on the device."""
    return part.samples if left is None else left.samples(part)


def _told(slices: SequenceOf[Slice], left: Left | None) -> Rows:
    """What those who follow have to know of slices."""
    return told(slices, [_samples(part, left) for part in slices])
