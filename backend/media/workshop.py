"""Where files are worked on: in processes that can be killed, every kind of file within bounds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import ParamSpec, TypeVar

from backend.errors import InvalidMedia
from backend.media import fonts, images, ocr
from backend.media.limits import MediaLimits
from backend.media.media import Media, MediaKind, Word
from backend.media.workers import Workers, WorkFailed, WorkTimedOut
from backend.prompt.picture import Pixels

Result = TypeVar("Result")
Arguments = ParamSpec("Arguments")


class Workshop:
    """Workers for files. Work that has to be stopped is refused with InvalidMedia."""

    def __init__(self, limits: MediaLimits) -> None:
        self._limits = limits
        self.openers = Workers(limits.workers)  # of documents, and of pages to be shown
        self.lookers = Workers(limits.workers)  # of pictures that a model waits for
        self.recognisers = Workers(1)

    async def open(
        self,
        media: Media,
        function: Callable[Arguments, Result],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Result:
        """Runs a function on a file in a worker, within the bounds of the file's kind."""
        return await self._bounded(self.openers, media, function, *args, **kwargs)

    async def look(
        self,
        media: Media,
        function: Callable[Arguments, Result],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Result:
        """The same for a picture that a model waits for: never behind a slow document."""
        return await self._bounded(self.lookers, media, function, *args, **kwargs)

    async def recognise(self, media: Media, pixels: Pixels) -> tuple[Word, ...]:
        """The words on a picture of a page."""
        limits = self._limits
        try:
            return await self.recognisers.run(
                limits.ocr_seconds, limits.ocr_memory, ocr.recognise, pixels, limits.ocr_threads
            )
        except WorkFailed as failure:
            raise _refusal(media, failure, limits.ocr_seconds) from None

    async def warm(self) -> None:
        """Starts what pictures are decoded in, so that the first one does not wait for it."""
        limits = self._limits
        starts = [
            self.lookers.run(limits.image_seconds, limits.image_memory, images.warm)
            for _ in range(limits.workers)
        ]
        with suppress(WorkFailed):  # whoever needs them next hears of it
            await asyncio.gather(*starts)

    async def draws_chinese(self) -> bool:
        """Whether pages show Chinese that a PDF names without carrying its font."""
        limits = self._limits
        return await self.openers.run(
            limits.document_seconds, limits.document_memory, fonts.draws_chinese
        )

    async def close(self) -> None:
        """Ends the workers. Nothing may be asked afterwards."""
        await self.openers.close()
        await self.lookers.close()
        await self.recognisers.close()

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
