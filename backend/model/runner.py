"""Computes a batch: packs tokens, runs the network, samples. Decides nothing."""

from __future__ import annotations

import logging
from collections.abc import Sequence as SequenceOf

import torch

from backend.model.attention import Pages
from backend.model.kv_cache import KVCache, Span
from backend.model.outcome import Failed, Outcome
from backend.model.sampler import Sampler
from backend.scheduling.scheduler import Batch, Slice

log = logging.getLogger(__name__)


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
    ) -> None:
        """`network` is transformers' text model without its `head`.

        `position_rows` is 3 where positions have a row for time, height and width, else 1.
        `decode_rows` is how many sequences may be decoded in one go without any of them
        noticing; 1 where the arithmetic of a row depends on its neighbours.
        """
        self.cache = cache
        self._network = network
        self._head = head
        self._sampler = sampler
        self._position_rows = position_rows
        self._decode_rows = decode_rows
        self._device = next(network.parameters()).device

    @torch.inference_mode()
    def run(self, batch: Batch) -> list[Outcome]:
        """One outcome for each of the batch's slices."""
        outcomes: list[Outcome] = []
        for first in range(0, len(batch.decodes), self._decode_rows):
            outcomes += self._together(batch.decodes[first : first + self._decode_rows])
        for part in batch.prefills:
            outcomes += self._together((part,))
        return outcomes

    def _together(self, slices: SequenceOf[Slice]) -> list[Outcome]:
        """Runs slices in one forward pass; if that breaks, each alone, to find the one at fault."""
        try:
            logits = self._forward(slices)
        except Exception:
            if len(slices) > 1:
                return [outcome for part in slices for outcome in self._together((part,))]
            log.exception("forward pass failed", extra={"request_id": _id(slices[0])})
            return [Failed()]
        due = iter(logits)
        return [self._sample(next(due), part) if part.samples else None for part in slices]

    def _sample(self, logits: torch.Tensor, part: Slice) -> Outcome:
        try:
            return self._sampler.sample(logits, part.sequence)
        except Exception:
            log.exception("sampling failed", extra={"request_id": _id(part)})
            return Failed()

    def _forward(self, slices: SequenceOf[Slice]) -> torch.Tensor:
        """Logits [slices that sample, vocabulary]."""
        tokens: list[int] = []
        places: list[int] = []
        spans: list[Span] = []
        last_rows: list[int] = []
        for part in slices:
            spans.append(
                Span.of(
                    part.sequence.blocks,
                    self.cache.block_size,
                    len(tokens),
                    part.start,
                    part.end,
                    self._device,
                )
            )
            tokens += part.sequence.tokens(part.start, part.end)
            places += range(part.start, part.end)
            if part.samples:
                last_rows.append(len(tokens) - 1)
        pages = Pages(self.cache, tuple(spans))
        hidden = self._network(
            input_ids=torch.tensor([tokens], device=self._device),
            position_ids=self._positions(places),
            use_cache=False,
            pages=pages,
        ).last_hidden_state
        if not last_rows:
            return torch.empty(0)
        logits: torch.Tensor = self._head(hidden[0, last_rows])
        return logits

    def _positions(self, places: list[int]) -> torch.Tensor:
        """[1, tokens], or [3, 1, tokens] where text stands at the same place in all three rows."""
        positions = torch.tensor([places], device=self._device)
        if self._position_rows == 1:
            return positions
        return positions.expand(self._position_rows, 1, -1)


def _id(part: Slice) -> str:
    return part.sequence.request_id
