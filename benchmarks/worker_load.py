"""Asks one question over many connections for some seconds and prints calls a second: for where h2load is not.

Usage: ``python -m benchmarks.worker_load TARGET BODY_FILE SECONDS CONNECTIONS``; the body has gRPC's frame around it.
"""

import asyncio
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

import grpc
import uvloop

from benchmarks.rpc import METHOD

IN_FLIGHT = 2
FRAME_BYTES = 5
OPTIONS = (("grpc.use_local_subchannel_pool", 1), ("grpc.max_receive_message_length", -1))


async def load(target: str, request: bytes, seconds: float, connections: int) -> float:
    """Calls a second; a failed call ends it."""
    channels = [grpc.aio.insecure_channel(target, OPTIONS) for _ in range(connections)]
    began, answered = perf_counter(), 0

    async def caller(channel: grpc.aio.Channel) -> None:
        nonlocal answered
        call: Any = channel.unary_unary(METHOD)
        while perf_counter() - began < seconds:
            await call(request)
            answered += 1

    await asyncio.gather(*(caller(channel) for channel in channels for _ in range(IN_FLIGHT)))
    took = perf_counter() - began
    for channel in channels:
        await channel.close()
    return answered / took


if __name__ == "__main__":
    _, where, file, how_long, how_many = sys.argv
    print(uvloop.run(load(where, Path(file).read_bytes()[FRAME_BYTES:], float(how_long), int(how_many))))
