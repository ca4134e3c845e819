"""Pictures as they are sent: JPEG bytes, brought in through the product's own media store and its
workers, or, where the packages for that are missing, decoded in threads by the same code."""

from __future__ import annotations

import asyncio
import hashlib
import io
import tempfile
import threading
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import Future
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend.media import images
from backend.media.limits import MediaLimits
from backend.prompt.picture import Picture, Pixels
from backend.prompt.sight import Sight

if TYPE_CHECKING:
    from backend.media.library import Library

PIXELS = 1024  # of a side
OWNER = "o"


def jpeg(seed: int, pixels: int = PIXELS) -> bytes:
    """A picture that is not another's: soft shapes with some grain, as photos have."""
    import numpy as np
    from PIL import Image

    chance = np.random.default_rng(seed)
    small = chance.integers(0, 256, (16, 16, 3), dtype=np.uint8)
    image = Image.fromarray(small).resize((pixels, pixels), Image.Resampling.BICUBIC)
    grain = chance.integers(-12, 13, (pixels, pixels, 3))
    grainy = (np.asarray(image).astype(np.int16) + grain).clip(0, 255).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(grainy).save(out, "JPEG", quality=90)
    return out.getvalue()


class Album:
    """Makes bytes into pictures for an engine. Its work runs on an event loop of its own."""

    def __init__(self, sight: Sight, *, any_size: bool) -> None:
        """`any_size`: the engine resizes them."""
        self._sight = sight
        self._any_size = any_size
        self._folder = tempfile.TemporaryDirectory(prefix="album-")
        self._limits = MediaLimits()
        self._library: Library | None = None
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True, name="album").start()
        if all(find_spec(name) is not None for name in ("pebble", "pypdfium2", "structlog")):
            from backend.media.library import Library

            self._library = Library(Path(self._folder.name), self._limits)

    @property
    def way(self) -> str:
        """How pictures are decoded."""
        return "threads of this process" if self._library is None else "the media store's workers"

    def open(self, data: bytes, *, draws: bool = True) -> Future[Picture]:
        """The picture that these bytes are, its pixels at hand if they are to be drawn."""
        return self._begin(self._open(data, draws))

    def close(self) -> None:
        """Ends the workers."""
        if self._library is not None:
            self._begin(self._library.close()).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._folder.cleanup()

    def _begin(self, work: Coroutine[Any, Any, Any]) -> Future[Any]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def _open(self, data: bytes, draws: bool) -> Picture:
        digest = hashlib.sha256(data).hexdigest()
        size = self._sight.size(PIXELS, PIXELS)
        media = None
        if self._library is not None:
            media = await self._library.put(OWNER, _whole(data), sha256=digest, size=len(data))
        orientation = "upright RGB"
        key = self._sight.key(OWNER, digest, 1, orientation, size)
        picture = Picture(key, OWNER, digest, 1, size.rows, size.columns)
        if not draws:
            return picture
        if self._library is not None:
            assert media is not None
            picture.pixels = await self._library.picture(
                OWNER,
                media,
                1,
                width=size.width,
                height=size.height,
                any_size=self._any_size,
            )
        else:
            picture.pixels = await asyncio.to_thread(self._decode, digest, data, size)
        return picture

    def _decode(self, digest: str, data: bytes, size: Any) -> Pixels:  # noqa: ANN401
        path = Path(self._folder.name) / digest
        path.write_bytes(data)
        image = images.decode(path, self._limits)
        pixels = Pixels(image.tobytes(), image.width, image.height)
        return pixels if self._any_size else images.fitted(pixels, size.width, size.height)


async def _whole(data: bytes) -> AsyncIterator[bytes]:
    for first in range(0, len(data), 1 << 20):
        yield data[first : first + (1 << 20)]
