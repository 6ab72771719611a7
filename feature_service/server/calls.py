"""Bytes in, bytes out: the one place where a request is parsed, errors become statuses, and calls are logged.

gRPC gets no serializers of ours: a request that cannot be parsed then gets a status of our own instead of UNKNOWN, and
an answer that is encoded already is sent as it is.
"""

from __future__ import annotations  # grpc's classes are generic in their stubs only

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Generic, Never, TypeAlias, TypeVar

import grpc
import structlog
from google.protobuf.message import DecodeError, Message
from grpc_status import rpc_status

from feature_service.server.errors import MalformedRequestError
from feature_service.server.statuses import status_of

REQUEST_ID = "x-request-id"
MAX_REQUEST_ID = 128

Request = TypeVar("Request", bound=Message)
Context: TypeAlias = "grpc.aio.ServicerContext[bytes, bytes]"
Behaviour: TypeAlias = "Callable[[bytes, Context], Awaitable[bytes]]"

_log = structlog.stdlib.get_logger("stockout.calls")


@dataclass(frozen=True)
class Method(Generic[Request]):
    """One RPC: its request type and the function that answers it with an encoded response."""

    request_type: type[Request]
    answer: Callable[[Request], bytes]


def handlers(
    service: str, methods: Mapping[str, Method[Any]], log_calls: bool
) -> dict[str, grpc.RpcMethodHandler[Any, Any]]:
    """What gRPC wants to know of a service's methods."""
    return {
        name: grpc.unary_unary_rpc_method_handler(_behaviour(f"{service}/{name}", method, log_calls))
        for name, method in methods.items()
    }


def _behaviour(name: str, method: Method[Request], log_calls: bool) -> Behaviour:
    parse, answer = method.request_type.FromString, method.answer

    async def handle(raw: bytes, context: Context) -> bytes:
        began = perf_counter()
        try:
            response = answer(parse(raw))
        except DecodeError:
            await _refuse(MalformedRequestError(method.request_type.DESCRIPTOR.full_name), name, context)
        except Exception as error:  # the boundary: whatever it is, the client gets a status and the log the cause
            await _refuse(error, name, context)
        request_id = _given_request_id(context) or (_new_request_id() if log_calls else None)
        if request_id:
            context.set_trailing_metadata(((REQUEST_ID, request_id),))
        if log_calls:
            milliseconds = round(1000 * (perf_counter() - began), 3)
            _log.info("call", method=name, code="OK", ms=milliseconds, request_id=request_id, bytes_out=len(response))
        return response

    return handle


async def _refuse(error: Exception, name: str, context: Context) -> Never:
    """End the call with the error's status, and say so in the log."""
    request_id = _given_request_id(context) or _new_request_id()
    code, status = status_of(error)
    if code is grpc.StatusCode.INTERNAL:
        _log.error("call", method=name, code=code.name, request_id=request_id, exc_info=error)
    else:
        _log.warning("call", method=name, code=code.name, request_id=request_id, error=str(error))
    rich = rpc_status.to_status(status)
    await context.abort(code, rich.details, ((REQUEST_ID, request_id), *rich.trailing_metadata))
    raise AssertionError("abort raises")


def _given_request_id(context: Context) -> str | None:
    """The client's own id of the call, where it sent one."""
    for key, value in context.invocation_metadata() or ():
        if key == REQUEST_ID:
            return str(value)[:MAX_REQUEST_ID]
    return None


def _new_request_id() -> str:
    """For calls that leave a log line. One that leaves none needs no id, and sending it would cost a twentieth."""
    return secrets.token_hex(8)
