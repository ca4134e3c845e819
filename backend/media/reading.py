"""Words of pages: from a text layer that is worth reading, else by OCR; read once and kept."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Sequence

from backend.media import documents, images, ocr
from backend.media.flights import Flights
from backend.media.limits import MediaLimits
from backend.media.media import Because, HiddenWord, Media, MediaKind, PageText, Word
from backend.media.store import Store
from backend.media.wording import is_usable
from backend.media.workshop import Workshop
from backend.prompt.prompt import ReadingMethod

_LAYERS_AT_ONCE = 8  # pages one worker task reads
_READER = 2  # counted up when the same file would now be read otherwise
_NEWEST_WEIGHT = 0.3  # of the newest page in the measured time of recognition


class Reader:
    """Reads the pages of files in the store. Used from one event loop."""

    def __init__(
        self, store: Store, workshop: Workshop, flights: Flights, limits: MediaLimits
    ) -> None:
        self._store = store
        self._workshop = workshop
        self._flights = flights
        self._limits = limits
        self.recognition_seconds = 0.0  # of a page, measured lately; 0 before the first

    async def read(
        self,
        media: Media,
        numbers: Sequence[int],
        method: ReadingMethod | None,
        on_page: Callable[[PageText], None] | None = None,
    ) -> tuple[PageText, ...]:
        """The words of those pages; `on_page` hears of each as it is read."""
        pages: list[PageText] = []
        for batch in _in_batches(numbers):
            layers = await self._layers(media, batch, method)
            for number, layer in zip(batch, layers, strict=True):
                page = layer if layer is not None else await self._recognised(media, number)
                pages.append(page)
                if on_page is not None:
                    on_page(page)
        return tuple(pages)

    async def known(
        self, media: Media, numbers: Sequence[int], method: ReadingMethod | None
    ) -> tuple[PageText | None, ...]:
        """The words of those pages as far as they are known without recognising any."""
        pages: list[PageText | None] = []
        for batch in _in_batches(numbers):
            layers = await self._layers(media, batch, method)
            for number, layer in zip(batch, layers, strict=True):
                if layer is None:
                    kept = await self._recall(media, number, ReadingMethod.OCR)
                    layer = None if kept is None else kept[0]
                pages.append(layer)
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
            layers = await self._workshop.open(
                media, documents.text_layers, path, missing, self._limits
            )
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
                pixels = await self._workshop.open(
                    media, images.pixels, path, ocr.MAX_SIDE, self._limits
                )
            else:
                pixels = await self._workshop.open(
                    media, documents.pixels, path, number, ocr.DPI, ocr.MAX_SIDE, self._limits
                )
            began = time.monotonic()
            page = PageText(
                number, await self._workshop.recognise(media, pixels), ReadingMethod.OCR
            )
            took = time.monotonic() - began
            self.recognition_seconds += (took - self.recognition_seconds) * (
                _NEWEST_WEIGHT if self.recognition_seconds else 1.0
            )
            await self._remember(media, page, usable=True)
            return page

        return await self._flights.join((media.sha256, "ocr", number), recognise)

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
