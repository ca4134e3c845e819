"""The embeddings of the pictures that a step needs: known ones looked up, missing ones made."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping, Sequence

import torch

from backend.prompt.picture import Picture
from backend.rates import Rate
from backend.vision.cache import EmbeddingCache
from backend.vision.encoder import Encoder

log = logging.getLogger(__name__)


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

    @property
    def tokens_per_second(self) -> float:
        """Tokens of pictures encoded a second, measured lately; 0 before the first."""
        return self._rate.per_second

    def embeddings(self, pictures: Iterable[Picture]) -> Mapping[bytes, torch.Tensor]:
        """[tokens, hidden] by key: of these pictures, and of all others held in the cache.

        Missing ones are encoded; one that cannot be is left out and logged. Afterwards none of
        these pictures has its pixels any more.
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

    def _encode(self, pictures: Sequence[Picture]) -> dict[bytes, torch.Tensor]:
        groups = [pictures] if self._pooled else [(picture,) for picture in pictures]
        made: dict[bytes, torch.Tensor] = {}
        began = time.monotonic()
        for group in groups:
            made |= self._together(group)
        if made:
            tokens = sum(embedding.shape[0] for embedding in made.values())
            self._rate.add(tokens, time.monotonic() - began)
        return made

    def _together(self, pictures: Sequence[Picture]) -> dict[bytes, torch.Tensor]:
        """Encodes pictures at once; if that breaks, each alone, to find the one at fault."""
        if not pictures:
            return {}
        try:
            embeddings = self._encoder.encode(pictures)
        except Exception as error:
            if len(pictures) == 1:
                log.warning("a picture cannot be encoded: %s", error, exc_info=True)
                return {}
            return {
                key: embedding
                for picture in pictures
                for key, embedding in self._together((picture,)).items()
            }
        made = {}
        for picture, embedding in zip(pictures, embeddings, strict=True):
            if bool(torch.isfinite(embedding).all()):
                self.cache.put(picture, embedding)
                made[picture.key] = embedding
            else:
                log.warning("the embedding of a picture is not finite")
        return made
