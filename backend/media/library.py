"""The one door to files: put, find, look at, read, forget.

The event loop calls it; whatever is slow or dangerous happens in threads or in killable workers.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from backend.errors import InvalidRequest, NotFound
from backend.media.flights import Flights
from backend.media.fresh import Fresh
from backend.media.intake import Intake
from backend.media.limits import MediaLimits
from backend.media.media import Forgotten, Media, PageImage, PageText
from backend.media.reading import Reader
from backend.media.store import Store
from backend.media.views import Views
from backend.media.workshop import Workshop
from backend.prompt.picture import Pixels
from backend.prompt.prompt import ReadingMethod


class Library:
    """Every owner's files. Used from one event loop."""

    def __init__(self, root: Path, limits: MediaLimits) -> None:
        flights = Flights()
        self._store = Store(root, limits.quota_bytes)
        self._workshop = Workshop(limits)
        self._fresh = Fresh(limits.fresh_bytes)
        self._intake = Intake(self._store, self._workshop, self._fresh, limits)
        self._reader = Reader(self._store, self._workshop, flights, limits)
        self._views = Views(self._store, self._workshop, flights, self._fresh, limits)

    async def put(
        self,
        owner: str,
        chunks: AsyncIterator[bytes],
        *,
        sha256: str | None = None,
        size: int | None = None,
    ) -> Media:
        """Takes in a file whole, or nothing of it.

        Raises InvalidMedia, TooLarge, StorageFull, or InvalidRequest if it is not what was
        announced.
        """
        return await self._intake.put(owner, chunks, sha256=sha256, size=size)

    def find(self, owner: str, sha256: str) -> Media:
        """The owner's file of that hash; NotFound as well when only others have it."""
        return self._store.find(owner, sha256)

    async def page(self, owner: str, media: Media, number: int, *, max_side: int) -> PageImage:
        """A picture of one page, its longer side `max_side` at most."""
        media = self._page_exists(owner, media, number)
        return await self._views.page(media, number, max_side=max_side)

    async def words(self, owner: str, media: Media, number: int) -> PageText:
        """The words of one page."""
        media = self._page_exists(owner, media, number)
        (page,) = await self._reader.read(media, [number], None)
        return page

    async def read(
        self,
        owner: str,
        media: Media,
        *,
        method: ReadingMethod | None = None,
        on_page: Callable[[PageText], None] | None = None,
        only: Sequence[int] = (),
    ) -> tuple[PageText, ...]:
        """The words of every page, or `only` of some: from a good text layer, else by OCR.

        `method` insists on one of the two. `on_page` hears of each page, in order, as it is read.
        """
        if method is ReadingMethod.VISION:
            raise InvalidRequest("Words are read from the text layer or by OCR.")
        media = self._page_exists(owner, media, 1)
        return await self._reader.read(media, only or range(1, media.pages + 1), method, on_page)

    async def known(
        self,
        owner: str,
        media: Media,
        *,
        method: ReadingMethod | None = None,
        only: Sequence[int] = (),
    ) -> tuple[PageText | None, ...]:
        """The words of every page, or `only` of some, as far as they are known by now.

        That is the text layer where it is worth reading, else what OCR found earlier, else None.
        `method` insists on one of the two.
        """
        media = self._page_exists(owner, media, 1)
        return await self._reader.known(media, only or range(1, media.pages + 1), method)

    async def page_sizes(self, owner: str, media: Media) -> tuple[tuple[float, float], ...]:
        """Width and height of every page, upright: of a picture in pixels, else in points."""
        return await self._views.sizes(self._page_exists(owner, media, 1))

    async def picture(
        self,
        owner: str,
        media: Media,
        number: int,
        *,
        width: int,
        height: int,
        any_size: bool = False,
    ) -> Pixels:
        """One page as a model sees it: upright, on white, RGB, of exactly that size, or of any
        size that it is easily resized from."""
        media = self._page_exists(owner, media, number)
        return await self._views.picture(
            media, number, width=width, height=height, any_size=any_size
        )

    async def forget(self, owner: str, sha256: str) -> Forgotten:
        """Takes the file from its owner; its bytes go with the last owner."""
        self._fresh.drop(sha256)
        return await asyncio.to_thread(self._store.forget, owner, sha256)

    def stored_bytes(self) -> int:
        """Bytes on disk, derived ones included."""
        return self._store.stored_bytes()

    def free_bytes(self) -> int:
        """Room on the disk that files lie on; 0 if unknown."""
        return self._store.free_bytes()

    async def warm(self) -> None:
        """Starts what pictures are decoded in, so that the first one does not wait for it."""
        await self._workshop.warm()

    async def draws_chinese(self) -> bool:
        """Whether pages show Chinese that a PDF names without carrying its font."""
        return await self._workshop.draws_chinese()

    @property
    def recognition_seconds(self) -> float:
        """What recognising a page takes, measured lately; 0 before the first."""
        return self._reader.recognition_seconds

    @property
    def damaged_entries(self) -> int:
        """Entries on disk found altered since this process started; they were made anew."""
        return self._store.damaged

    async def close(self) -> None:
        """Ends the workers. Nothing may be asked afterwards."""
        await self._workshop.close()
        self._store.close()

    def _page_exists(self, owner: str, media: Media, number: int) -> Media:
        found = self._store.find(owner, media.sha256)
        if not 1 <= number <= found.pages:
            raise NotFound(
                f"There is no page {number}; the file has {found.pages}.", code="page_not_found"
            )
        return found
