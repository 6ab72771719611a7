"""RPCs that answer with a stream: one at a time is encoded, and the next only once the client's window took it."""

from __future__ import annotations  # grpc's classes are generic in their stubs only

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias

import grpc

from feature_service.server.limits import check_deadline
from feature_service.server.rpc.handlers import (
    Context,
    Request,
    compress_as_asked,
    echo_request_id,
    end_refused,
    sent_with,
)
from feature_service.server.rpc.validation import reader
from feature_service.server.telemetry.calls import Watch, Watched

StreamBehaviour: TypeAlias = "Callable[[bytes, Context], Awaitable[None]]"


@dataclass(frozen=True)
class StreamMethod(Generic[Request]):
    """One RPC: its request type and the function that answers it with encoded responses."""

    request_type: type[Request]
    answer: Callable[[Request], AsyncIterator[bytes]]


def stream_handlers(
    service: str, methods: Mapping[str, StreamMethod[Any]], watch: Watch, max_ids: int
) -> dict[str, grpc.RpcMethodHandler[Any, Any]]:
    """What gRPC wants to know of a service's streaming methods."""
    return {
        name: grpc.unary_stream_rpc_method_handler(_behaviour(f"{service}/{name}", method, watch, max_ids))
        for name, method in methods.items()
    }


def _behaviour(name: str, method: StreamMethod[Request], watch: Watch, max_ids: int) -> StreamBehaviour:
    read, answer = reader(method.request_type, max_ids), method.answer
    watched = Watched(name, method.request_type, watch)

    async def handle(raw: bytes, context: Context) -> None:
        began = watched.begun()
        try:
            with watch.streams.slot():
                check_deadline(context)
                await compress_as_asked(context, sent_with(context))
                request = read(raw)
                watched.asked(request)
                async for response in answer(request):
                    await context.write(response)
        except asyncio.CancelledError:  # the client left, or its deadline passed
            watched.ended("CANCELLED", began, sent_with(context))
            raise
        except Exception as error:  # the boundary: whatever it is, the client gets a status and the log the cause
            await end_refused(error, watched, began, context)
        metadata = sent_with(context)
        echo_request_id(context, metadata)
        watched.ended("OK", began, metadata)

    return handle
