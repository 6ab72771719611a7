"""How fast events are recorded, beside plain inserts into SQLite in the same run: ``python -m benchmarks.history``.

The server is a process of its own on a history of its own; the clients are threads of this one. Everything is committed
and on the disk before it is acknowledged, by both sides. A minute at most.
"""

import os
import sqlite3
import statistics
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import Any

import grpc
from google.type import date_pb2
from stockout.v1 import history_service_pb2 as pb
from stockout.v1.history_service_pb2_grpc import HistoryServiceStub

from benchmarks.processes import cpu_seconds
from tests.support.servers import running_history

SECONDS = 4.0
ON = date_pb2.Date(year=2024, month=1, day=10)
IN_FLIGHT = 4
"""Requests of a stream that are sent before the first of them is answered."""

_numbers = count()
Work = Callable[[], Iterator[int]]
"""Gives the number of events of each request that was answered."""


@dataclass(frozen=True)
class Line:
    """A line of the table."""

    name: str
    clients: int
    events_per_s: float
    p50_ms: float
    cpu_us: float


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        lines = [
            _measure(
                "SQLite, an insert and commit for each event", os.getpid(), [_inserts(Path(folder) / "one.db", 1)]
            ),
            _measure("SQLite, 1,000 inserts in a commit", os.getpid(), [_inserts(Path(folder) / "many.db", 1000)]),
        ]
        with running_history(Path(folder) / "work", "--time-zone", "UTC") as server:
            target, pid = server.target, server.process.pid
            lines += [
                _measure(f"RecordSales, {size:,} in a request", pid, [_unary(target, size)] * clients)
                for size in (1, 1000)
                for clients in (1, 8)
            ]
            lines += [
                _measure(f"StreamSales, {size:,} in a request", pid, [_stream(target, size) for _ in range(clients)])
                for size in (1, 1000)
                for clients in (1, 8)
            ]
            told_ms = _acknowledged_to_told(target)
    print("| way | clients | events/s | median between answers, ms | CPU of an event, µs |\n|---|--:|--:|--:|--:|")
    for line in lines:
        row = f"{line.clients} | {line.events_per_s:,.0f} | {line.p50_ms:.1f} | {line.cpu_us:,.0f}"
        print(f"| {line.name} | {row} |")
    print(f"from the acknowledgement of a count to the watch's message: median {told_ms:.1f} ms")


def _measure(name: str, pid: int, work: list[Work]) -> Line:
    """What clients saw, and the CPU time that the process used that did the work."""
    clients = len(work)
    latencies: list[float] = []
    events = [0] * clients
    start = threading.Barrier(clients)

    def run(client: int) -> None:
        start.wait()
        until = sent = perf_counter()
        until += SECONDS
        for answered in work[client]():
            now = perf_counter()
            latencies.append(now - sent)
            events[client] += answered
            sent = now
            if now > until:
                return

    threads = [threading.Thread(target=run, args=(client,)) for client in range(clients)]
    began, cpu = perf_counter(), cpu_seconds(pid)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done, seconds, cpu = sum(events), perf_counter() - began, cpu_seconds(pid) - cpu
    return Line(name, clients, done / seconds, 1000 * statistics.median(latencies), 1e6 * cpu / done)


def _inserts(path: Path, size: int) -> Work:
    def work() -> Iterator[int]:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(
                "create table sales (event_id text primary key, product_id text, sold_on text, units real, price real)"
            )
            while True:
                rows = [(f"e{next(_numbers)}", "A", "2024-01-10", 2.0, 5.0) for _ in range(size)]
                connection.executemany("insert into sales values (?, ?, ?, ?, ?)", rows)
                connection.commit()
                yield size

    return work


def _events(size: int) -> list[pb.SaleEvent]:
    return [
        pb.SaleEvent(event_id=f"e{next(_numbers)}", product_id="A", on=ON, quantity=2, unit_price=5)
        for _ in range(size)
    ]


def _unary(target: str, size: int) -> Work:
    def work() -> Iterator[int]:
        with _channel(target) as channel:
            stub = HistoryServiceStub(channel)
            while True:
                yield stub.RecordSales(pb.RecordSalesRequest(events=_events(size))).recorded

    return work


def _stream(target: str, size: int) -> Work:
    def work() -> Iterator[int]:
        free = threading.Semaphore(IN_FLIGHT)
        is_over = threading.Event()

        def requests() -> Iterator[pb.StreamSalesRequest]:
            while free.acquire() and not is_over.is_set():
                yield pb.StreamSalesRequest(events=_events(size))

        with _channel(target) as channel:
            try:
                for response in HistoryServiceStub(channel).StreamSales(requests()):
                    free.release()
                    yield response.recorded
            finally:
                is_over.set()
                free.release()

    return work


def _acknowledged_to_told(target: str) -> float:
    """Milliseconds, the median of 30 counts."""
    waits: list[float] = []
    with _channel(target) as channel:
        stub = HistoryServiceStub(channel)
        watch: Any = stub.WatchStock(pb.WatchStockRequest(since=ON))
        next(watch)
        for units in range(30):
            event = pb.StockEvent(event_id=f"c{units}", product_id="A", on=ON, units_on_hand=units)
            stub.RecordStock(pb.RecordStockRequest(events=[event]))
            acknowledged = perf_counter()
            next(watch)
            waits.append(max(0.0, perf_counter() - acknowledged))
        watch.cancel()
    return 1000 * statistics.median(waits)


def _channel(target: str) -> grpc.Channel:
    return grpc.insecure_channel(target, options=[("grpc.use_local_subchannel_pool", 1)])


if __name__ == "__main__":
    main()
