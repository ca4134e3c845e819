"""The pictures of one request on their way to the engine: held, and drawn where it must be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType

from backend.media.media import Media
from backend.prompt.events import PageRead
from backend.prompt.picture import ImageSpan, Picture
from backend.prompt.prompt import ReadingMethod
from backend.prompt.reading import Reader
from backend.readiness import Computes

AT_ONCE = 4  # pictures of one request that are asked for together


class Hold:
    """Keeps the embeddings of pictures from being dropped, until the engine takes over.

    Use as a context manager: whatever ends it before `hand_over` lets all of them go.
    """

    def __init__(self, engine: Computes, images: Sequence[ImageSpan]) -> None:
        self._engine = engine
        self._keys = [span.picture.key for span in images]  # once for each span, as engines release
        self.known: frozenset[bytes] = frozenset()

    def __enter__(self) -> Hold:
        if self._keys:
            self.known = self._engine.hold_pictures(self._keys)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._keys:
            self._engine.release_pictures(self._keys)

    def hand_over(self) -> None:
        """From now on the engine lets them go, when the request ends."""
        self._keys = []


async def draw(
    reader: Reader,
    owner: str,
    media: Mapping[str, Media],
    images: Sequence[ImageSpan],
    known: frozenset[bytes],
    side: int,
    on_page: Callable[[PageRead], None],
    *,
    any_size: bool = False,
) -> None:
    """Gives every picture that is not known its pixels, and tells of every one.

    `side` is the pixels of a token's side. Pixels may be of `any_size` where the engine resizes
    them. Raises what the library raises of a file.
    """
    places = asyncio.Semaphore(AT_ONCE)

    async def one(picture: Picture) -> None:
        file = media[picture.sha256]
        is_known = picture.key in known
        if not is_known:
            async with places:
                picture.pixels = await reader.picture(
                    owner,
                    file,
                    picture.page,
                    width=picture.columns * side,
                    height=picture.rows * side,
                    any_size=any_size,
                )
        on_page(
            PageRead(file.sha256, picture.page, file.pages, ReadingMethod.VISION, cached=is_known)
        )

    tasks = [asyncio.create_task(one(span.picture)) for span in images]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
