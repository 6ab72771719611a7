"""Two minutes at 80 % of what the server was just seen to do: no call may fail, and its memory must stay flat.

The server is a process of its own; the callers are here. Calls are sent at a steady rate, whether the ones before are
answered or not, as many clients do that do not know of each other.
"""

import argparse
import asyncio
import sys
import tempfile
from collections import Counter
from itertools import cycle
from pathlib import Path
from time import perf_counter
from typing import Any

import grpc
import numpy as np
import psutil
import uvloop

from benchmarks.rpc import METHOD, made_snapshots, requests_of, risk_server
from data import snapshots

LOAD = 0.8
CAPACITY_SECONDS = 5.0
IN_FLIGHT = 32
BATCH = 100
SAMPLES = 24
FLAT_BYTES = 16 << 20
TIMEOUT_S = 10.0


def main() -> None:
    """Run, tell what was seen, exit 1 if a call failed or memory grew."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--snapshots", type=Path, help="published snapshots; default: makes one of 33,000 products")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        root = options.snapshots or made_snapshots(Path(scratch))
        product_ids = snapshots.load(root, snapshots.current_id(root)).panel.product_ids
        with risk_server(root) as (process, port):
            sys.exit(uvloop.run(_soak(process, f"127.0.0.1:{port}", requests_of(product_ids, BATCH), options.seconds)))


async def _soak(process: psutil.Process, target: str, requests: list[bytes], seconds: float) -> int:
    async with grpc.aio.insecure_channel(target) as channel:
        call: Any = channel.unary_unary(METHOD)
        capacity = await _capacity(call, requests)
        rate = LOAD * capacity
        print(f"capacity {capacity:,.0f} calls/s of {BATCH} ids; {rate:,.0f} calls/s for {seconds:g} s", flush=True)
        codes: Counter[str] = Counter()
        sampling = asyncio.create_task(_memory(process, seconds))
        await _steady(call, requests, rate, seconds, codes)
        memory = await sampling
    half = len(memory) // 2
    grown = float(np.median(memory[half:]) - np.median(memory[:half]))
    print(f"answers {dict(codes)}; memory {memory[-1] / 2**20:,.0f} MiB, grown by {grown / 2**20:+.1f} MiB")
    failed = sum(codes.values()) - codes["OK"]
    if failed or grown > FLAT_BYTES:
        print(f"soak: {failed} calls failed, memory may grow by {FLAT_BYTES / 2**20:.0f} MiB", file=sys.stderr)
        return 1
    return 0


async def _capacity(call: Any, requests: list[bytes]) -> float:
    """Calls a second with ``IN_FLIGHT`` at a time."""
    source, until, answered = cycle(requests), perf_counter() + CAPACITY_SECONDS, 0

    async def caller() -> None:
        nonlocal answered
        while perf_counter() < until:
            await call(next(source), timeout=TIMEOUT_S)
            answered += 1

    await asyncio.gather(*(caller() for _ in range(IN_FLIGHT)))
    return answered / CAPACITY_SECONDS


async def _steady(call: Any, requests: list[bytes], rate: float, seconds: float, codes: Counter[str]) -> None:
    """Send at ``rate``; what falls behind is sent as soon as this loop gets to it."""
    source, began, sent = cycle(requests), perf_counter(), 0
    open_calls: set[asyncio.Task[None]] = set()

    async def one(request: bytes) -> None:
        try:
            await call(request, timeout=TIMEOUT_S)
            codes["OK"] += 1
        except grpc.aio.AioRpcError as error:
            codes[error.code().name] += 1

    while (passed := perf_counter() - began) < seconds:
        for _ in range(int(passed * rate) - sent):
            task = asyncio.create_task(one(next(source)))
            open_calls.add(task)
            task.add_done_callback(open_calls.discard)
            sent += 1
        await asyncio.sleep(0.002)
    await asyncio.gather(*open_calls)


async def _memory(process: psutil.Process, seconds: float) -> list[int]:
    """Resident bytes, seen ``SAMPLES`` times; the first quarter warms up and is left out."""
    samples = []
    for _ in range(SAMPLES):
        await asyncio.sleep(seconds / SAMPLES)
        samples.append(process.memory_info().rss)
    return samples[SAMPLES // 4 :]


if __name__ == "__main__":
    main()
