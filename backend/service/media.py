"""The Media service: files in, pages out, and forgetting."""

from __future__ import annotations

from collections.abc import AsyncIterator

from backend.errors import InvalidRequest, NotFound
from backend.generations import Generations
from backend.kept_answers import KeptAnswers
from backend.media.library import Library
from backend.readiness import Readiness
from backend.service.boundary import Context, owner
from backend.wire import answers, requests
from backend.wire.uploads import read_to_end
from protos import media_pb2, media_pb2_grpc

CHUNK = 1 << 20  # bytes of one message of an upload at most


class MediaService(media_pb2_grpc.MediaServicer):
    """The library's door to the network."""

    def __init__(
        self,
        library: Library,
        generations: Generations,
        kept: KeptAnswers,
        readiness: Readiness,
    ) -> None:
        self._library = library
        self._generations = generations
        self._kept = kept
        self._readiness = readiness

    async def PutMedia(
        self, request_iterator: AsyncIterator[media_pb2.PutMediaRequest], context: Context
    ) -> media_pb2.MediaRef:
        """Takes a file in, chunk by chunk."""
        try:
            header = await _header(request_iterator)
            media = await self._library.put(
                owner(),
                _chunks(request_iterator),
                sha256=(
                    requests.sha256(header.sha256, "header.sha256")
                    if header.HasField("sha256")
                    else None
                ),
                size=header.size if header.HasField("size") else None,
            )
        except Exception:
            await read_to_end(request_iterator)
            raise
        return answers.media_ref(media)

    async def HasMedia(
        self, request: media_pb2.HasMediaRequest, context: Context
    ) -> media_pb2.HasMediaResponse:
        """Which of these files the caller has."""
        present = []
        for sha256 in requests.hashes(request):
            try:
                present.append(answers.media_ref(self._library.find(owner(), sha256)))
            except NotFound:
                continue
        return media_pb2.HasMediaResponse(present=present)

    async def GetPage(self, request: media_pb2.GetPageRequest, context: Context) -> media_pb2.Page:
        """One page as a picture, as words, or both."""
        max_side = requests.max_side(request)
        media = self._library.find(owner(), requests.sha256(request.sha256))
        page = media_pb2.Page()
        if not request.HasField("image") or request.image:
            image = await self._library.page(owner(), media, request.page, max_side=max_side)
            page.image, page.width, page.height = image.data, image.width, image.height
        if request.words:
            text = await self._library.words(owner(), media, request.page)
            page.words.extend(answers.words(text.words))
            page.hidden.extend(answers.hidden(text.hidden))
            page.method = answers.method(text.method)
        return page

    async def Forget(
        self, request: media_pb2.ForgetRequest, context: Context
    ) -> media_pb2.ForgetResponse:
        """Erases a file of the caller's and what is known of it."""
        sha256 = requests.sha256(request.sha256)
        forgotten = await self._library.forget(owner(), sha256)
        engine = self._readiness.engine
        return media_pb2.ForgetResponse(
            existed=forgotten.existed,
            bytes=forgotten.bytes,
            pages=forgotten.pages,
            embeddings=0 if engine is None else engine.forget(owner(), sha256),
            answers=self._kept.forget(owner(), sha256),
            generations=self._generations.forget(owner(), sha256),
        )


async def _header(
    messages: AsyncIterator[media_pb2.PutMediaRequest],
) -> media_pb2.PutMediaRequest.Header:
    first = await anext(messages, None)
    if first is None or first.WhichOneof("payload") != "header":
        raise InvalidRequest("An upload begins with its header.", param="header")
    return first.header


async def _chunks(messages: AsyncIterator[media_pb2.PutMediaRequest]) -> AsyncIterator[bytes]:
    async for message in messages:
        if message.WhichOneof("payload") != "chunk":
            raise InvalidRequest("After the header come chunks only.", param="chunk")
        if len(message.chunk) > CHUNK:
            raise InvalidRequest("A chunk may have 1 MiB.", param="chunk")
        yield message.chunk
