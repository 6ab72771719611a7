"""A HistoryService that a test tells what to say: a real gRPC server, of whose methods only ``WatchStock`` answers."""

import datetime as dt
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc
from google.type import date_pb2
from stockout.v1.history_service_pb2 import StockCount, WatchStockRequest, WatchStockResponse
from stockout.v1.history_service_pb2_grpc import HistoryServiceServicer, add_HistoryServiceServicer_to_server

LONGEST_MESSAGE = 10_000
TIMEOUT_S = 30
Counted = Mapping[str, tuple[dt.date, float]]


class History(HistoryServiceServicer):
    """Remembers the newest count of each product; watchers are told of them as the proto says."""

    def __init__(self) -> None:
        self._counts: dict[str, StockCount] = {}
        self._changed = threading.Condition()
        self._order: list[str] = []
        self.watches: list[dt.date] = []
        self.tokens: set[str] = set()
        self.stopped = False

    def record(self, counts: Counted) -> None:
        """As if these were committed at once."""
        with self._changed:
            for product_id, (day, units) in counts.items():
                counted_on = date_pb2.Date(year=day.year, month=day.month, day=day.day)
                self._counts[product_id] = StockCount(product_id=product_id, counted_on=counted_on, units_on_hand=units)
                self._order.append(product_id)
            self._changed.notify_all()

    def wait_for_watches(self, number: int) -> list[dt.date]:
        """The days since which was watched, once there were so many watches."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.watches) >= number, TIMEOUT_S)
            return list(self.watches)

    def WatchStock(  # noqa: N802 - the proto's
        self, request: WatchStockRequest, context: grpc.ServicerContext
    ) -> Iterator[WatchStockResponse]:
        """Everything since the day, then what is new."""
        since = dt.date(request.since.year, request.since.month, request.since.day)
        context.add_callback(self._wake)
        with self._changed:
            self.watches.append(since)
            self.tokens |= {str(value) for key, value in context.invocation_metadata() if key == "authorization"}
            told = len(self._order)
            counts = [each for each in self._counts.values() if _day(each) >= since]
            self._changed.notify_all()
        yield from _messages(counts)
        while True:
            with self._changed:
                while context.is_active() and not self.stopped and len(self._order) == told:
                    self._changed.wait()
                if self.stopped or not context.is_active():
                    return
                new, told = dict.fromkeys(self._order[told:]), len(self._order)
                counts = [self._counts[each] for each in new if _day(self._counts[each]) >= since]
            yield from _messages(counts)

    def stop(self) -> None:
        """End all watches."""
        with self._changed:
            self.stopped = True
            self._changed.notify_all()

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()


def _day(count: StockCount) -> dt.date:
    return dt.date(count.counted_on.year, count.counted_on.month, count.counted_on.day)


def _messages(counts: list[StockCount]) -> Iterator[WatchStockResponse]:
    for start in range(0, max(1, len(counts)), LONGEST_MESSAGE):
        part = counts[start : start + LONGEST_MESSAGE]
        yield WatchStockResponse(counts=part, complete=start + LONGEST_MESSAGE >= len(counts))


def new_history() -> History:
    """One that knows of no count."""
    return History()  # type: ignore[abstract]  # nobody asks for the other RPCs


@contextmanager
def running_history(
    history: History, port: int = 0, credentials: grpc.ServerCredentials | None = None
) -> Iterator[str]:
    """The address that a history answers on."""
    history.stopped = False
    server = grpc.server(ThreadPoolExecutor(16), options=[("grpc.so_reuseport", 0)])
    add_HistoryServiceServicer_to_server(history, server)
    address = f"localhost:{port}"
    bound = server.add_secure_port(address, credentials) if credentials else server.add_insecure_port(address)
    server.start()
    try:
        yield f"localhost:{bound}"
    finally:
        history.stop()
        server.stop(None).wait()
