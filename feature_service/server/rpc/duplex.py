"""RPCs that stream both ways: one answer to each request, in their order, while later requests are read already."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Generic

from feature_service.server.errors import DrainingError
from feature_service.server.rpc.validation import Request

READ_AHEAD = 16
"""Requests of a stream that are worked on at a time; the next is read once the first of them is answered."""


@dataclass(frozen=True)
class DuplexMethod(Generic[Request]):
    """An RPC with a stream of requests and a response to each.

    Attributes:
        request_type: Of its requests.
        answer: Gives the encoded response to a request that has kept its rules.
        stopping: Set when the server drains, which ends the stream.
    """

    request_type: type[Request]
    answer: Callable[[Request], Awaitable[bytes]]
    stopping: asyncio.Event


async def answers_in_order(
    requests: AsyncIterator[bytes], answer: Callable[[bytes], Awaitable[bytes]], stopping: asyncio.Event
) -> AsyncIterator[bytes]:
    """The answers to requests, in their order; the first that fails ends them, and those after it are given up.

    Raises:
        DrainingError: If the server drains.
    """
    waiting: asyncio.Queue[asyncio.Future[bytes] | None] = asyncio.Queue(READ_AHEAD)

    async def read() -> None:
        async for raw in requests:
            await waiting.put(asyncio.ensure_future(answer(raw)))
        await waiting.put(None)

    async def stop() -> None:
        await stopping.wait()
        refusal: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        refusal.set_exception(DrainingError())
        await waiting.put(refusal)

    tasks = [asyncio.ensure_future(read()), asyncio.ensure_future(stop())]
    try:
        while (next_answer := await waiting.get()) is not None:
            yield await next_answer
    finally:
        for task in tasks:
            task.cancel()
        while not waiting.empty():
            if (unwanted := waiting.get_nowait()) is not None:
                unwanted.cancel()
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await unwanted  # so that what it raised does not count as never looked at
