"""How a model looks at pictures: their size in tokens, and what identifies one; free of torch."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LARGEST_ASPECT = 200  # longer side over shorter


@dataclass(frozen=True)
class Size:
    """A picture's size for the model: pixels are multiples of a token's side."""

    rows: int  # of tokens
    columns: int
    side: int  # pixels of a token's side

    @property
    def tokens(self) -> int:
        """Tokens of the picture."""
        return self.rows * self.columns

    @property
    def width(self) -> int:
        """Pixels."""
        return self.columns * self.side

    @property
    def height(self) -> int:
        """Pixels."""
        return self.rows * self.side


@dataclass(frozen=True)
class Sight:
    """The settings of a model's image processor and the ids it knows pictures by."""

    image_id: int  # the token that stands for a piece of a picture
    patch: int  # pixels of a patch's side
    merge: int  # patches of a token's side
    temporal: int  # how often a still picture is repeated in time
    min_pixels: int  # times `temporal`, as the processor counts
    max_pixels: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    revision: str  # of the model's weights

    @classmethod
    def from_folder(cls, folder: Path, revision: str) -> Sight:
        """Reads config.json and preprocessor_config.json of a model that sees."""
        config = _json(folder / "config.json")
        given = _json(folder / "preprocessor_config.json")
        vision = config.get("vision_config", {})
        size = given.get("size", {})
        return cls(
            image_id=int(config["image_token_id"]),
            patch=int(given.get("patch_size", vision.get("patch_size", 14))),
            merge=int(given.get("merge_size", vision.get("spatial_merge_size", 2))),
            temporal=int(given.get("temporal_patch_size", vision.get("temporal_patch_size", 2))),
            min_pixels=int(size.get("shortest_edge", 112 * 112)),
            max_pixels=int(size.get("longest_edge", 28 * 28 * 15000)),
            mean=_three(given.get("image_mean", (0.48145466, 0.4578275, 0.40821073))),
            std=_three(given.get("image_std", (0.26862954, 0.26130258, 0.27577711))),
            revision=revision,
        )

    @property
    def side(self) -> int:
        """Pixels of a token's side."""
        return self.patch * self.merge

    def size(self, width: int, height: int, most_tokens: int | None = None) -> Size:
        """The size at which a picture of these pixels is looked at, in `most_tokens` at most.

        As the processor of GLM-4.xV does it (transformers' `smart_resize`): both sides are rounded
        to whole tokens, and the picture is scaled where it has too few or too many pixels.
        Raises ValueError where one side is more than 200 times the other.
        """
        side, temporal = self.side, self.temporal
        if height < side or width < side:
            scale = max(side / height, side / width)
            height, width = int(height * scale), int(width * scale)
        if max(height, width) / min(height, width) > LARGEST_ASPECT:
            raise ValueError("the picture is too long for its width")
        most = self.max_pixels
        if most_tokens is not None:
            most = min(most, max(1, most_tokens) * side * side * temporal)
        rows, columns = round(height / side), round(width / side)
        pixels = rows * columns * side * side * temporal
        if pixels > most:
            shrink = math.sqrt(temporal * height * width / most)
            rows = max(1, math.floor(height / shrink / side))
            columns = max(1, math.floor(width / shrink / side))
        elif pixels < self.min_pixels:
            grow = math.sqrt(self.min_pixels / (temporal * height * width))
            rows = math.ceil(height * grow / side)
            columns = math.ceil(width * grow / side)
        return Size(rows, columns, side)

    def key(self, owner: str, sha256: str, page: int, orientation: str, size: Size) -> bytes:
        """What identifies a picture's embedding: all that decides it, and whose it is.

        `sha256` is of the file's full bytes, `orientation` says how they were turned and decoded;
        every field goes in with its length, so that no two lists of fields look the same.
        """
        fields = (
            owner,
            sha256,
            str(page),
            orientation,
            f"{size.rows}x{size.columns}",
            repr((self.patch, self.merge, self.temporal, self.mean, self.std)),
            self.revision,
        )
        digest = hashlib.sha256()
        for field in fields:
            data = field.encode()
            digest.update(len(data).to_bytes(8))
            digest.update(data)
        return digest.digest()


def _three(values: Iterable[float]) -> tuple[float, float, float]:
    first, second, third = map(float, values)
    return first, second, third


def _json(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
