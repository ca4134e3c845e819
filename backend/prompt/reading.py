"""The files of a prompt: found, and read page by page as far as they are read as words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Protocol

from backend.errors import InvalidMedia, InvalidRequest, RequestError
from backend.media.media import Media, MediaKind, PageText
from backend.prompt import router
from backend.prompt.events import PageRead
from backend.prompt.material import Material, View
from backend.prompt.picture import Pixels
from backend.prompt.prompt import MediaPart, Prompt, ReadingMethod
from backend.prompt.router import Way
from backend.prompt.sight import LARGEST_ASPECT
from backend.prompt.sizing import PAGE_DPI
from backend.prompt.windows import Document

OnPage = Callable[[PageRead], None]


class Reader(Protocol):
    """What reading and planning need of the media library; see backend.media.library.Library."""

    def find(self, owner: str, sha256: str) -> Media: ...

    async def read(
        self,
        owner: str,
        media: Media,
        *,
        method: ReadingMethod | None = None,
        on_page: Callable[[PageText], None] | None = None,
        only: Sequence[int] = (),
    ) -> tuple[PageText, ...]: ...

    async def known(
        self,
        owner: str,
        media: Media,
        *,
        method: ReadingMethod | None = None,
        only: Sequence[int] = (),
    ) -> tuple[PageText | None, ...]: ...

    async def page_sizes(self, owner: str, media: Media) -> tuple[tuple[float, float], ...]: ...

    async def picture(
        self,
        owner: str,
        media: Media,
        number: int,
        *,
        width: int,
        height: int,
        any_size: bool = False,
    ) -> Pixels: ...

    @property
    def recognition_seconds(self) -> float: ...


def files(prompt: Prompt) -> Iterator[tuple[str, MediaPart]]:
    """Every file of every turn, each with its path in the request; one may come several times."""
    for place, message in enumerate(prompt.messages):
        for number, part in enumerate(message.parts):
            if isinstance(part, MediaPart):
                yield f"messages[{place}].parts[{number}].media", part


def find(reader: Reader, prompt: Prompt, *, sees_images: bool) -> dict[str, Media]:
    """The prompt's files by hash.

    Raises NotFound for one that is not this owner's, InvalidRequest for one that is to be seen by
    a model that does not see, or whose pages are not there or not the same wherever it is named.
    """
    found: dict[str, Media] = {}
    meant: dict[str, tuple[int, ...]] = {}
    for path, part in files(prompt):
        with _blaming(path):
            media = found.get(part.sha256) or reader.find(prompt.owner, part.sha256)
        with _blaming(f"{path}.reading"):
            router.way(part, media.kind, sees_images=sees_images)
        found[part.sha256] = media
        if part.pages and part.pages[-1] > media.pages:
            raise InvalidRequest(
                f"There is no page {part.pages[-1]}; the file has {media.pages}.",
                param=f"{path}.pages",
            )
        if meant.setdefault(part.sha256, part.pages) != part.pages:
            raise InvalidRequest(
                "The same file is named with other pages before.", param=f"{path}.pages"
            )
    return found


async def read(
    reader: Reader, prompt: Prompt, found: dict[str, Media], on_page: OnPage, *, sees_images: bool
) -> dict[str, Material]:
    """Takes in every file once, side by side, and tells of every page whose words are ready."""

    async def one(path: str, part: MediaPart, media: Media) -> Material:
        def tell(page: PageText) -> None:
            on_page(PageRead(media.sha256, page.number, media.pages, page.method, page.cached))

        way = router.way(part, media.kind, sees_images=sees_images)
        if way is Way.WORDS:
            words = await reader.read(
                prompt.owner, media, method=part.reading, on_page=tell, only=part.pages
            )
            return _material(media, part, words)
        material = await _looked_through(reader, prompt.owner, media, part, way)
        for page in material.document.pages:
            tell(page)
        return material

    return await _side_by_side(prompt, found, one)


async def survey(
    reader: Reader, prompt: Prompt, found: dict[str, Media], *, sees_images: bool
) -> dict[str, Material]:
    """As `read`, but recognises nothing: pages that OCR would have to read stay unread."""

    async def one(path: str, part: MediaPart, media: Media) -> Material:
        way = router.way(part, media.kind, sees_images=sees_images)
        if way is Way.WORDS:
            numbers = part.chosen(media.pages)
            pages = await reader.known(prompt.owner, media, method=part.reading, only=part.pages)
            unread = (n for n, page in zip(numbers, pages, strict=True) if page is None)
            return replace(_material(media, part, pages), unread=tuple(unread))
        return await _looked_through(reader, prompt.owner, media, part, way)

    return await _side_by_side(prompt, found, one)


async def _looked_through(
    reader: Reader, owner: str, media: Media, part: MediaPart, way: Way
) -> Material:
    """A file for a model that sees: words where the text layer is worth it, views elsewhere."""
    pages: Sequence[PageText | None] = ()
    if way is Way.EITHER:
        pages = [
            page if page is not None and page.method is ReadingMethod.TEXT_LAYER else None
            for page in await reader.known(owner, media, only=part.pages)
        ]
    material = _material(media, part, pages)
    read = {page.number for page in material.document.pages}
    missing = [number for number in part.chosen(media.pages) if number not in read]
    if not missing:
        return material
    sizes = await reader.page_sizes(owner, media)
    views = tuple(_view(media, number, *sizes[number - 1], part) for number in missing)
    return replace(material, views=views)


def _material(media: Media, part: MediaPart, pages: Sequence[PageText | None]) -> Material:
    """A file with the pages whose words are known."""
    words = tuple(page for page in pages if page is not None)
    return Material(
        media=media,
        document=Document(media.sha256, part.filename, words, length=media.pages),
        insisted=part.reading is not None,
    )


def _view(media: Media, number: int, width: float, height: float, part: MediaPart) -> View:
    if media.kind is MediaKind.DOCUMENT:
        width, height = (max(1, round(side * PAGE_DPI / 72)) for side in (width, height))
    if max(width, height) > LARGEST_ASPECT * min(width, height):
        raise InvalidMedia(
            f"Page {number} is more than {LARGEST_ASPECT} times as long as it is wide.",
            code="image_aspect_ratio",
        )
    return View(media.sha256, number, int(width), int(height), part.detail)


async def _side_by_side(
    prompt: Prompt,
    found: dict[str, Media],
    one: Callable[[str, MediaPart, Media], Coroutine[Any, Any, Material]],
) -> dict[str, Material]:
    """Every file once; what goes wrong with one names its field and ends the others."""

    async def blamed(path: str, part: MediaPart) -> Material:
        with _blaming(path):
            return await one(path, part, found[part.sha256])

    tasks: dict[str, asyncio.Task[Material]] = {}
    try:
        for path, part in files(prompt):
            if part.sha256 not in tasks:
                tasks[part.sha256] = asyncio.create_task(blamed(path, part))
        return dict(zip(tasks, await asyncio.gather(*tasks.values()), strict=True))
    finally:
        for task in tasks.values():
            task.cancel()


@contextmanager
def _blaming(path: str) -> Iterator[None]:
    """Lets an error that names no field blame this one."""
    try:
        yield
    except RequestError as error:
        error.param = error.param or path
        raise
