"""From a count that a history tells to the changed answer, and what that costs the other calls.

Usage: ``python -m benchmarks.recorded_counts [--products 33000]``. The shops of the tests' model, repeated; a history
and one client here, a server in a process of its own; medians over rounds. Each round counts the products anew.
"""

import argparse
import datetime as dt
import gc
import tempfile
from dataclasses import replace
from itertools import count
from pathlib import Path
from statistics import median
from time import perf_counter

import grpc
import numpy as np
import psutil
from stockout.v1.risk_service_pb2 import AssessStockoutRisksRequest, WatchStockoutRisksRequest
from stockout.v1.risk_service_pb2_grpc import RiskServiceStub

from data.panel import Panel
from data.snapshots import publish
from feature_service.server.serving.count_log import StockCount
from feature_service.server.serving.snapshot import ServingSnapshot
from tests.support.histories import new_history, running_history
from tests.support.servers import running_server
from tests.support.shops import LABEL, LAST_DAY, train_shops
from tests.support.snapshots import MODEL

BATCHES = (1, 1_000, 10_000)
_days = (LAST_DAY + dt.timedelta(days=number) for number in count(1))


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--products", type=int, default=33_000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch) / "snapshots"
        shops, bundle_dir = train_shops(Path(scratch))
        panel = repeated(shops, options.products)
        publish(panel, LABEL.eligible(panel), bundle_dir, MODEL, root)
        within(ServingSnapshot.load(root), options.rounds)
        over_the_wire(root, panel.product_ids, options.rounds)


def repeated(panel: Panel, products: int) -> Panel:
    """The same shops again and again under other ids."""
    times = -(-products // len(panel.product_ids))
    ids = [f"{number:04}-{each}" for number in range(times) for each in panel.product_ids][:products]
    return replace(
        panel,
        product_ids=tuple(ids),
        fields={name: np.tile(matrix, (times, 1))[:products] for name, matrix in panel.fields.items()},
        categories=(panel.categories * times)[:products],
        groups={name: (values * times)[:products] for name, values in panel.groups.items()},
        lead_time_days=(panel.lead_time_days * times)[:products],
    )


def within(serving: ServingSnapshot, rounds: int) -> None:
    """The state with newer counts, made and taken over, in this process."""
    ids = serving.assessor.panel.product_ids
    list(serving.entries(ids))
    gc.collect()
    gc.freeze()  # as the server does
    began = resident()
    for batch in BATCHES:
        made, taken = [], []
        for _ in range(rounds):
            counts = counted(ids[:batch])
            start = perf_counter()
            after = serving.with_counts(counts)
            made.append(perf_counter() - start)
            start = perf_counter()
            after.take_over(serving)
            taken.append(perf_counter() - start)
            serving = after
        print(f"{batch:,} products: scored and encoded in {ms(made)}, in the event loop {ms(taken)}")
    gc.collect()
    print(f"memory: {(resident() - began) >> 10:,} KiB more than with every answer kept and no count")


def over_the_wire(root: Path, ids: tuple[str, ...], rounds: int) -> None:
    """From the commit in the history to the message of a watch, with a call of one product after it."""
    history = new_history()
    with (
        running_history(history) as address,
        running_server(root, "--history-address", address) as server,
        grpc.insecure_channel(server.target) as channel,
    ):
        risks = RiskServiceStub(channel)
        print(f"a call of one product before any count: {ms(calls(risks, ids[0]))}")
        for batch in BATCHES:
            waited = []
            watch = risks.WatchStockoutRisks(WatchStockoutRisksRequest(product_ids=ids[batch - 1 : batch]))
            next(watch)
            for _ in range(rounds):
                told = {each.product_id: (each.counted_on, each.units_on_hand) for each in counted(ids[:batch])}
                start = perf_counter()
                history.record(told)
                next(watch)
                waited.append(perf_counter() - start)
            watch.cancel()
            print(f"{batch:,} counts: {ms(waited)} from the history's commit to the watcher's message")
        print(f"a call of one product after {BATCHES[-1]:,} counts: {ms(calls(risks, ids[0]))}")


def calls(risks: RiskServiceStub, product_id: str) -> list[float]:
    """Seconds of calls in a row."""
    request, seconds = AssessStockoutRisksRequest(product_ids=[product_id]), []
    for _ in range(2000):
        start = perf_counter()
        risks.AssessStockoutRisks(request)
        seconds.append(perf_counter() - start)
    return seconds


def counted(ids: tuple[str, ...]) -> list[StockCount]:
    """Other units on a later day, the last product's never those of before."""
    day = next(_days)
    return [
        StockCount(number, each, day, float((number + day.toordinal()) % 60 + 1)) for number, each in enumerate(ids)
    ]


def ms(seconds: list[float]) -> str:
    """The median, the shortest and the longest."""
    return f"{1000 * median(seconds):.2f} ms ({1000 * min(seconds):.2f} to {1000 * max(seconds):.2f})"


def resident() -> int:
    """Bytes."""
    return int(psutil.Process().memory_info().rss)


if __name__ == "__main__":
    main()
