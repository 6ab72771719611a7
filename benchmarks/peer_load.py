"""Loads any number of servers in turn, in short blocks, and prints what it saw as JSON. Own process, own loop.

Usage: ``python -m benchmarks.peer_load SPEC_FILE``. Within a round each server has one block, so that the ratios of a
round compare neighbours; each round begins with another server. Bodies are encoded before, connections kept.
"""

import asyncio
import itertools
import json
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

import aiohttp
import grpc
import numpy as np
import uvloop

from benchmarks.processes import cpu_seconds

Ask = Callable[[bytes], Awaitable[object]]


async def load(spec: dict[str, Any]) -> list[list[dict[str, float]]]:
    """For each server, what was seen in each round."""
    sides = spec["sides"]
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        channels = {side["address"]: grpc.aio.insecure_channel(side["address"]) for side in sides if not side["http"]}
        asks = [_http(session, side) if side["http"] else _grpc(channels[side["address"]], side) for side in sides]
        bodies = [itertools.cycle([bytes.fromhex(each) for each in side["bodies"]]) for side in sides]
        blocks_by_side: list[list[dict[str, float]]] = [[] for _ in sides]
        for number in range(spec["rounds"] + 1):
            for index in (*range(number % len(sides), len(sides)), *range(number % len(sides))):
                block = await _block(asks[index], bodies[index], sides[index]["pids"], spec)
                if number:  # the first round warms up
                    blocks_by_side[index].append(block)
        for channel in channels.values():
            await channel.close()
    return blocks_by_side


def _grpc(channel: grpc.aio.Channel, side: dict[str, Any]) -> Ask:
    call: Any = channel.unary_unary(side["path"])
    ask: Ask = call
    return ask


def _http(session: aiohttp.ClientSession, side: dict[str, Any]) -> Ask:
    url, headers = f"http://{side['address']}{side['path']}", {"Content-Type": "application/json"}

    async def ask(body: bytes) -> bytes:
        async with session.post(url, data=body, headers=headers) as response:
            response.raise_for_status()
            return await response.read()

    return ask


async def _block(ask: Ask, bodies: Iterator[bytes], pids: list[int], spec: dict[str, Any]) -> dict[str, float]:
    """Calls a second, latencies in ms, CPU of the server's process trees and of this one, over ``seconds``."""
    latencies: list[float] = []
    used, own, began = sum(map(cpu_seconds, pids)), time.process_time(), perf_counter()
    until = began + spec["seconds"]

    async def caller() -> None:
        while (sent := perf_counter()) < until:
            await ask(next(bodies))
            latencies.append(perf_counter() - sent)

    await asyncio.gather(*(caller() for _ in range(spec["in_flight"])))
    took = perf_counter() - began
    p50, p99 = np.percentile(latencies, [50, 99]) * 1000
    return {
        "calls_per_s": len(latencies) / took,
        "p50_ms": float(p50),
        "p99_ms": float(p99),
        "cpu_us_per_call": (sum(map(cpu_seconds, pids)) - used) * 1e6 / len(latencies),
        "generator_cpu": (time.process_time() - own) / took,
    }


if __name__ == "__main__":
    print(json.dumps(uvloop.run(load(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))))
