"""Start to serving, memory, the stream of all risks, and 1,000 products with the caller's stock in each request.

Usage: ``python -m benchmarks.streams [--products 1000000]``. One server in a process of its own, one client
here; medians over rounds. The first stream encodes what the next ones send again, so it is shown apart.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import grpc
import psutil
import uvloop
from stockout.v1.risk_service_pb2 import AssessmentItem, AssessStockoutRisksRequest

from tests.support.snapshots import publish_snapshot, synthetic_panel

STREAM = "/stockout.v1.RiskService/StreamStockoutRisks"
ASSESS = "/stockout.v1.RiskService/AssessStockoutRisks"
ITEMS = 1000


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--products", type=int, default=33_000)
    parser.add_argument("--weeks", type=int, default=90)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch) / "snapshots"
        panel = synthetic_panel(products=options.products, weeks=options.weeks)
        publish_snapshot(root, panel, trees=100, depth=10)
        began = perf_counter()
        command = [sys.executable, "-m", "feature_service.server", "--snapshots", str(root), "--port", "0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            port = _port(process)
            print(f"{options.products:,} products, {options.weeks} weeks; serving after {perf_counter() - began:.2f} s")
            try:
                uvloop.run(measure(f"127.0.0.1:{port}", panel.product_ids, options.rounds))
                resident = psutil.Process(process.pid).memory_info().rss
                print(f"resident memory after all that: {resident >> 20:,} MiB")
            finally:
                process.terminate()
                process.communicate()  # it says that it stops, and wants a reader for that


async def measure(target: str, product_ids: tuple[str, ...], rounds: int) -> None:
    """Ask and print products a second."""
    options = (("grpc.max_receive_message_length", -1),)
    async with grpc.aio.insecure_channel(target, options) as channel:
        stream: Any = channel.unary_stream(STREAM)
        assess: Any = channel.unary_unary(ASSESS)
        first, *others = [len(product_ids) / await _seconds_of_stream(stream) for _ in range(rounds)]
        print(f"StreamStockoutRisks: first {first:,.0f}, then {median(others):,.0f} products/s")
        items = [AssessmentItem(product_id=each, units_on_hand=5.0) for each in product_ids[:ITEMS]]
        request = AssessStockoutRisksRequest(items=items).SerializeToString()
        await assess(request)
        rates = []
        for _ in range(rounds):
            began = perf_counter()
            await asyncio.gather(*(assess(request) for _ in range(10)))
            rates.append(10 * len(items) / (perf_counter() - began))
        print(f"AssessStockoutRisks, {len(items):,} items with stock: {median(rates):,.0f} products/s")


async def _seconds_of_stream(stream: Any) -> float:
    began = perf_counter()
    async for _ in stream(b""):
        pass
    return perf_counter() - began


def _port(process: subprocess.Popen[str]) -> int:
    for line in process.stdout or ():
        event = json.loads(line)
        if event["event"] == "serving":
            return int(event["port"])
    raise SystemExit("the server did not start")


if __name__ == "__main__":
    main()
