"""Events: a sale or a count of stock that is told by itself, not in a file. Each has an id and counts once.

What is known of them stands in the database of the state, and is written in the transaction that commits their load.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

import sqlalchemy as sa

from data.history.ledger import COMMITTED
from data.state.tables import EVENTS, LOAD_TABLES, LOADS, RECORDED_COUNTS

SOURCE = "events"
_IDS_IN_QUERY = 1000
_ENCODER = json.JSONEncoder(default=str, ensure_ascii=False)


@dataclass(frozen=True)
class SaleEvent:
    """A line of sales; its id is the name of the line.

    Attributes:
        event_id: Given by who tells of it.
        product_id: What was sold.
        sold_on: The day on the history's clock.
        sold_at_us: When, in microseconds since 1970, UTC; None where only the day is known.
        quantity: Units; below 0 is a return.
        unit_price: None: not known.
    """

    event_id: str
    product_id: str
    sold_on: dt.date
    sold_at_us: int | None
    quantity: float
    unit_price: float | None

    table: ClassVar[str] = "sales"


@dataclass(frozen=True)
class CountEvent:
    """A count of a product's stock; of a day the one taken last counts.

    Attributes:
        event_id: Given by who tells of it.
        product_id: What was counted.
        counted_on: The day on the history's clock.
        counted_at_us: When, in microseconds since 1970, UTC; the end of the day where only that is known.
        units_on_hand: Units.
    """

    event_id: str
    product_id: str
    counted_on: dt.date
    counted_at_us: int
    units_on_hand: float

    table: ClassVar[str] = "inventory"


Event: TypeAlias = SaleEvent | CountEvent
EventName: TypeAlias = tuple[str, str]
"""The table of an event, and its id."""
CountName: TypeAlias = tuple[str, dt.date]
"""The product of a count, and its day."""


def name_of(event: Event) -> EventName:
    """What an event is known by."""
    return event.table, event.event_id


def text_of(event: Event) -> str:
    """All that an event says, as JSON."""
    return _ENCODER.encode(vars(event))  # copying the fields first would take longer than all else that is recorded


def digest_of(event: Event) -> str:
    """SHA-256 of all that an event says."""
    return hashlib.sha256(text_of(event).encode()).hexdigest()


@dataclass(frozen=True)
class RecordedCount:
    """A product's count as it was recorded.

    Attributes:
        product_id: What was counted.
        counted_on: The day on the history's clock.
        units_on_hand: Units.
    """

    product_id: str
    counted_on: dt.date
    units_on_hand: float


def find_digests(connection: sa.Connection, names: Collection[EventName]) -> dict[EventName, str]:
    """The digests of those events that were recorded."""
    found: dict[EventName, str] = {}
    for table in {table for table, _ in names}:
        for ids in _batches(sorted(event_id for each, event_id in names if each == table)):
            query = sa.select(EVENTS.c.event_id, EVENTS.c.sha256).where(
                EVENTS.c.table_name == table, EVENTS.c.event_id.in_(ids)
            )
            found |= {(table, event_id): digest for event_id, digest in connection.execute(query)}
    return found


def find_count_times(connection: sa.Connection, counts: Collection[CountEvent]) -> dict[CountName, int]:
    """When the last recorded count of each product and day was taken, in microseconds since 1970."""
    found: dict[CountName, int] = {}
    table = RECORDED_COUNTS.c
    days = {count.counted_on for count in counts}
    within = table.counted_on.between(min(days), max(days)) if days else sa.false()
    for ids in _batches(sorted({count.product_id for count in counts})):
        query = sa.select(table.product_id, table.counted_on, table.counted_at_us)
        rows = connection.execute(query.where(table.product_id.in_(ids), within))
        found |= {(product, day): at_us for product, day, at_us in rows}
    return found


def find_time_zone(connection: sa.Connection) -> str | None:
    """The zone of the clock that the history's days are on; None before the first load."""
    newest = sa.select(LOADS.c.time_zone).where(LOADS.c.state == COMMITTED).order_by(LOADS.c.id.desc()).limit(1)
    zone: str | None = connection.scalar(newest)
    return zone


def sales_are_falls(connection: sa.Connection) -> bool:
    """Whether files brought counts and nothing brought sales, so that what was sold is how the counts fell."""
    committed = LOADS.c.state == COMMITTED
    sales = sa.select(LOADS.c.id).where(committed, LOADS.c.has_line_key.is_not(None)).limit(1)
    counts = (
        sa.select(LOADS.c.id)
        .join(LOAD_TABLES)
        .where(committed, LOADS.c.source != SOURCE, LOAD_TABLES.c.table_name == "inventory")
        .limit(1)
    )
    return connection.scalar(sales) is None and connection.scalar(counts) is not None


def add_events(connection: sa.Connection, load: int, digests: Mapping[EventName, str]) -> None:
    """Note events as recorded."""
    rows = [
        {"table_name": table, "event_id": event_id, "load_id": load, "sha256": digest}
        for (table, event_id), digest in digests.items()
    ]
    if rows:
        connection.execute(EVENTS.insert(), rows)


def put_counts(
    connection: sa.Connection, load: int, counts: Sequence[CountEvent], known: Collection[CountName]
) -> None:
    """Note counts as the last of their products and days; ``known`` are those of which there is one already."""
    table = RECORDED_COUNTS
    fields = ("product_id", "counted_on", "counted_at_us", "units_on_hand")
    rows = [{name: getattr(count, name) for name in fields} | {"load_id": load} for count in counts]
    new = [row for row in rows if (row["product_id"], row["counted_on"]) not in known]
    if new:
        connection.execute(table.insert(), new)
    newer = [
        {f"new_{name}": value for name, value in row.items()}
        for row in rows
        if (row["product_id"], row["counted_on"]) in known
    ]
    if newer:
        same = (table.c.product_id == sa.bindparam("new_product_id")) & (
            table.c.counted_on == sa.bindparam("new_counted_on")
        )
        values: dict[str, sa.BindParameter[object]] = {
            name: sa.bindparam(f"new_{name}") for name in ("counted_at_us", "units_on_hand", "load_id")
        }
        connection.execute(table.update().where(same).values(values), newer)


def newest_load_of_counts(connection: sa.Connection) -> int:
    """The newest load that brought a count which is the last of its product and day; 0 before the first."""
    return connection.scalar(sa.select(sa.func.max(RECORDED_COUNTS.c.load_id))) or 0


def newest_counts(connection: sa.Connection, since: dt.date, after: int, until: int) -> list[RecordedCount]:
    """The newest recorded count of each product, if it is of ``since`` or later and a load in between brought it.

    Args:
        connection: To the state.
        since: The earliest day.
        after: A load; counts that it or an earlier one brought are left out.
        until: The last load whose counts are wanted.
    """
    table, later = RECORDED_COUNTS, RECORDED_COUNTS.alias()
    outdated = sa.exists().where(later.c.product_id == table.c.product_id, later.c.counted_on > table.c.counted_on)
    query = (
        sa.select(table.c.product_id, table.c.counted_on, table.c.units_on_hand)
        .where(table.c.load_id > after, table.c.load_id <= until, table.c.counted_on >= since, ~outdated)
        .order_by(table.c.product_id)
    )
    return [RecordedCount(*row) for row in connection.execute(query)]


def _batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + _IDS_IN_QUERY] for start in range(0, len(ids), _IDS_IN_QUERY))
