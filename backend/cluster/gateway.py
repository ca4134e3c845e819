"""The contract's services behind Ray Serve's gRPC ingress: knows who calls and who can answer."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
from grpc_health.v1 import health_pb2
from ray.serve.grpc_util import RayServegRPCContext, gRPCInputStream
from ray.serve.handle import DeploymentHandle

from backend.auth import Gate
from backend.cluster import subjects
from backend.cluster.calls import Call, Refusal
from backend.cluster.refusals import NONE_READY, SILENT, refusal
from backend.cluster.replicas import Heard, Replicas
from backend.cluster.shelf import Shelf
from backend.errors import InvalidRequest, RequestError
from backend.media.limits import MediaLimits
from backend.settings import Settings
from backend.wire import requests
from backend.wire.uploads import read_to_end
from protos import inference_pb2 as pb
from protos import media_pb2

HEALTH_SECONDS = 2.0  # between two looks for who watches the health

_INFERENCE = "/inference.v1.Inference/"
_MEDIA = "/inference.v1.Media/"


class Message:
    """A message that is serialised already, in the shape that Ray's ingress sends."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def SerializeToString(self) -> bytes:
        """The bytes."""
        return self._data


class Gateway:
    """One method for each of the contract, called by Ray's ingress. Keeps nothing of a request."""

    def __init__(
        self, replicas: DeploymentHandle, settings: Settings, shared: Path, quota: int
    ) -> None:
        token = settings.backend_token
        self._gate = Gate(
            None if token is None else token.get_secret_value(),
            (key.get_secret_value() for key in settings.api_keys),
        )
        self._replicas = Replicas(replicas)
        self._limits = MediaLimits(quota_bytes=quota)
        self._shelf = Shelf(shared, quota)

    # Inference.

    async def Generate(
        self, request: pb.GenerateRequest, grpc_context: RayServegRPCContext
    ) -> AsyncIterator[Message]:
        """Answers on the replica that knows the document; leaving stops it there."""
        call = self._call(request, grpc_context, _INFERENCE + "Generate")
        if isinstance(call, Call):
            call = _about(call, request)
        async for message in self._stream(call, grpc_context):
            yield message

    async def Attach(
        self, request: pb.AttachRequest, grpc_context: RayServegRPCContext
    ) -> AsyncIterator[Message]:
        """Follows a generation on the replica that has it."""
        call = self._call(request, grpc_context, _INFERENCE + "Attach")
        if isinstance(call, Call):
            place = await self._replicas.that_took(call.owner, request.request_id)
            call = place if isinstance(place, Refusal) else _changed(call, to=place)
        async for message in self._stream(call, grpc_context):
            yield message

    async def Cancel(self, request: pb.CancelRequest, grpc_context: RayServegRPCContext) -> Message:
        """Stops a generation wherever it runs."""
        call = self._call(request, grpc_context, _INFERENCE + "Cancel")
        heard = await self._everywhere(call)
        if isinstance(heard, Refusal):
            return self._end(heard, grpc_context)
        answers = (pb.CancelResponse.FromString(reply.message) for reply in heard.replies)
        was_running = any(answer.was_running for answer in answers)
        if not was_running and not heard.is_complete:
            return self._end(SILENT, grpc_context)
        return Message(pb.CancelResponse(was_running=was_running).SerializeToString())

    async def Plan(self, request: pb.PlanRequest, grpc_context: RayServegRPCContext) -> Message:
        """Planned where it would run, so that what is known there counts."""
        call = self._call(request, grpc_context, _INFERENCE + "Plan")
        if isinstance(call, Call):
            call = _changed(_about(call, request.request), name="")
        return await self._unary(call, grpc_context)

    async def Tokenize(
        self, request: pb.TokenizeRequest, grpc_context: RayServegRPCContext
    ) -> Message:
        """Any replica knows."""
        call = self._call(request, grpc_context, _INFERENCE + "Tokenize")
        return await self._unary(call, grpc_context)

    async def GetModel(
        self, request: pb.GetModelRequest, grpc_context: RayServegRPCContext
    ) -> Message:
        """What the replicas serve; all serve the same. While there is none, how far they are."""
        call = self._call(request, grpc_context, _INFERENCE + "GetModel")
        heard = await self._everywhere(call)
        if isinstance(heard, Refusal):
            if heard != NONE_READY:
                return self._end(heard, grpc_context)
            starting = pb.GetModelResponse(phase=pb.PHASE_LOADING, detail=heard.message)
            return Message(starting.SerializeToString())
        models = [pb.GetModelResponse.FromString(reply.message) for reply in heard.replies]
        models.sort(key=lambda model: (model.phase != pb.PHASE_READY, model.started_at))
        models[0].limits.queue = sum(model.limits.queue for model in models)
        return Message(models[0].SerializeToString())

    async def WatchStats(
        self, request: pb.WatchStatsRequest, grpc_context: RayServegRPCContext
    ) -> AsyncIterator[Message]:
        """The sum over all replicas, now and at every interval."""
        call = self._call(request, grpc_context, _INFERENCE + "WatchStats")
        try:
            if isinstance(call, Refusal):
                raise _Refused(call)
            interval = requests.interval(request)
        except (RequestError, _Refused) as error:
            yield self._end(_told(error), grpc_context)
            return
        while True:
            yield Message((await self._stats()).SerializeToString())
            await asyncio.sleep(interval)

    # Media.

    async def PutMedia(
        self,
        request: gRPCInputStream[media_pb2.PutMediaRequest],
        grpc_context: RayServegRPCContext,
    ) -> Message:
        """Takes a file onto the shelf once the replica that will be asked about it has read it."""
        call = self._call(media_pb2.PutMediaRequest(), grpc_context, _MEDIA + "PutMedia")
        if isinstance(call, Refusal):
            return self._end(call, grpc_context)
        try:
            answer = await self._received(request, call)
        except (RequestError, _Refused) as error:
            await read_to_end(request)
            return self._end(_told(error), grpc_context)
        return Message(answer)

    async def HasMedia(
        self, request: media_pb2.HasMediaRequest, grpc_context: RayServegRPCContext
    ) -> Message:
        """Which files are on the shelf; replicas fetch them when they need them."""
        call = self._call(request, grpc_context, _MEDIA + "HasMedia")
        try:
            if isinstance(call, Refusal):
                raise _Refused(call)
            named, owner = requests.hashes(request), call.owner
        except (RequestError, _Refused) as error:
            return self._end(_told(error), grpc_context)
        found = await asyncio.to_thread(lambda: [self._shelf.answer(owner, each) for each in named])
        present = [media_pb2.MediaRef.FromString(answer) for answer in found if answer is not None]
        return Message(media_pb2.HasMediaResponse(present=present).SerializeToString())

    async def GetPage(
        self, request: media_pb2.GetPageRequest, grpc_context: RayServegRPCContext
    ) -> Message:
        """Drawn and read where the file is asked about."""
        call = self._call(request, grpc_context, _MEDIA + "GetPage")
        if isinstance(call, Call):
            call = _changed(call, subject=request.sha256, files=(request.sha256,))
        return await self._unary(call, grpc_context)

    async def Forget(
        self, request: media_pb2.ForgetRequest, grpc_context: RayServegRPCContext
    ) -> Message:
        """Erases a file from the shelf first, so that no replica fetches it again, then there.

        A replica that does not answer may have it still: the call fails, to be made again.
        """
        call = self._call(request, grpc_context, _MEDIA + "Forget")
        try:
            if isinstance(call, Refusal):
                raise _Refused(call)
            sha256 = requests.sha256(request.sha256)
        except (RequestError, _Refused) as error:
            return self._end(_told(error), grpc_context)
        existed, freed = await asyncio.to_thread(self._shelf.forget, call.owner, sha256)
        heard = await self._everywhere(call)
        if isinstance(heard, Refusal) and heard != NONE_READY:
            return self._end(heard, grpc_context)
        if isinstance(heard, Heard) and not heard.is_complete:
            return self._end(SILENT, grpc_context)
        forgotten = media_pb2.ForgetResponse(existed=existed, bytes=freed)
        for reply in () if isinstance(heard, Refusal) else heard.replies:
            one = media_pb2.ForgetResponse.FromString(reply.message)
            forgotten.existed |= one.existed
            forgotten.bytes += one.bytes
            forgotten.pages += one.pages
            forgotten.embeddings += one.embeddings
            forgotten.answers += one.answers
            forgotten.generations += one.generations
        return Message(forgotten.SerializeToString())

    # grpc.health.v1, open to everybody.

    async def Check(
        self, request: health_pb2.HealthCheckRequest, grpc_context: RayServegRPCContext
    ) -> Message:
        """Serving as soon as one replica is."""
        return await self._health()

    async def Watch(
        self, request: health_pb2.HealthCheckRequest, grpc_context: RayServegRPCContext
    ) -> AsyncIterator[Message]:
        """The state now, and whenever it changes."""
        last = b""
        while True:
            state = await self._health()
            if state.SerializeToString() != last:
                last = state.SerializeToString()
                yield state
            await asyncio.sleep(HEALTH_SECONDS)

    # What they have in common.

    def _call(self, request: Any, context: RayServegRPCContext, method: str) -> Call | Refusal:  # noqa: ANN401 - any message
        """The call as it is passed on, about nothing in particular; or why it is not."""
        headers = dict(context.invocation_metadata())
        try:
            owner = self._gate.owner(headers)
        except RequestError as error:
            return refusal(error)
        request_id = headers.get("x-request-id", "")
        return Call(
            method, request.SerializeToString(), owner, request_id, subject=uuid.uuid4().hex
        )

    async def _stream(
        self, call: Call | Refusal, context: RayServegRPCContext
    ) -> AsyncIterator[Message]:
        if isinstance(call, Refusal):
            yield self._end(call, context)
            return
        async with contextlib.aclosing(self._replicas.stream(call)) as answer:
            async for item in answer:
                yield self._end(item, context) if isinstance(item, Refusal) else Message(item)

    async def _unary(self, call: Call | Refusal, context: RayServegRPCContext) -> Message:
        answer = call if isinstance(call, Refusal) else await self._replicas.ask(call)
        return self._end(answer, context) if isinstance(answer, Refusal) else Message(answer)

    async def _everywhere(self, call: Call | Refusal) -> Heard | Refusal:
        return call if isinstance(call, Refusal) else await self._replicas.everywhere(call)

    async def _stats(self) -> pb.Stats:
        stats = await self._replicas.stats()
        stats.media_bytes = await asyncio.to_thread(self._shelf.stored_bytes)
        stats.media_bytes_limit = self._limits.quota_bytes
        return stats

    async def _health(self) -> Message:
        stats = await self._stats()
        status = (
            health_pb2.HealthCheckResponse.SERVING
            if stats.phase == pb.PHASE_READY
            else health_pb2.HealthCheckResponse.NOT_SERVING
        )
        return Message(health_pb2.HealthCheckResponse(status=status).SerializeToString())

    async def _received(
        self, messages: gRPCInputStream[media_pb2.PutMediaRequest], call: Call
    ) -> bytes:
        """The MediaRef of a whole upload. Raises what is wrong with it; then nothing is kept."""
        first = await anext(messages, None)
        if first is None or first.WhichOneof("payload") != "header":
            raise InvalidRequest("An upload begins with its header.", param="header")
        announced = first.header
        with self._shelf.receive(self._limits.largest_file) as upload:
            if announced.HasField("size"):
                upload.expect(announced.size)
            async for message in messages:
                if message.WhichOneof("payload") != "chunk":
                    raise InvalidRequest("After the header come chunks only.", param="chunk")
                await asyncio.to_thread(upload.write, message.chunk)
            if messages.is_cancelled():
                raise InvalidRequest("The upload was broken off.")
            sha256 = await asyncio.to_thread(upload.finish)
            if announced.HasField("size") and announced.size != upload.size:
                raise InvalidRequest(f"{announced.size} bytes were announced, {upload.size} came.")
            if announced.HasField("sha256") and (
                requests.sha256(announced.sha256, "header.sha256") != sha256
            ):
                raise InvalidRequest("The bytes have another SHA-256 than announced.")
            call = _changed(call, subject=sha256)
            answer = await self._replicas.put(call, upload.path)
            if isinstance(answer, Refusal):
                raise _Refused(answer)
            await asyncio.to_thread(self._shelf.keep, call.owner, sha256, answer, upload.path)
            return answer

    @staticmethod
    def _end(refused: Refusal, context: RayServegRPCContext) -> Message:
        """Ends the call in an error. Ray carries the context beside a message and loses it beside
        an exception, hence the empty message; with an error status gRPC sends none."""
        context.set_code(grpc.StatusCode[refused.status])
        context.set_details(refused.message)
        context.set_trailing_metadata(list(refused.trailers))
        return Message(b"")


class _Refused(Exception):
    """A refusal where an exception is handier."""

    def __init__(self, refused: Refusal) -> None:
        super().__init__(refused.message)
        self.refused = refused


def _told(error: RequestError | _Refused) -> Refusal:
    return error.refused if isinstance(error, _Refused) else refusal(error)


def _about(call: Call, request: pb.GenerateRequest) -> Call:
    return _changed(
        call,
        files=subjects.files(request),
        subject=subjects.subject(request, call.owner),
        name=request.request_id,
        words=subjects.words(request, call.owner),
    )


def _changed(call: Call, **fields: Any) -> Call:  # noqa: ANN401
    return dataclasses.replace(call, **fields)
