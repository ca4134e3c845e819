"""How pages look: to people, as pictures for a screen, and to models, as pixels."""

from __future__ import annotations

import asyncio
import json

from backend.media import documents, images
from backend.media.canvas import Canvas
from backend.media.flights import Flights
from backend.media.fresh import Fresh
from backend.media.limits import MediaLimits
from backend.media.media import Media, MediaKind, PageImage
from backend.media.store import Store
from backend.media.workshop import Workshop
from backend.prompt.picture import Pixels

_RENDERER = 1  # counted up when the same page would now be drawn otherwise


class Views:
    """Draws the pages of files in the store. Used from one event loop."""

    def __init__(
        self,
        store: Store,
        workshop: Workshop,
        flights: Flights,
        fresh: Fresh,
        limits: MediaLimits,
    ) -> None:
        self._store = store
        self._workshop = workshop
        self._flights = flights
        self._fresh = fresh
        self._limits = limits

    async def page(self, media: Media, number: int, *, max_side: int) -> PageImage:
        """A picture of one page, its longer side `max_side` at most."""
        name = f"page-{number}.{max_side}.v{_RENDERER}.webp"
        data = await asyncio.to_thread(self._store.recall, media.sha256, name)
        if data is not None:
            return images.stored(data)

        async def draw() -> PageImage:
            path = await asyncio.to_thread(self._store.path, media.sha256)
            if media.kind is MediaKind.IMAGE:
                image = await self._workshop.open(
                    media, images.render, path, max_side, self._limits
                )
            else:
                image = await self._workshop.open(
                    media, documents.render, path, number, max_side, self._limits
                )
            await asyncio.to_thread(self._store.remember, media.sha256, name, image.data)
            return image

        return await self._flights.join((media.sha256, name), draw)

    async def sizes(self, media: Media) -> tuple[tuple[float, float], ...]:
        """Width and height of every page, upright: of a picture in pixels, else in points."""
        if media.kind is MediaKind.IMAGE:
            return ((media.width, media.height),)
        name = f"sizes.v{_RENDERER}.json"
        data = await asyncio.to_thread(self._store.recall, media.sha256, name)
        if data is not None:
            return tuple((width, height) for width, height in json.loads(data))

        async def measure() -> tuple[tuple[float, float], ...]:
            path = await asyncio.to_thread(self._store.path, media.sha256)
            sizes = await self._workshop.open(media, documents.sizes, path)
            kept = json.dumps(sizes).encode()
            await asyncio.to_thread(self._store.remember, media.sha256, name, kept)
            return sizes

        return await self._flights.join((media.sha256, name), measure)

    async def picture(
        self,
        media: Media,
        number: int,
        *,
        width: int,
        height: int,
        any_size: bool = False,
    ) -> Pixels:
        """One page as a model sees it: upright, on white, RGB, of exactly that size, or of any
        size that it is easily resized from."""

        async def draw() -> Pixels:
            fresh = self._fresh.find(media.sha256)
            if fresh is not None:
                if any_size and images.is_near(fresh.width, fresh.height, width, height):
                    return fresh
                return await asyncio.to_thread(images.fitted, fresh, width, height)
            path = await asyncio.to_thread(self._store.path, media.sha256)
            limits = self._limits
            with Canvas() as canvas:
                target = canvas.path, width, height, limits
                if media.kind is MediaKind.IMAGE:
                    size = await self._workshop.look(
                        media, images.view, path, *target, any_size=any_size
                    )
                else:
                    size = await self._workshop.open(
                        media, documents.view, path, number, *target, any_size=any_size
                    )
                return canvas.pixels(*size)

        name = (media.sha256, "view", number, width, height, any_size)
        return await self._flights.join(name, draw)
