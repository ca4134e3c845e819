"""One replica: a backend process, the calls that pass to it, the files that it takes in first."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
from ray import serve

from backend.cluster.calls import Call, Refusal, Reply, metadata
from backend.cluster.process import BackendProcess
from backend.cluster.refusals import from_backend
from backend.cluster.shelf import Shelf
from protos import inference_pb2 as pb
from protos import inference_pb2_grpc, media_pb2, media_pb2_grpc

CHUNK = 1 << 20  # bytes of one message of an upload
IDLE_SECONDS = 600.0  # that answers nobody follows may still take at the end
KNOWN = 10_000  # generations that this replica remembers to have taken
_LARGEST_MESSAGE = 32 << 20  # a rendered page is one message


class Replica:
    """What Ray Serve runs: made on a worker of its own, called by gateways, checked by Ray."""

    def __init__(self, shared: Path, scratch: Path, quota: int, max_running: int) -> None:
        """Returns once the backend answers; until then Ray sends nothing here."""
        self._id = serve.get_replica_context().replica_id.unique_id
        self._shelf = Shelf(shared, quota)
        self._backend = BackendProcess(scratch, self._id, max_running)
        try:
            self._backend.wait_until_ready()
        except BaseException:
            self._backend.end()
            raise
        self._taken: OrderedDict[tuple[str, str], None] = OrderedDict()  # owner, generation
        self._channel: grpc.aio.Channel | None = None  # made on the loop that uses it

    async def stream(self, call: Call) -> AsyncIterator[bytes | Refusal]:
        """Passes a call through whose answer is a stream; a refusal comes last."""
        if refused := await self._take_in(call.owner, call.files):
            yield refused
            return
        if call.name:
            self._taken[call.owner, call.name] = None
            while len(self._taken) > KNOWN:
                self._taken.popitem(last=False)
        passing: grpc.aio.UnaryStreamMultiCallable[bytes, bytes] = self._open().unary_stream(
            call.method
        )
        rpc = passing(call.message, metadata=metadata(call.owner, call.request_id))
        try:
            async for message in rpc:
                yield message
        except grpc.aio.AioRpcError as error:
            yield from_backend(error, self._id)
        finally:  # also when the caller has left: the backend stops within one step
            rpc.cancel()

    async def unary(self, call: Call) -> bytes | Refusal:
        """Passes a call through whose answer is one message."""
        if refused := await self._take_in(call.owner, call.files):
            return refused
        try:
            passing: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = self._open().unary_unary(
                call.method
            )
            return await passing(call.message, metadata=metadata(call.owner, call.request_id))
        except grpc.aio.AioRpcError as error:
            return from_backend(error, self._id)

    async def put(self, call: Call, path: Path) -> bytes | Refusal:
        """Has the backend look at a file that has come in, the call's subject; its MediaRef."""
        try:
            return (await self._put(call.owner, call.subject, path)).SerializeToString()
        except grpc.aio.AioRpcError as error:
            return from_backend(error, self._id)

    async def everywhere(self, call: Call) -> Reply | Refusal:
        """The same as `unary`, for calls that every replica is asked."""
        answer = await self.unary(call)
        return answer if isinstance(answer, Refusal) else Reply(self._id, answer)

    async def stats(self) -> Reply | Refusal:
        """The backend's figures now."""
        watch = inference_pb2_grpc.InferenceStub(self._open()).WatchStats(
            pb.WatchStatsRequest(), timeout=5
        )
        try:
            async for stats in watch:
                return Reply(self._id, stats.SerializeToString())
        except grpc.aio.AioRpcError as error:
            return from_backend(error, self._id)
        finally:
            watch.cancel()
        raise AssertionError("figures are sent at once")

    async def took(self, owner: str, name: str) -> str:
        """This replica's id if it took that generation, else nothing."""
        return self._id if (owner, name) in self._taken else ""

    async def backend_pid(self) -> Reply:
        """The backend's process id, for whoever looks after the machine."""
        return Reply(self._id, str(self._backend.pid).encode())

    def check_health(self) -> None:
        """Ray asks regularly, and replaces a replica that raises."""
        if self._backend.has_ended:
            raise RuntimeError("the backend of this replica has ended")

    def __del__(self) -> None:
        """Ray calls it once no call is running here any more."""
        backend: BackendProcess | None = self.__dict__.pop("_backend", None)
        if backend is not None:
            backend.wait_until_idle(IDLE_SECONDS)
            backend.end()

    def _open(self) -> grpc.aio.Channel:
        if self._channel is None:
            self._channel = grpc.aio.insecure_channel(
                self._backend.address,
                options=[
                    ("grpc.max_receive_message_length", _LARGEST_MESSAGE),
                    ("grpc.max_reconnect_backoff_ms", 500),
                ],
            )
        return self._channel

    async def _take_in(self, owner: str, files: tuple[str, ...]) -> Refusal | None:
        """Fetches what the backend has not got; what the owner has not got it refuses itself."""
        if not files:
            return None
        media = media_pb2_grpc.MediaStub(self._open())
        try:
            there = await media.HasMedia(
                media_pb2.HasMediaRequest(sha256=files), metadata=metadata(owner, "")
            )
            for sha256 in set(files) - {ref.sha256 for ref in there.present}:
                path = self._shelf.path(owner, sha256)
                if path is None:
                    continue
                await self._put(owner, sha256, path)
                if self._shelf.path(owner, sha256) is None:  # forgotten meanwhile
                    await media.Forget(
                        media_pb2.ForgetRequest(sha256=sha256), metadata=metadata(owner, "")
                    )
        except grpc.aio.AioRpcError as error:
            # A malformed hash among them: the call itself says so, with the field's name.
            refused = from_backend(error, self._id)
            return None if refused.status == grpc.StatusCode.INVALID_ARGUMENT.name else refused
        return None

    async def _put(self, owner: str, sha256: str, path: Path) -> media_pb2.MediaRef:
        size = await asyncio.to_thread(lambda: path.stat().st_size)

        async def messages() -> AsyncIterator[media_pb2.PutMediaRequest]:
            header = media_pb2.PutMediaRequest.Header(sha256=sha256, size=size)
            yield media_pb2.PutMediaRequest(header=header)
            with path.open("rb") as file:  # a local read of 1 MiB does not hold the loop up
                while chunk := file.read(CHUNK):
                    yield media_pb2.PutMediaRequest(chunk=chunk)

        media = media_pb2_grpc.MediaStub(self._open())
        return await media.PutMedia(messages(), metadata=metadata(owner, ""))
