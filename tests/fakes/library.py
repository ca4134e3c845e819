"""A library in memory: a file's lines of text are its words, a form feed begins a new page."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Sequence

from backend.errors import InvalidMedia, InvalidRequest, NotFound
from backend.media.library import Library
from backend.media.media import Forgotten, Media, MediaKind, PageImage, PageText, Word
from backend.prompt.picture import Pixels
from backend.prompt.prompt import ReadingMethod


def page_text(text: str, number: int = 1, method: ReadingMethod = ReadingMethod.OCR) -> PageText:
    """A page that says this."""
    words = tuple(
        Word(word, 0.1, 0.1, 0.2, 0.2, line)
        for line, words in enumerate(text.splitlines())
        for word in words.split()
    )
    return PageText(number, words, method)


class FakeLibrary(Library):
    """Files that begin with %PDF are documents, all others pictures; no worker, no disk."""

    def __init__(self) -> None:
        self.files: dict[str, tuple[Media, bytes]] = {}
        self.owners: set[tuple[str, str]] = set()
        self.open = asyncio.Event()  # reading waits for it
        self.open.set()
        self.readers = 0
        self.drawing = 0
        self.drawn: list[tuple[str, int]] = []  # files and pages
        self.fails_with: Exception | None = None
        self.closed = False

    def add(self, data: bytes, owner: str = "local") -> Media:
        """Stores a file."""
        sha256 = hashlib.sha256(data).hexdigest()
        is_document = data.startswith(b"%PDF")
        media = Media(
            sha256=sha256,
            kind=MediaKind.DOCUMENT if is_document else MediaKind.IMAGE,
            media_type="application/pdf" if is_document else "image/png",
            size=len(data),
            pages=data.count(b"\f") + 1,
            width=0 if is_document else 640,
            height=0 if is_document else 480,
        )
        self.files[sha256] = media, data
        self.owners.add((owner, sha256))
        return media

    async def put(
        self,
        owner: str,
        chunks: AsyncIterator[bytes],
        *,
        sha256: str | None = None,
        size: int | None = None,
    ) -> Media:
        """Takes a file in."""
        data = b"".join([chunk async for chunk in chunks])
        if not data:
            raise InvalidMedia("The file is empty.", code="empty_file")
        if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256:
            raise InvalidRequest("The bytes have another SHA-256 than announced.")
        return self.add(data, owner)

    def find(self, owner: str, sha256: str) -> Media:
        """The owner's file."""
        if (owner, sha256) not in self.owners:
            raise NotFound("There is no such file.")
        return self.files[sha256][0]

    async def read(
        self,
        owner: str,
        media: Media,
        *,
        method: ReadingMethod | None = None,
        on_page: Callable[[PageText], None] | None = None,
        only: Sequence[int] = (),
    ) -> tuple[PageText, ...]:
        """Every page, or some, once reading is open."""
        self.readers += 1
        try:
            await self.open.wait()
        finally:
            self.readers -= 1
        if self.fails_with is not None:
            raise self.fails_with
        how = ReadingMethod.OCR
        if media.kind is MediaKind.DOCUMENT:
            how = method or ReadingMethod.TEXT_LAYER
        text = self.files[media.sha256][1].removeprefix(b"%PDF").decode(errors="ignore")
        pages = tuple(
            page_text(page, n, how)
            for n, page in enumerate(text.split("\f"), 1)
            if not only or n in only
        )
        for page in pages:
            if on_page is not None:
                on_page(page)
        return pages

    async def known(
        self,
        owner: str,
        media: Media,
        *,
        method: ReadingMethod | None = None,
        only: Sequence[int] = (),
    ) -> tuple[PageText | None, ...]:
        """Pages of documents that have words; what a picture says takes recognising."""
        if media.kind is MediaKind.IMAGE or method is ReadingMethod.OCR:
            return (None,) * (len(only) or media.pages)
        pages = await self.read(owner, media, only=only)
        return tuple(page if page.words else None for page in pages)

    async def page_sizes(self, owner: str, media: Media) -> tuple[tuple[float, float], ...]:
        """A4, or a picture as large as it says."""
        if media.kind is MediaKind.IMAGE:
            return ((media.width, media.height),)
        return ((595.0, 842.0),) * media.pages

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
        """All grey, once drawing is open."""
        self.drawing += 1
        try:
            await self.open.wait()
        finally:
            self.drawing -= 1
        if self.fails_with is not None:
            raise self.fails_with
        self.drawn.append((media.sha256, number))
        return Pixels(bytes([128]) * width * height * 3, width, height)

    @property
    def recognition_seconds(self) -> float:
        """Two seconds a page."""
        return 2.0

    async def page(self, owner: str, media: Media, number: int, *, max_side: int) -> PageImage:
        """A picture that is none."""
        return PageImage(b"RIFF....WEBP", max_side, max_side // 2)

    async def words(self, owner: str, media: Media, number: int) -> PageText:
        """One page's words."""
        return (await self.read(owner, media))[number - 1]

    async def forget(self, owner: str, sha256: str) -> Forgotten:
        """Drops a file."""
        if (owner, sha256) not in self.owners:
            return Forgotten(existed=False)
        self.owners.remove((owner, sha256))
        return Forgotten(existed=True, bytes=self.files[sha256][0].size, pages=1)

    @property
    def damaged_entries(self) -> int:
        """None is ever damaged."""
        return 0

    def stored_bytes(self) -> int:
        """All of them."""
        return sum(media.size for media, _ in self.files.values())

    def free_bytes(self) -> int:
        """Plenty."""
        return 1 << 40

    async def close(self) -> None:
        """Nothing runs."""
        self.closed = True
