"""The embeddings of the pictures that a step needs: known ones looked up, missing ones made."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

import torch

from backend.prompt.picture import Picture
from backend.rates import Rate
from backend.vision.cache import EmbeddingCache
from backend.vision.encoder import Encoder

log = logging.getLogger(__name__)


class _Proof:
    """Whether embeddings are numbers: the device finds out while the host goes on."""

    def __init__(
        self,
        pictures: Sequence[Picture],
        embeddings: Sequence[torch.Tensor],
        began: torch.cuda.Event,
    ) -> None:
        self._pictures = pictures
        self._began = began
        finite = torch.stack([torch.isfinite(embedding).all() for embedding in embeddings])
        self._finite = torch.empty(len(pictures), dtype=torch.bool, pin_memory=True)
        self._finite.copy_(finite, non_blocking=True)
        self._done = _moment()

    def unusable(self) -> list[Picture]:
        """The pictures whose embeddings are not finite; waits until it is known."""
        self._done.synchronize()
        finite = self._finite.tolist()
        return [one for one, fine in zip(self._pictures, finite, strict=True) if not fine]

    @property
    def keys(self) -> frozenset[bytes]:
        """Of all pictures."""
        return frozenset(picture.key for picture in self._pictures)

    @property
    def tokens(self) -> int:
        """Of all pictures."""
        return sum(picture.tokens for picture in self._pictures)

    @property
    def seconds(self) -> float:
        """What encoding them took, once it is done."""
        milliseconds: float = self._began.elapsed_time(self._done)
        return milliseconds / 1e3


def _moment() -> torch.cuda.Event:
    """Now, by the device's clock."""
    event = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
    event.record()
    return event


class Vision:
    """The eyes of a model, and what they remember."""

    def __init__(self, encoder: Encoder, cache: EmbeddingCache, *, pooled: bool = True) -> None:
        """`pooled` encodes missing pictures together; else each alone, where the last bits of an
        embedding would depend on its company."""
        self.cache = cache
        self.sight = encoder.sight
        self._encoder = encoder
        self._pooled = pooled
        self._rate = Rate()
        self._proofs: list[_Proof] = []
        self._starved: set[bytes] = set()

    @property
    def tokens_per_second(self) -> float:
        """Tokens of pictures encoded a second, measured lately; 0 before the first."""
        return self._rate.per_second

    @property
    def resizes(self) -> bool:
        """Whether pictures may come in another size than they are looked at."""
        return self._encoder.resizes

    def prepare_more(self) -> bool:
        """As `Encoder.prepare_more`."""
        return self._encoder.prepare_more()

    def embeddings(self, pictures: Iterable[Picture]) -> Mapping[bytes, torch.Tensor]:
        """[tokens, hidden] by key: of these pictures, and of all others held in the cache.

        Missing ones are encoded; one that cannot be is left out and logged. Afterwards none of
        these pictures has its pixels any more. On a GPU nothing is waited for: `unusable` tells
        which of them were no good.
        """
        wanted = list(pictures)
        found: dict[bytes, torch.Tensor] = {}
        missing: dict[bytes, Picture] = {}
        for picture in wanted:
            embedding = self.cache.get(picture.key)
            if embedding is not None:
                found[picture.key] = embedding
            elif picture.pixels is not None or picture.key not in missing:
                missing[picture.key] = picture
        made = self._encode(list(missing.values()))
        for picture in wanted:
            picture.pixels = None
        return {**self.cache.held(), **found, **made}

    def unusable(self, keys: AbstractSet[bytes]) -> frozenset[bytes]:
        """Those of these pictures, and of those encoded with them, whose embeddings are no numbers;
        told once.

        They are forgotten. Waits for the embeddings to be made.
        """
        due = [proof for proof in self._proofs if not keys.isdisjoint(proof.keys)]
        failing: set[bytes] = set()
        for proof in due:
            self._proofs.remove(proof)
            for picture in proof.unusable():
                log.warning("the embedding of a picture is not finite")
                self.cache.drop(picture.key)
                failing.add(picture.key)
            self._rate.add(proof.tokens, proof.seconds)
        return frozenset(failing)

    def starved(self, keys: AbstractSet[bytes]) -> frozenset[bytes]:
        """Those of these pictures that could not be encoded for want of the device's memory; told
        once."""
        starved = frozenset(self._starved & keys)
        self._starved -= starved
        return starved

    def _encode(self, pictures: Sequence[Picture]) -> dict[bytes, torch.Tensor]:
        groups = [pictures] if self._pooled else [(picture,) for picture in pictures]
        made: dict[bytes, torch.Tensor] = {}
        began = time.monotonic()
        for group in groups:
            made |= self._together(group)
        if made and not self._proofs:  # else the device knows better
            tokens = sum(embedding.shape[0] for embedding in made.values())
            self._rate.add(tokens, time.monotonic() - began)
        return made

    def _together(self, pictures: Sequence[Picture]) -> dict[bytes, torch.Tensor]:
        """Encodes pictures at once; if that breaks, each alone, to find the one at fault."""
        if not pictures:
            return {}
        began = _moment() if torch.cuda.is_available() else None
        try:
            embeddings = self._encoder.encode(pictures)
        except Exception as error:
            is_full = isinstance(error, torch.OutOfMemoryError)
            if is_full and torch.cuda.is_available():
                torch.cuda.empty_cache()
            if len(pictures) == 1:
                log.warning("a picture cannot be encoded: %s", error, exc_info=True)
                if is_full:
                    self._starved.add(pictures[0].key)
                return {}
            return {
                key: embedding
                for picture in pictures
                for key, embedding in self._together((picture,)).items()
            }
        made = {}
        if began is not None:
            self._proofs.append(_Proof(pictures, embeddings, began))
        for picture, embedding in zip(pictures, embeddings, strict=True):
            if began is not None or bool(torch.isfinite(embedding).all()):
                self.cache.put(picture, embedding)
                made[picture.key] = embedding
            else:
                log.warning("the embedding of a picture is not finite")
        return made
