"""Loads two servers in turn, in short blocks of calls, and prints what it saw as JSON. Own process, own loop.

Usage: ``python -m benchmarks.rpc_load SPEC_FILE``. Neighbouring blocks meet the same machine, so the ratio of their
times says more than figures taken seconds apart while others use the machine too.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Iterator
from itertools import cycle, islice
from pathlib import Path
from time import perf_counter
from typing import Any

import grpc
import numpy as np
import uvloop

Call = Callable[[bytes], Awaitable[bytes]]


async def load(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """For each of the two sides the seconds of each block, and its calls' latencies in milliseconds."""
    requests = cycle(bytes.fromhex(each) for each in spec["requests"])
    channels = [grpc.aio.insecure_channel(side["target"]) for side in spec["sides"]]
    calls: list[Any] = [
        channel.unary_unary(side["method"]) for channel, side in zip(channels, spec["sides"], strict=True)
    ]
    blocks: list[list[float]] = [[], []]
    latencies: list[list[float]] = [[], []]
    for number in range(spec["pairs"] + 1):
        for side in (0, 1) if number % 2 else (1, 0):
            block = await _block(calls[side], islice(requests, spec["calls_per_block"]), spec["in_flight"])
            if number:  # the first pair warms up
                blocks[side].append(block[0])
                latencies[side].extend(block[1])
    for channel in channels:
        await channel.close()
    p50_p99 = [np.percentile(each, [50, 99]) * 1000 for each in latencies]
    return [{"seconds": blocks[side], "p50_ms": p50_p99[side][0], "p99_ms": p50_p99[side][1]} for side in (0, 1)]


async def _block(call: Call, requests: Iterator[bytes], in_flight: int) -> tuple[float, list[float]]:
    """Seconds that all the requests took, ``in_flight`` at a time, and each one's."""
    latencies: list[float] = []

    async def caller() -> None:
        for request in requests:
            sent = perf_counter()
            await call(request)
            latencies.append(perf_counter() - sent)

    began = perf_counter()
    await asyncio.gather(*(caller() for _ in range(in_flight)))
    return perf_counter() - began, latencies


if __name__ == "__main__":
    print(json.dumps(uvloop.run(load(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))))
