"""Brings the pictures and files of a request to the backend, each content once."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Final

from frontend.api.conversation import Attachment
from frontend.api.errors import ApiError, from_backend, invalid
from frontend.api.fetch import Fetcher
from frontend.api.schema import ChatRequest
from frontend.client.concurrent import AsyncClient
from frontend.messages import BackendError, FilePart, FileRef, Turn

_AT_ONCE: Final = 4


class Uploads:
    """Of one request."""

    def __init__(self, client: AsyncClient, fetcher: Fetcher, owner: str) -> None:
        self._client = client
        self._fetcher = fetcher
        self._owner = owner
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._stored: dict[str, asyncio.Lock] = {}
        self._refs: dict[str, FileRef] = {}
        self.names: dict[str, str] = {}  # file names by hash

    async def turns(self, asked: ChatRequest) -> tuple[Turn, ...]:
        """The conversation, every file by its hash. Raises ApiError for the first that is wrong."""
        attachments = list(asked.attachments)
        if not attachments:
            files: dict[int, FilePart] = {}
        else:
            await self._look_up(attachments)
            placed = await _all_or_first_error([self._place(one) for one in attachments])
            files = {id(one): file for one, file in zip(attachments, placed, strict=True)}
        return tuple(
            Turn(
                said.role,
                tuple(
                    files[id(piece)] if isinstance(piece, Attachment) else piece
                    for piece in said.pieces
                ),
                said.calls,
                said.call_id,
            )
            for said in asked.messages
        )

    async def _look_up(self, attachments: list[Attachment]) -> None:
        """Finds out in one call what the backend has already."""
        hashes = {await _hash(one.data) for one in attachments if one.data is not None}
        if not hashes:
            return
        try:
            present = await self._client.has(self._owner, sorted(hashes))
        except BackendError as error:
            raise from_backend(error) from None
        self._refs.update({ref.sha256: ref for ref in present})

    async def _place(self, attachment: Attachment) -> FilePart:
        async with self._places:
            data = attachment.data
            if data is None:
                data = await self._fetcher.fetch(attachment.url, attachment.param)
            sha256 = await _hash(data)
            async with self._stored.setdefault(sha256, asyncio.Lock()):
                ref = self._refs.get(sha256) or await self._put(attachment, data, sha256)
                self._refs[sha256] = ref
        if attachment.is_picture and ref.kind != "image":
            raise invalid(
                attachment.param,
                "This is no picture; a PDF goes into a part of type 'file'.",
                "unsupported_image_format",
            )
        self.names.setdefault(sha256, attachment.filename)
        return FilePart(sha256, attachment.filename, attachment.detail, attachment.pages)

    async def _put(self, attachment: Attachment, data: bytes, sha256: str) -> FileRef:
        try:
            return await self._client.put(self._owner, data, attachment.filename, sha256=sha256)
        except BackendError as error:
            raise from_backend(error, lambda _: attachment.param) from None


async def _hash(data: bytes) -> str:
    if len(data) < 1 << 20:
        return hashlib.sha256(data).hexdigest()
    return (await asyncio.to_thread(hashlib.sha256, data)).hexdigest()


async def _all_or_first_error(work: list[asyncio._CoroutineLike[FilePart]]) -> list[FilePart]:
    """Like gather, but nothing goes on after the first failure."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one) for one in work]
    except* ApiError as failures:
        raise failures.exceptions[0] from None
    return [task.result() for task in tasks]
