"""Bytes in, bytes out: the one place where a request is parsed, errors become statuses, and calls are logged.

gRPC gets no serializers of ours: a request that cannot be parsed then gets a status of our own instead of UNKNOWN, and
an answer that is encoded already is sent as it is.
"""

from __future__ import annotations  # grpc's classes are generic in their stubs only

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Never, TypeAlias, TypeVar

import grpc
import structlog
from google.protobuf.message import Message
from grpc_status import rpc_status

from feature_service.server.limits import check_deadline
from feature_service.server.rpc.validation import reader
from feature_service.server.serving.current import CurrentSnapshot
from feature_service.server.statuses import status_of
from feature_service.server.telemetry.calls import Watch, Watched

REQUEST_ID = "x-request-id"
MAX_REQUEST_ID = 128
ANSWER_ENCODING = "x-answer-encoding"
"""Metadata by which a client asks for ``gzip``: what gRPC itself lets it say is what it can read, not what it wants."""

Request = TypeVar("Request", bound=Message)
Context: TypeAlias = "grpc.aio.ServicerContext[bytes, bytes]"
Responder: TypeAlias = "Callable[[bytes], bytes | Awaitable[bytes]]"
Behaviour: TypeAlias = "Callable[[bytes, Context], Awaitable[bytes]]"

_log = structlog.stdlib.get_logger("stockout.calls")


@dataclass(frozen=True)
class Method(Generic[Request]):
    """One RPC.

    Attributes:
        request_type: Of its requests.
        answer: Gives an encoded response, or one to wait for.
        remembers: Whether the answer hangs on the request and the current snapshot alone.
    """

    request_type: type[Request]
    answer: Callable[[Request], bytes | Awaitable[bytes]]
    remembers: bool = False


def handlers(
    service: str, methods: Mapping[str, Method[Any]], watch: Watch, max_ids: int, current: CurrentSnapshot
) -> dict[str, grpc.RpcMethodHandler[Any, Any]]:
    """What gRPC wants to know of a service's methods."""
    return {
        name: grpc.unary_unary_rpc_method_handler(_behaviour(f"{service}/{name}", method, watch, max_ids, current))
        for name, method in methods.items()
    }


def _behaviour(name: str, method: Method[Request], watch: Watch, max_ids: int, current: CurrentSnapshot) -> Behaviour:
    watched, log_calls = Watched(name, method.request_type, watch), watch.log_calls
    respond = _responder(name, method, watched, max_ids, current)

    async def handle(raw: bytes, context: Context) -> bytes:
        began = watched.begun()
        try:
            check_deadline(context)
            answered = respond(raw)
            response = answered if isinstance(answered, bytes) else await answered
        except asyncio.CancelledError:  # the client left, or its deadline passed, while a thread was at work
            watched.ended("CANCELLED", began, sent_with(context))
            raise
        except Exception as error:  # the boundary: whatever it is, the client gets a status and the log the cause
            await end_refused(error, watched, began, context)
        metadata = sent_with(context)
        if ANSWER_ENCODING in metadata:
            await compress_as_asked(context, metadata)
        request_id = _given_request_id(metadata) or (_new_request_id() if log_calls else None)
        if request_id:
            context.set_trailing_metadata(((REQUEST_ID, request_id),))
        seconds = watched.ended("OK", began, metadata)
        if log_calls:
            milliseconds = round(1000 * seconds, 3)
            _log.info("call", method=name, code="OK", ms=milliseconds, request_id=request_id, bytes_out=len(response))
        return response

    return handle


def _responder(
    name: str, method: Method[Request], watched: Watched, max_ids: int, current: CurrentSnapshot
) -> Responder:
    read = reader(method.request_type, max_ids)

    def respond(raw: bytes) -> bytes | Awaitable[bytes]:
        request = read(raw)
        watched.asked(request)
        return method.answer(request)

    def recall(raw: bytes) -> bytes | Awaitable[bytes]:
        remembered = current.get().remembered[name]
        known = remembered.get(raw)
        if known is not None:
            watched.asked_about_one()
            return known
        request = read(raw)
        products = watched.asked(request)
        answer = method.answer(request)  # of the same snapshot, since nothing is waited for
        if products == 1 and isinstance(answer, bytes):
            remembered.keep(raw, answer)
        return answer

    return recall if method.remembers else respond


async def end_refused(error: Exception, watched: Watched, began: float, context: Context) -> Never:
    """End the call with the error's status, and say so in the log."""
    metadata = sent_with(context)
    request_id = request_id_of(metadata)
    code, _ = status_of(error)
    watched.ended(code.name, began, metadata)
    if code is grpc.StatusCode.INTERNAL:
        _log.error("call", method=watched.name, code=code.name, request_id=request_id, exc_info=error)
    else:
        _log.warning("call", method=watched.name, code=code.name, request_id=request_id, error=str(error))
    await refuse(context, error, ((REQUEST_ID, request_id),))


async def refuse(context: Context, error: Exception, trailing: tuple[tuple[str, str], ...] = ()) -> Never:
    """End the call with the error's status."""
    code, status = status_of(error)
    rich = rpc_status.to_status(status)
    await context.abort(code, rich.details, (*trailing, *rich.trailing_metadata))
    raise AssertionError("abort raises")


def sent_with(context: Context) -> dict[str, str]:
    """What the client sent beside its message."""
    return {key: str(value) for key, value in context.invocation_metadata() or ()}


async def compress_as_asked(context: Context, metadata: Mapping[str, str]) -> None:
    """Compress the answer if the client wants it so; to be called before any of it is sent."""
    if metadata.get(ANSWER_ENCODING) == "gzip":
        context.set_compression(grpc.Compression.Gzip)
        await context.send_initial_metadata(())  # without it grpc.aio forgets the choice


def request_id_of(metadata: Mapping[str, str]) -> str:
    """The client's own id of the call, or a new one."""
    return _given_request_id(metadata) or _new_request_id()


def echo_request_id(context: Context, metadata: Mapping[str, str]) -> None:
    """Send the client's own id of the call back with the end of the answer, where it sent one."""
    request_id = _given_request_id(metadata)
    if request_id:
        context.set_trailing_metadata(((REQUEST_ID, request_id),))


def _given_request_id(metadata: Mapping[str, str]) -> str | None:
    """The client's own id of the call, where it sent one."""
    given = metadata.get(REQUEST_ID)
    return given[:MAX_REQUEST_ID] if given else None


def _new_request_id() -> str:
    """For calls that leave a log line. One that leaves none needs no id, and sending it would cost a twentieth."""
    return secrets.token_hex(8)
