"""The one door to files: put, find, look at, read, forget.

The event loop calls it; whatever is slow or dangerous happens in threads or in killable workers.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import ParamSpec, TypeVar

from backend.errors import InvalidMedia, InvalidRequest, NotFound, TooLarge
from backend.media import documents, fonts, images, ocr
from backend.media.canvas import Canvas
from backend.media.flights import Flights
from backend.media.fresh import Fresh
from backend.media.incoming import Incoming
from backend.media.limits import MB, MediaLimits
from backend.media.media import (
    Because,
    Forgotten,
    HiddenWord,
    Media,
    MediaKind,
    PageImage,
    PageText,
    Word,
)
from backend.media.sniffer import HEAD, kind_of, sniff
from backend.media.store import Store
from backend.media.wording import is_usable
from backend.media.workers import Workers, WorkFailed, WorkTimedOut
from backend.prompt.picture import Pixels
from backend.prompt.prompt import ReadingMethod

Result = TypeVar("Result")
Arguments = ParamSpec("Arguments")

_LAYERS_AT_ONCE = 8  # pages one worker task reads
_READER = 2  # counted up when the same file would now be read otherwise
_RENDERER = 1
_NEWEST_WEIGHT = 0.3  # of the newest page in the measured time of recognition


class Library:
    """Every owner's files. Used from one event loop."""

    def __init__(self, root: Path, limits: MediaLimits) -> None:
        self._limits = limits
        self._store = Store(root, limits.quota_bytes)
        self._openers = Workers(limits.workers)  # of documents, and of pages to be shown
        self._lookers = Workers(limits.workers)  # of pictures that a model waits for
        self._fresh = Fresh(limits.fresh_bytes)
        self._recognisers = Workers(1)
        self._flights = Flights()
        self._recognition_seconds = 0.0

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
        if size is not None and size > self._limits.largest_file:
            raise _too_many_bytes(self._limits.largest_file)
        with self._store.receive() as incoming:
            media_type = await self._receive(chunks, incoming, size)
            digest = await asyncio.to_thread(incoming.finish)
            if size is not None and incoming.size != size:
                raise InvalidRequest(f"{size} bytes were announced, {incoming.size} came.")
            if sha256 is not None and sha256.lower() != digest:
                raise InvalidRequest("The bytes have another SHA-256 than announced.")
            # Both work on the file, and have to be done before it is closed.
            media, synced = await asyncio.gather(
                self._inspect(incoming, digest, media_type),
                asyncio.to_thread(incoming.sync),
                return_exceptions=True,
            )
            if isinstance(media, BaseException):
                raise media
            if isinstance(synced, BaseException):
                raise synced
            await asyncio.to_thread(self._store.admit, owner, media, incoming)
        return media

    def find(self, owner: str, sha256: str) -> Media:
        """The owner's file of that hash; NotFound as well when only others have it."""
        return self._store.find(owner, sha256)

    async def page(self, owner: str, media: Media, number: int, *, max_side: int) -> PageImage:
        """A picture of one page, its longer side `max_side` at most."""
        media = self._page_exists(owner, media, number)
        name = f"page-{number}.{max_side}.v{_RENDERER}.webp"
        data = await asyncio.to_thread(self._store.recall, media.sha256, name)
        if data is not None:
            return images.stored(data)

        async def draw() -> PageImage:
            path = await asyncio.to_thread(self._store.path, media.sha256)
            if media.kind is MediaKind.IMAGE:
                image = await self._open(media, images.render, path, max_side, self._limits)
            else:
                image = await self._open(
                    media, documents.render, path, number, max_side, self._limits
                )
            await asyncio.to_thread(self._store.remember, media.sha256, name, image.data)
            return image

        return await self._flights.join((media.sha256, name), draw)

    async def words(self, owner: str, media: Media, number: int) -> PageText:
        """The words of one page."""
        media = self._page_exists(owner, media, number)
        (page,) = await self._read(media, [number], None, None)
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
        return await self._read(media, only or range(1, media.pages + 1), method, on_page)

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
        pages: list[PageText | None] = []
        for numbers in _in_batches(only or range(1, media.pages + 1)):
            layers = await self._layers(media, numbers, method)
            for number, layer in zip(numbers, layers, strict=True):
                if layer is None:
                    kept = await self._recall(media, number, ReadingMethod.OCR)
                    layer = None if kept is None else kept[0]
                pages.append(layer)
        return tuple(pages)

    async def page_sizes(self, owner: str, media: Media) -> tuple[tuple[float, float], ...]:
        """Width and height of every page, upright: of a picture in pixels, else in points."""
        media = self._page_exists(owner, media, 1)
        if media.kind is MediaKind.IMAGE:
            return ((media.width, media.height),)
        name = f"sizes.v{_RENDERER}.json"
        data = await asyncio.to_thread(self._store.recall, media.sha256, name)
        if data is not None:
            return tuple((width, height) for width, height in json.loads(data))

        async def measure() -> tuple[tuple[float, float], ...]:
            path = await asyncio.to_thread(self._store.path, media.sha256)
            sizes = await self._open(media, documents.sizes, path)
            kept = json.dumps(sizes).encode()
            await asyncio.to_thread(self._store.remember, media.sha256, name, kept)
            return sizes

        return await self._flights.join((media.sha256, name), measure)

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
                    size = await self._look(media, images.view, path, *target, any_size=any_size)
                else:
                    size = await self._open(
                        media, documents.view, path, number, *target, any_size=any_size
                    )
                return canvas.pixels(*size)

        name = (media.sha256, "view", number, width, height, any_size)
        return await self._flights.join(name, draw)

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
        limits = self._limits
        starts = [
            self._lookers.run(limits.image_seconds, limits.image_memory, images.warm)
            for _ in range(limits.workers)
        ]
        with suppress(WorkFailed):  # whoever needs them next hears of it
            await asyncio.gather(*starts)

    async def draws_chinese(self) -> bool:
        """Whether pages show Chinese that a PDF names without carrying its font."""
        limits = self._limits
        return await self._openers.run(
            limits.document_seconds, limits.document_memory, fonts.draws_chinese
        )

    @property
    def recognition_seconds(self) -> float:
        """What recognising a page takes, measured lately; 0 before the first."""
        return self._recognition_seconds

    @property
    def damaged_entries(self) -> int:
        """Entries on disk found altered since this process started; they were made anew."""
        return self._store.damaged

    async def close(self) -> None:
        """Ends the workers. Nothing may be asked afterwards."""
        await self._openers.close()
        await self._lookers.close()
        await self._recognisers.close()
        self._store.close()

    async def _receive(
        self, chunks: AsyncIterator[bytes], incoming: Incoming, size: int | None
    ) -> str:
        """Takes the bytes in, refusing as early as it can be known; the file's type."""
        head = b""
        media_type = None
        limit = self._limits.largest_file
        async for chunk in chunks:
            if not chunk:
                continue
            if len(head) < HEAD:
                head += chunk[: HEAD - len(head)]
                if len(head) == HEAD:
                    media_type = sniff(head)
                    limit = self._byte_limit(media_type)
            if incoming.size + len(chunk) > limit:
                raise _too_many_bytes(limit, media_type)
            if size is not None and incoming.size + len(chunk) > size:
                raise InvalidRequest(f"{size} bytes were announced, more came.")
            await asyncio.to_thread(incoming.write, chunk)
        return media_type or sniff(head)

    def _byte_limit(self, media_type: str) -> int:
        if kind_of(media_type) is MediaKind.IMAGE:
            return self._limits.image_bytes
        return self._limits.document_bytes

    async def _inspect(self, incoming: Incoming, digest: str, media_type: str) -> Media:
        known = self._store.known(digest)
        if known is not None:
            return known
        media = Media(digest, kind_of(media_type), media_type, incoming.size, pages=1)
        if media.kind is MediaKind.IMAGE:
            with Canvas() as canvas:
                width, height = await self._look(
                    media, images.inspect, incoming.path, canvas.path, self._limits
                )
                if width * height * 3 <= self._limits.fresh_image_bytes:
                    self._fresh.keep(digest, canvas.pixels(width, height))
            return Media(digest, media.kind, media_type, incoming.size, 1, width, height)
        pages = await self._open(media, documents.inspect, incoming.path, self._limits)
        return Media(digest, media.kind, media_type, incoming.size, pages)

    def _page_exists(self, owner: str, media: Media, number: int) -> Media:
        found = self._store.find(owner, media.sha256)
        if not 1 <= number <= found.pages:
            raise NotFound(
                f"There is no page {number}; the file has {found.pages}.", code="page_not_found"
            )
        return found

    async def _read(
        self,
        media: Media,
        numbers: Sequence[int],
        method: ReadingMethod | None,
        on_page: Callable[[PageText], None] | None,
    ) -> tuple[PageText, ...]:
        pages: list[PageText] = []
        for batch in _in_batches(numbers):
            layers = await self._layers(media, batch, method)
            for number, layer in zip(batch, layers, strict=True):
                page = layer if layer is not None else await self._recognised(media, number)
                pages.append(page)
                if on_page is not None:
                    on_page(page)
        return tuple(pages)

    async def _layers(
        self, media: Media, numbers: Sequence[int], method: ReadingMethod | None
    ) -> list[PageText | None]:
        """The pages' text layers; None where OCR has to read instead."""
        if media.kind is MediaKind.IMAGE or method is ReadingMethod.OCR:
            if method is ReadingMethod.TEXT_LAYER:
                return [PageText(number, (), ReadingMethod.TEXT_LAYER) for number in numbers]
            return [None] * len(numbers)
        kept = [await self._recall(media, number, ReadingMethod.TEXT_LAYER) for number in numbers]
        missing = tuple(n for n, layer in zip(numbers, kept, strict=True) if layer is None)

        async def extract() -> list[tuple[PageText, bool]]:
            path = await asyncio.to_thread(self._store.path, media.sha256)
            layers = await self._open(media, documents.text_layers, path, missing, self._limits)
            found = []
            for number, layer in zip(missing, layers, strict=True):
                page = PageText(number, layer.words, ReadingMethod.TEXT_LAYER, hidden=layer.hidden)
                usable = is_usable(layer.words, has_big_picture=layer.has_big_picture)
                await self._remember(media, page, usable)
                found.append((page, usable))
            return found

        fresh = (
            await self._flights.join((media.sha256, "layers", missing), extract) if missing else []
        )
        by_number = {page.number: (page, usable) for page, usable in fresh}
        by_number |= {layer[0].number: layer for layer in kept if layer is not None}
        insists = method is ReadingMethod.TEXT_LAYER
        chosen = [by_number[number] for number in numbers]
        return [page if usable or insists else None for page, usable in chosen]

    async def _recognised(self, media: Media, number: int) -> PageText:
        kept = await self._recall(media, number, ReadingMethod.OCR)
        if kept is not None:
            return kept[0]

        async def recognise() -> PageText:
            path = await asyncio.to_thread(self._store.path, media.sha256)
            if media.kind is MediaKind.IMAGE:
                pixels = await self._open(media, images.pixels, path, ocr.MAX_SIDE, self._limits)
            else:
                pixels = await self._open(
                    media, documents.pixels, path, number, ocr.DPI, ocr.MAX_SIDE, self._limits
                )
            began = time.monotonic()
            page = PageText(number, await self._recognise(media, pixels), ReadingMethod.OCR)
            took = time.monotonic() - began
            self._recognition_seconds += (took - self._recognition_seconds) * (
                _NEWEST_WEIGHT if self._recognition_seconds else 1.0
            )
            await self._remember(media, page, usable=True)
            return page

        return await self._flights.join((media.sha256, "ocr", number), recognise)

    async def _recognise(self, media: Media, pixels: Pixels) -> tuple[Word, ...]:
        limits = self._limits
        try:
            return await self._recognisers.run(
                limits.ocr_seconds, limits.ocr_memory, ocr.recognise, pixels, limits.ocr_threads
            )
        except WorkFailed as failure:
            raise _refusal(media, failure, limits.ocr_seconds) from None

    async def _open(
        self,
        media: Media,
        function: Callable[Arguments, Result],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Result:
        """Runs a function on a file in a worker, within the bounds of the file's kind."""
        return await self._bounded(self._openers, media, function, *args, **kwargs)

    async def _look(
        self,
        media: Media,
        function: Callable[Arguments, Result],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Result:
        """The same for a picture that a model waits for: never behind a slow document."""
        return await self._bounded(self._lookers, media, function, *args, **kwargs)

    async def _bounded(
        self,
        workers: Workers,
        media: Media,
        function: Callable[Arguments, Result],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Result:
        limits = self._limits
        if media.kind is MediaKind.IMAGE:
            seconds, memory = limits.image_seconds, limits.image_memory
        else:
            seconds, memory = limits.document_seconds, limits.document_memory
        try:
            return await workers.run(seconds, memory, function, *args, **kwargs)
        except WorkFailed as failure:
            raise _refusal(media, failure, seconds) from None

    async def _recall(
        self, media: Media, number: int, method: ReadingMethod
    ) -> tuple[PageText, bool] | None:
        """The page as it was read before, and whether that reading is worth using."""
        name = _words_name(number, method)
        data = await asyncio.to_thread(self._store.recall, media.sha256, name)
        if data is None:
            return None
        entry = json.loads(data)
        words = tuple(Word(*word) for word in entry["words"])
        hidden = tuple(
            HiddenWord(Word(*word), Because(why)) for *word, why in entry.get("hidden", ())
        )
        page = PageText(number, words, method, cached=True, hidden=hidden)
        return page, entry["usable"]

    async def _remember(self, media: Media, page: PageText, usable: bool) -> None:
        entry = {
            "usable": usable,
            "words": [_plain(word) for word in page.words],
            "hidden": [(*_plain(one.word), one.because.value) for one in page.hidden],
        }
        data = json.dumps(entry).encode()
        name = _words_name(page.number, page.method)
        await asyncio.to_thread(self._store.remember, media.sha256, name, data)


def _in_batches(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(numbers), _LAYERS_AT_ONCE):
        yield numbers[start : start + _LAYERS_AT_ONCE]


def _plain(word: Word) -> tuple[str, float, float, float, float, int]:
    return word.text, word.left, word.top, word.right, word.bottom, word.line


def _words_name(number: int, method: ReadingMethod) -> str:
    model = f".{ocr.MODEL}" if method is ReadingMethod.OCR else ""
    return f"page-{number}.{method.value}{model}.v{_READER}.json"


def _too_many_bytes(limit: int, media_type: str | None = None) -> TooLarge:
    picture = media_type is not None and kind_of(media_type) is MediaKind.IMAGE
    return TooLarge(
        f"The file has more than {limit / MB:g} MB.",
        code="image_too_large" if picture else "request_too_large",
    )


def _refusal(media: Media, failure: WorkFailed, seconds: float) -> InvalidMedia:
    """What a file's owner is told when work on it had to be stopped."""
    if media.kind is MediaKind.IMAGE:
        return InvalidMedia(
            "The picture needs more time or memory than a picture may.", code="image_too_large"
        )
    if isinstance(failure, WorkTimedOut):
        return InvalidMedia(
            f"A page of the PDF takes longer than {seconds:g} s to work on.", code="pdf_timeout"
        )
    return InvalidMedia("The PDF needs more memory than a document may.", code="pdf_too_complex")
