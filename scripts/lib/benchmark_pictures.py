"""Measures the way of one picture from its bytes to its embedding, stage by stage."""

from __future__ import annotations

import asyncio
import io
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from backend.media import images
from backend.media.limits import MediaLimits
from backend.media.media import Media
from backend.model.cuda.vision_encoder import FusedEncoder
from backend.model.cuda.vision_pixels import DevicePatches
from backend.model.cuda.vision_tower import FusedTower
from backend.prompt.picture import Picture, Pixels
from backend.prompt.sight import Sight
from backend.vision.patches import patches

_OF_THE_LIBRARY = ("pebble", "pypdfium2", "structlog")  # not on every machine with a GPU
SIGHT = Sight(
    image_id=151363,
    patch=14,
    merge=2,
    temporal=2,
    min_pixels=12544,
    max_pixels=9633792,
    mean=(0.48145466, 0.4578275, 0.40821073),
    std=(0.26862954, 0.26130258, 0.27577711),
    revision="",
)


def encoded(kind: str, side: int) -> bytes:
    """A picture's bytes, with about as much in it as a photo or a scan has."""
    chance = np.random.default_rng(1)
    coarse = chance.integers(0, 256, (side // 16, side // 16, 3), dtype=np.uint8)
    image = Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC)
    fine = np.asarray(image).astype(np.int16) + chance.integers(-4, 5, (side, side, 3))
    out = io.BytesIO()
    Image.fromarray(np.clip(fine, 0, 255).astype(np.uint8)).save(out, kind, quality=90)
    return out.getvalue()


class Shelf:
    """A media library, asked from outside its event loop."""

    def __init__(self, folder: Path, data: bytes, width: int, height: int) -> None:
        from backend.media.library import Library

        self._loop = asyncio.new_event_loop()
        self._library = Library(folder, MediaLimits())
        self._data = data
        self._size = width, height
        self._waiting: list[Media] = []
        self._puts = 0

    def put(self) -> None:
        """Puts a picture that is new."""
        self._puts += 1
        self._waiting.append(self._run(self._library.put("o", self._chunks(self._puts))))

    def picture(self) -> None:
        """Looks at one that was put."""
        media, (width, height) = self._waiting.pop(), self._size
        self._run(self._library.picture("o", media, 1, width=width, height=height, any_size=True))

    def both(self) -> None:
        """Puts a picture that is new, and looks at it at once."""
        self.put()
        self.picture()

    def close(self) -> None:
        self._run(self._library.close())
        self._loop.close()

    async def _chunks(self, number: int) -> AsyncIterator[bytes]:
        yield self._data + number.to_bytes(4)  # decoders read no further than the picture

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401
        return self._loop.run_until_complete(work)


def show(tower: FusedTower, side: int, runs: int) -> None:
    """Prints a table for a JPEG and for a PNG of so many pixels a side."""
    size = SIGHT.size(side, side)
    encoder = FusedEncoder(tower, SIGHT)
    cut = DevicePatches(SIGHT, tower.dtype, tower.device)

    def seen(pixels: Pixels) -> list[Picture]:
        return [Picture(b"", "o", "", 1, size.rows, size.columns, pixels)]

    for kind in ("JPEG", "PNG"):
        data = encoded(kind, side)
        print(f"\nfrom {kind} bytes ({len(data) / 1e3:.0f} kB, {side}x{side}), ms")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "picture"
            path.write_bytes(data)
            image = images.decode(path, MediaLimits())
            sized = images.resized(image, size.width, size.height)
            exact = Pixels(sized.tobytes(), size.width, size.height)
            raw = Pixels(image.tobytes(), image.width, image.height)
            stages: list[tuple[str, Callable[[], object]]] = [
                ("decode, in this process", partial(images.decode, path, MediaLimits())),
                ("its bytes", image.tobytes),
                ("resize, Pillow", partial(images.resized, image, size.width, size.height)),
                ("patches, plain", partial(patches, seen(exact)[0], SIGHT, tower.device)),
                ("patches, resized and cut on the device", partial(cut, seen(raw))),
                ("embedding, from pixels", partial(encoder.encode, seen(raw))),
            ]
            shelf = None
            if all(find_spec(name) is not None for name in _OF_THE_LIBRARY):
                shelf = Shelf(Path(folder) / "library", data, size.width, size.height)
                stages += [
                    ("media store: put", shelf.put),
                    ("media store: picture", shelf.picture),
                    ("media store: both", shelf.both),
                ]
            for name, work in stages:
                print(f"  {name:40s} {_milliseconds(work, runs):8.2f}", flush=True)
            if shelf is not None:
                shelf.close()


def _milliseconds(work: Callable[[], object], runs: int) -> float:
    """The median of several runs, until the device is done."""
    times = []
    for _ in range(runs + 1):
        began = time.perf_counter()
        work()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        times.append((time.perf_counter() - began) * 1e3)
    return statistics.median(times[1:])
