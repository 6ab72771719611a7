"""The client of the history service: sales and counts of stock in, each recorded once."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeVar

import grpc
from google.protobuf import timestamp_pb2
from stockout.v1 import history_service_pb2 as pb
from stockout.v1.history_service_pb2_grpc import HistoryServiceStub

from feature_service.client import batching
from feature_service.client.errors import from_rpc_error
from feature_service.limits import MAX_EVENTS

DEFAULT_HISTORY_TARGET = "localhost:50052"
RECORD_TIMEOUT_S = 60.0
"""A load of files lets no event in while it is written."""

Event = TypeVar("Event")


@dataclass(frozen=True)
class Sale:
    """A sale, or a return.

    Attributes:
        event_id: Names it; sent again with the same values it counts once.
        product_id: What was sold.
        quantity: Units; below 0 is a return.
        unit_price: Price of a unit; None: not known.
        at: When, with an offset from UTC; either this or ``on``.
        on: The day by the seller's clock.
    """

    event_id: str
    product_id: str
    quantity: float
    unit_price: float | None = None
    at: dt.datetime | None = None
    on: dt.date | None = None


@dataclass(frozen=True)
class StockCount:
    """A count of a product's stock.

    Attributes:
        event_id: Names it; sent again with the same values it counts once.
        product_id: What was counted.
        units_on_hand: Units that were there.
        at: When, with an offset from UTC; either this or ``on``.
        on: The day by the seller's clock; counts as taken at its end.
    """

    event_id: str
    product_id: str
    units_on_hand: float
    at: dt.datetime | None = None
    on: dt.date | None = None


@dataclass(frozen=True)
class Recorded:
    """What became of events; the two are all of them.

    Attributes:
        recorded: Those that were new.
        known_before: Those that were known, with the same values.
    """

    recorded: int
    known_before: int


class HistoryClient:
    """Records events with one server, over one channel.

    A call that the server could not take is repeated within the timeout, as ``batching.SERVICE_CONFIG`` says. After any
    error the same events may be sent again: none counts twice.

    Args:
        target: ``host:port``.
        timeout_s: Longest wait for each request of up to 1,000 events, in seconds.
        credentials: TLS; None is plaintext.
    """

    def __init__(
        self,
        target: str = DEFAULT_HISTORY_TARGET,
        timeout_s: float = RECORD_TIMEOUT_S,
        credentials: grpc.ChannelCredentials | None = None,
    ) -> None:
        self._target, self._timeout_s = target, timeout_s
        self._channel = batching.open_channel(target, credentials)
        self._history = HistoryServiceStub(self._channel)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the channel; calls in flight are cancelled."""
        self._channel.close()

    def record_sales(self, sales: Iterable[Sale]) -> Recorded:
        """Record sales, in requests of 1,000; when this returns, all are committed.

        Raises:
            ValueError: If an event has no time, two, or one without an offset from UTC; then nothing was sent.
            ClientError: If a request was not recorded; those before it were.
        """
        events = [_sale(each) for each in sales]
        return self._record(self._history.RecordSales, lambda batch: pb.RecordSalesRequest(events=batch), events)

    def record_stock(self, counts: Iterable[StockCount]) -> Recorded:
        """Record counts of stock; as ``record_sales``."""
        events = [_count(each) for each in counts]
        return self._record(self._history.RecordStock, lambda batch: pb.RecordStockRequest(events=batch), events)

    def _record(self, call: Any, request_of: Callable[[Sequence[Event]], Any], events: Sequence[Event]) -> Recorded:
        recorded = known_before = 0
        for batch in _batches(events):
            done = recorded + known_before
            try:
                response = call(request_of(batch), timeout=self._timeout_s)
            except grpc.RpcError as error:
                failed = from_rpc_error(error, self._target, self._timeout_s, channel=self._channel)
                failed.args = (f"{failed}; events[0] is number {done + 1:,}, and all before it are recorded",)
                raise failed from error
            recorded, known_before = recorded + response.recorded, known_before + response.known_before
        return Recorded(recorded, known_before)


def _batches(events: Sequence[Event]) -> Iterator[Sequence[Event]]:
    return (events[start : start + MAX_EVENTS] for start in range(0, len(events), MAX_EVENTS))


def _sale(sale: Sale) -> pb.SaleEvent:
    return pb.SaleEvent(
        event_id=sale.event_id,
        product_id=sale.product_id,
        quantity=sale.quantity,
        unit_price=sale.unit_price,
        **time_of(sale),
    )


def _count(count: StockCount) -> pb.StockEvent:
    return pb.StockEvent(
        event_id=count.event_id, product_id=count.product_id, units_on_hand=count.units_on_hand, **time_of(count)
    )


def time_of(event: Sale | StockCount) -> dict[str, Any]:
    """The field of the message that holds the event's time.

    Raises:
        ValueError: If it has no time, two, or one without an offset from UTC.
    """
    if (event.at is None) == (event.on is None):
        raise ValueError(f"the event {event.event_id!r} must have either at or on")
    if event.at is None:
        return {"on": batching.date_message(event.on)}
    if event.at.tzinfo is None:
        raise ValueError(f"at of the event {event.event_id!r} must have an offset from UTC, such as Z or +01:00")
    at = timestamp_pb2.Timestamp()
    at.FromDatetime(event.at)
    return {"at": at}
