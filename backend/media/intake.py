"""The way in: a file is received, sniffed, hashed and looked into before anybody owns it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from backend.errors import InvalidRequest, TooLarge
from backend.media import documents, images
from backend.media.canvas import Canvas
from backend.media.fresh import Fresh
from backend.media.incoming import Incoming
from backend.media.limits import MB, MediaLimits
from backend.media.media import Media, MediaKind
from backend.media.sniffer import HEAD, kind_of, sniff
from backend.media.store import Store
from backend.media.workshop import Workshop


class Intake:
    """Takes files into the store, whole or not at all. Used from one event loop."""

    def __init__(self, store: Store, workshop: Workshop, fresh: Fresh, limits: MediaLimits) -> None:
        self._store = store
        self._workshop = workshop
        self._fresh = fresh
        self._limits = limits

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
                width, height = await self._workshop.look(
                    media, images.inspect, incoming.path, canvas.path, self._limits
                )
                if width * height * 3 <= self._limits.fresh_image_bytes:
                    self._fresh.keep(digest, canvas.pixels(width, height))
            return Media(digest, media.kind, media_type, incoming.size, 1, width, height)
        pages = await self._workshop.open(media, documents.inspect, incoming.path, self._limits)
        return Media(digest, media.kind, media_type, incoming.size, pages)


def _too_many_bytes(limit: int, media_type: str | None = None) -> TooLarge:
    picture = media_type is not None and kind_of(media_type) is MediaKind.IMAGE
    return TooLarge(
        f"The file has more than {limit / MB:g} MB.",
        code="image_too_large" if picture else "request_too_large",
    )
