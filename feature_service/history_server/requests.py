"""From a request that has kept the rules of its proto to events, held to the rules that rows of files are held to."""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import TypeAlias, TypeVar
from zoneinfo import ZoneInfo

from google.type import date_pb2
from stockout.v1 import history_service_pb2 as pb

from data.history.events import CountEvent, Event, SaleEvent
from data.ingest.contracts import EARLIEST, HIGHEST_PRICE, LARGEST_NUMBER
from feature_service.server.errors import InvalidFieldError

Message = TypeVar("Message", pb.SaleEvent, pb.StockEvent)
SalesRequest: TypeAlias = pb.RecordSalesRequest | pb.StreamSalesRequest
StockRequest: TypeAlias = pb.RecordStockRequest | pb.StreamStockRequest

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ufeff\ufffd]")
"""What rows of files must not hold in an id either."""

_MOST_SECONDS = 253_402_300_800
_NANOS = 1_000_000_000
_DAY = dt.timedelta(days=1)


def sales_of(request: SalesRequest, zone: ZoneInfo, now: dt.datetime) -> Sequence[Event]:
    """The sales of a request.

    Args:
        request: Has kept the rules of its proto.
        zone: That of the seller's clock.
        now: By that clock; later than a day from now nothing was sold.
    Raises:
        InvalidFieldError: If a value is one that a file could not hold.
    """
    return _events(request.events, lambda event, where: _sale(event, where, zone), now)


def counts_of(request: StockRequest, zone: ZoneInfo, now: dt.datetime) -> Sequence[Event]:
    """The counts of a request; arguments and errors as of ``sales_of``."""
    return _events(request.events, lambda event, where: _count(event, where, zone), now)


def _events(
    messages: Iterable[Message], event_of: Callable[[Message, str], SaleEvent | CountEvent], now: dt.datetime
) -> Sequence[Event]:
    latest = (now + _DAY).date()
    events: list[Event] = []
    for number, message in enumerate(messages):
        where = f"events[{number}]"
        event = event_of(message, where)
        day = event.sold_on if isinstance(event, SaleEvent) else event.counted_on
        if not EARLIEST.date() <= day <= latest:
            field = message.WhichOneof("time")
            raise InvalidFieldError(f"{where}.{field}", f"must be from {EARLIEST.date()} to {latest}, and is {day}")
        events.append(event)
    return events


def _sale(message: pb.SaleEvent, where: str, zone: ZoneInfo) -> SaleEvent:
    _check_ids(message, where)
    day, at_us = _time(message, where, zone)
    price = message.unit_price if message.HasField("unit_price") else None
    _check_size(message.quantity, LARGEST_NUMBER, f"{where}.quantity")
    if price is not None:
        _check_size(price, HIGHEST_PRICE, f"{where}.unit_price")
        _check_size(message.quantity * price, LARGEST_NUMBER * 1000, f"{where}.quantity", "times unit_price ")
    return SaleEvent(message.event_id, message.product_id, day, at_us, message.quantity, price)


def _count(message: pb.StockEvent, where: str, zone: ZoneInfo) -> CountEvent:
    _check_ids(message, where)
    day, at_us = _time(message, where, zone)
    _check_size(message.units_on_hand, LARGEST_NUMBER, f"{where}.units_on_hand")
    units = message.units_on_hand + 0.0  # of the two zeros the one without a sign
    return CountEvent(message.event_id, message.product_id, day, _end_us(day, zone) if at_us is None else at_us, units)


def _check_ids(message: pb.SaleEvent | pb.StockEvent, where: str) -> None:
    for name in ("event_id", "product_id"):
        if _CONTROL.search(getattr(message, name)):
            raise InvalidFieldError(f"{where}.{name}", "must hold no control character")


def _check_size(value: float, most: float, field: str, of_what: str = "") -> None:
    if abs(value) > most:
        raise InvalidFieldError(field, f"{of_what}must be at most {most:g} in size, and is {value:g}")


def _time(message: pb.SaleEvent | pb.StockEvent, where: str, zone: ZoneInfo) -> tuple[dt.date, int | None]:
    """The day by the seller's clock, and microseconds since 1970 where a moment is given."""
    if message.WhichOneof("time") == "on":
        return _date(message.on), None
    seconds, nanos = message.at.seconds, message.at.nanos
    # the first and the last day of the calendar are not days of every clock
    if not (-_MOST_SECONDS // 5 < seconds < _MOST_SECONDS - 2 * 86_400 and 0 <= nanos < _NANOS):
        raise InvalidFieldError(f"{where}.at", "must be a moment with nanos from 0 to 999,999,999")
    return dt.datetime.fromtimestamp(seconds, zone).date(), seconds * 1_000_000 + nanos // 1000


def _date(message: date_pb2.Date) -> dt.date:
    return dt.date(message.year, message.month, message.day)


@lru_cache(maxsize=4096)
def _end_us(day: dt.date, zone: ZoneInfo) -> int:
    """The last microsecond of a day."""
    midnight = dt.datetime.combine(day + _DAY, dt.time(), zone)
    return int(midnight.timestamp() * 1_000_000) - 1
