"""The path of a request on one screen: bytes, request, rules, question, answer, bytes.

Here alone an error becomes a status. gRPC gets no serializers of ours: a request that cannot be parsed then gets a
status of our own instead of UNKNOWN, and an answer that is encoded already is sent as it is.
"""

from __future__ import annotations  # grpc's classes are generic in their stubs only

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias

import grpc

from feature_service.server.limits import StreamLimit, check_deadline
from feature_service.server.rpc.call import Call, Context
from feature_service.server.rpc.duplex import DuplexMethod, answers_in_order
from feature_service.server.rpc.validation import Request, RequestReader
from feature_service.server.telemetry.calls import CallTelemetry

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
Method: TypeAlias = "UnaryMethod[Any] | StreamMethod[Any] | DuplexMethod[Any]"


@dataclass(frozen=True)
class UnaryMethod(Generic[Request]):
    """An RPC with one response.

    Attributes:
        request_type: Of its requests.
        answer: Gives the encoded response to a request that has kept its rules, or one to wait for.
        known_answer: Gives the response to a request that asks for nothing but what is encoded already, which can only
            be a request that keeps its rules; None to any other, which is then held against them.
    """

    request_type: type[Request]
    answer: Callable[[Request], bytes | Awaitable[bytes]]
    known_answer: Callable[[Request], bytes | None] = lambda _: None


@dataclass(frozen=True)
class StreamMethod(Generic[Request]):
    """An RPC with a stream of responses; the next is encoded only once the client's window took the one before."""

    request_type: type[Request]
    answer: Callable[[Request], AsyncIterator[bytes]]


@dataclass(frozen=True)
class Handlers:
    """Makes of methods what gRPC wants to know of them; one for the whole server."""

    telemetry: CallTelemetry
    stream_limit: StreamLimit
    max_ids: int | None

    def of(self, name: str, method: Method) -> Handler:
        """The handler of a method; ``name`` is ``service/method``."""
        if isinstance(method, UnaryMethod):
            return grpc.unary_unary_rpc_method_handler(self._unary(name, method))
        if isinstance(method, DuplexMethod):
            return grpc.stream_stream_rpc_method_handler(self._duplex(name, method))
        return grpc.unary_stream_rpc_method_handler(self._stream(name, method))

    def _unary(self, name: str, method: UnaryMethod[Request]) -> Callable[[bytes, Context], Awaitable[bytes]]:
        telemetry, reader = self.telemetry.method(name), RequestReader(method.request_type, self.max_ids)

        async def handle(raw: bytes, context: Context) -> bytes:
            call = Call(telemetry, context)
            try:
                check_deadline(context)
                request, entries = reader.parse(raw)
                response = method.known_answer(request)
                if response is None:
                    reader.check(request)
                    answer = method.answer(request)
                    response = answer if isinstance(answer, bytes) else await answer
                await call.compress_if_asked()
                telemetry.count_entries(entries)
            except asyncio.CancelledError:
                call.cancel()
                raise
            except Exception as error:  # the boundary: whatever it is, the client gets a status and the log the cause
                await call.refuse(error)
            call.end(len(response))
            return response

        return handle

    def _stream(self, name: str, method: StreamMethod[Request]) -> Callable[[bytes, Context], Awaitable[None]]:
        telemetry, reader = self.telemetry.method(name), RequestReader(method.request_type, self.max_ids)

        async def handle(raw: bytes, context: Context) -> None:
            call = Call(telemetry, context)
            try:
                with self.stream_limit.slot():
                    check_deadline(context)
                    await call.compress_if_asked()
                    request, entries = reader.parse(raw)
                    reader.check(request)
                    telemetry.count_entries(entries)
                    async for response in method.answer(request):
                        await context.write(response)
            except asyncio.CancelledError:
                call.cancel()
                raise
            except Exception as error:  # the boundary, as above
                await call.refuse(error)
            call.end()

        return handle

    def _duplex(
        self, name: str, method: DuplexMethod[Request]
    ) -> Callable[[AsyncIterator[bytes], Context], Awaitable[None]]:
        telemetry, reader = self.telemetry.method(name), RequestReader(method.request_type, self.max_ids)

        async def answer(raw: bytes) -> bytes:
            request, entries = reader.parse(raw)
            reader.check(request)
            telemetry.count_entries(entries)
            return await method.answer(request)

        async def handle(requests: AsyncIterator[bytes], context: Context) -> None:
            call = Call(telemetry, context)
            try:
                with self.stream_limit.slot():
                    check_deadline(context)
                    async for response in answers_in_order(requests, answer, method.stopping):
                        await context.write(response)
            except asyncio.CancelledError:
                call.cancel()
                raise
            except Exception as error:  # the boundary, as above
                await call.refuse(error)
            call.end()

        return handle
