"""The files of a prompt, found and read page by page."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from backend.errors import InvalidRequest, RequestError
from backend.media.media import Media, PageText
from backend.prompt.events import PageRead
from backend.prompt.prompt import MediaPart, Prompt, ReadingMethod
from backend.prompt.windows import Document

OnPage = Callable[[PageRead], None]


class Reader(Protocol):
    """What reading needs of the media library."""

    def find(self, owner: str, sha256: str) -> Media: ...

    async def read(
        self,
        owner: str,
        media: Media,
        *,
        method: ReadingMethod | None = None,
        on_page: Callable[[PageText], None] | None = None,
    ) -> tuple[PageText, ...]: ...


def files(prompt: Prompt) -> Iterator[tuple[str, MediaPart]]:
    """Every file of every turn, each with its path in the request; one may come several times."""
    for place, message in enumerate(prompt.messages):
        for number, part in enumerate(message.parts):
            if isinstance(part, MediaPart):
                yield f"messages[{place}].parts[{number}].media", part


def find(reader: Reader, prompt: Prompt) -> dict[str, Media]:
    """The prompt's files by hash. Raises NotFound for one that is not this owner's."""
    found: dict[str, Media] = {}
    for path, part in files(prompt):
        if part.sha256 not in found:
            with _blaming(path):
                found[part.sha256] = reader.find(prompt.owner, part.sha256)
    return found


async def read(
    reader: Reader, prompt: Prompt, found: dict[str, Media], on_page: OnPage
) -> dict[str, Document]:
    """Reads every file once, side by side, and tells of every page as it is ready."""
    tasks: dict[str, asyncio.Task[Document]] = {}
    try:
        for path, part in files(prompt):
            if part.sha256 not in tasks:
                media = found[part.sha256]
                tasks[part.sha256] = asyncio.create_task(
                    _read_one(reader, prompt.owner, media, part, path, on_page)
                )
        return dict(zip(tasks, await asyncio.gather(*tasks.values()), strict=True))
    finally:
        for task in tasks.values():
            task.cancel()


async def _read_one(
    reader: Reader, owner: str, media: Media, part: MediaPart, path: str, on_page: OnPage
) -> Document:
    if part.reading is ReadingMethod.VISION:
        raise InvalidRequest(
            "This version reads the words of a file; showing its pages to a model is not possible.",
            param=f"{path}.reading",
        )

    def tell(page: PageText) -> None:
        on_page(PageRead(media.sha256, page.number, media.pages, page.method, page.cached))

    with _blaming(path):
        pages = await reader.read(owner, media, method=part.reading, on_page=tell)
    return Document(media.sha256, part.filename, pages)


@contextmanager
def _blaming(path: str) -> Iterator[None]:
    """Lets an error that names no field blame this one."""
    try:
        yield
    except RequestError as error:
        error.param = error.param or path
        raise
