"""The edge that every call crosses: who calls is known here, and errors become statuses here."""

from __future__ import annotations

import contextlib
import re
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextvars import ContextVar
from typing import Any, TypeAlias

import grpc
import structlog
from google.protobuf.message import DecodeError, Message

from backend.auth import Gate
from backend.errors import Internal, InvalidRequest, RequestError
from backend.metrics import Metrics
from backend.tracing import Tracing, Untraced
from backend.wire import statuses

HEALTH = "/grpc.health.v1.Health/"  # open to everybody

log = structlog.get_logger(__name__)

_owner: ContextVar[str] = ContextVar("owner")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"


def owner() -> str:
    """The owner on whose behalf the call at hand is made."""
    return _owner.get()


class Boundary(grpc.aio.ServerInterceptor):
    """Lets a call in only with a known token, and lets no foreign exception out."""

    def __init__(self, gate: Gate, metrics: Metrics, tracing: Tracing | None = None) -> None:
        self._gate = gate
        self._metrics = metrics
        self._tracing = tracing or Untraced()

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        """Wraps the handler of one call, before any of its body is read."""
        handler = await continuation(handler_call_details)
        method = handler_call_details.method
        if handler is None or method.startswith(HEALTH):
            return handler
        metadata = {
            key: value if isinstance(value, str) else ""
            for key, value in handler_call_details.invocation_metadata or ()
        }
        try:
            caller = self._gate.owner(metadata)
        except RequestError as error:
            self._metrics.refused(error.code)
            return refusing(error)
        return self._wrapped(handler, method, caller, metadata)

    def _wrapped(
        self, handler: Handler, method: str, caller: str, metadata: Mapping[str, str]
    ) -> Handler:
        # grpc's annotations know the blocking server's handlers only, hence Any.
        parse: Any = handler.request_deserializer
        serialize: Any = handler.response_serializer
        answer: Any = handler.unary_unary
        stream: Any = handler.unary_stream
        collect: Any = handler.stream_unary

        def crossing(context: Context) -> contextlib.AbstractAsyncContextManager[None]:
            return self._crossing(context, method, caller, metadata)

        async def unary_unary(raw: bytes, context: Context) -> Any:  # noqa: ANN401
            async with crossing(context):
                return await answer(_parsed(parse, raw), context)

        async def unary_stream(raw: bytes, context: Context) -> None:
            # Closed here and now, whatever happens: a generator that is only dropped would run
            # its `finally` at some later time.
            async with (
                crossing(context),
                contextlib.aclosing(stream(_parsed(parse, raw), context)) as responses,
            ):
                async for response in responses:
                    await context.write(response)

        async def stream_unary(raw: AsyncIterator[bytes], context: Context) -> Any:  # noqa: ANN401
            async with crossing(context):
                return await collect((_parsed(parse, chunk) async for chunk in raw), context)

        if answer is not None:
            return grpc.unary_unary_rpc_method_handler(unary_unary, None, serialize)
        if stream is not None:
            return grpc.unary_stream_rpc_method_handler(unary_stream, None, serialize)
        if collect is not None:
            return grpc.stream_unary_rpc_method_handler(stream_unary, None, serialize)
        return handler  # reflection, which has nothing of an owner's to show

    @contextlib.asynccontextmanager
    async def _crossing(
        self, context: Context, method: str, caller: str, metadata: Mapping[str, str]
    ) -> AsyncIterator[None]:
        _owner.set(caller)
        request_id = metadata.get("x-request-id", "")
        if not _REQUEST_ID.fullmatch(request_id):
            request_id = uuid.uuid4().hex
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request=request_id, method=method.rpartition("/")[2])
        try:
            with self._tracing.call(method, metadata, request_id):
                yield
            return
        except RequestError as error:
            refusal = error
        except grpc.aio.AbortError:
            raise
        except Exception:
            log.exception("call failed")
            refusal = Internal("Something went wrong here; the backend's log says what.")
        await _abort(context, refusal)


def _parsed(parse: Callable[[bytes], Message], raw: bytes) -> Message:
    try:
        return parse(raw)
    except DecodeError:
        raise InvalidRequest("The message cannot be read.") from None


def refusing(error: RequestError) -> Handler:
    """A handler that fits a call of any shape and reads nothing of it."""

    async def refuse(requests: AsyncIterator[bytes], context: Context) -> None:
        await _abort(context, error)

    return grpc.stream_stream_rpc_method_handler(refuse)


async def _abort(context: Context, error: RequestError) -> None:
    await context.abort(statuses.code(error), error.message, statuses.trailers(error))
