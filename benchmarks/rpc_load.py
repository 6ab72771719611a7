"""Keeps N calls in flight against one method for some seconds and prints what it saw, as JSON. Own process, own loop.

Usage: ``python -m benchmarks.rpc_load TARGET METHOD REQUESTS_FILE IN_FLIGHT SECONDS``; the file is a JSON list
of requests as hexadecimal, sent in turn.
"""

import asyncio
import json
import sys
from itertools import cycle
from pathlib import Path
from time import perf_counter
from typing import Any

import grpc
import numpy as np
import uvloop


async def load(target: str, method: str, requests: list[bytes], in_flight: int, seconds: float) -> dict[str, float]:
    """Calls a second and latencies in milliseconds."""
    turn = cycle(requests)
    latencies: list[float] = []
    async with grpc.aio.insecure_channel(target) as channel:
        call: Any = channel.unary_unary(method)
        await call(next(turn), wait_for_ready=True)
        began = perf_counter()
        end = began + seconds

        async def caller() -> None:
            sent = perf_counter()
            while sent < end:
                await call(next(turn))
                done = perf_counter()
                latencies.append(done - sent)
                sent = done

        await asyncio.gather(*(caller() for _ in range(in_flight)))
        elapsed = perf_counter() - began
    p50, p99 = np.percentile(latencies, [50, 99]) * 1000
    return {"calls": len(latencies), "calls_per_s": len(latencies) / elapsed, "p50_ms": p50, "p99_ms": p99}


if __name__ == "__main__":
    target, method, requests_file, in_flight, seconds = sys.argv[1:]
    requests = [bytes.fromhex(each) for each in json.loads(Path(requests_file).read_text(encoding="utf-8"))]
    print(json.dumps(uvloop.run(load(target, method, requests, int(in_flight), float(seconds)))))
