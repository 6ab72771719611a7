"""Record events: each once, whoever sends it how often, in whatever order; what was recorded is committed.

Events that come together are one load of the source ``events``. The ids of a load's events are noted in the same
transaction that commits it, so an event is either not recorded at all or known by its id.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl
import sqlalchemy as sa

from data.errors import DataError, DeliveryError, EventClashError, HistoryError
from data.history.events import (
    SOURCE,
    CountEvent,
    CountName,
    Event,
    EventName,
    SaleEvent,
    add_events,
    digest_of,
    find_count_times,
    find_digests,
    find_time_zone,
    name_of,
    put_counts,
    sales_are_falls,
    text_of,
)
from data.history.fact_tables import BRONZE_SCHEMA, QUARANTINE_SCHEMA
from data.history.history import History
from data.history.ledger import Load, TableCounts
from data.history.load import cents_of
from data.ingest.facts import SCHEMAS

EARLIER_COUNT = "EARLIER_COUNT_OF_DAY"


@dataclass(frozen=True)
class Receipt:
    """What became of the events of a request; the two are all of them.

    Attributes:
        recorded: Those that are part of the history from now on.
        known_before: Those that were recorded before, or stand in the request twice.
    """

    recorded: int
    known_before: int


@dataclass(frozen=True)
class _Known:
    """What the history knows of the events of some requests."""

    digests: Mapping[EventName, str]
    count_times: Mapping[CountName, int]
    time_zone: str | None
    sales_are_falls: bool


@dataclass
class _Group:
    """Events that are committed together."""

    digests: dict[EventName, str] = field(default_factory=dict)
    sales: list[SaleEvent] = field(default_factory=list)
    counts: list[CountEvent] = field(default_factory=list)


def record(history: History, requests: Sequence[Sequence[Event]], time_zone: str) -> list[Receipt | DataError]:
    """Add events to the history; they are committed when this returns.

    Args:
        history: The history.
        requests: Each is recorded as a whole, or refused as a whole without harm to the others.
        time_zone: IANA name of the zone of the clock that the events' days are on.
    Returns:
        For each request its receipt, or why it was refused.
    Raises:
        DeliveryError: If the history is on another clock.
        HistoryError, StateError: If the history cannot be written; then nothing was recorded, or all was and it is not
            known, so that sending it again is right.
    """
    with history.state.locked():
        history.recover()
        known = _known(history, requests)
        _check_clock(known.time_zone, time_zone)
        group = _Group()
        results = [_take(group, events, known) for events in requests]
        if group.digests:
            _commit(history, group, known.count_times, time_zone)
    return results


def _known(history: History, requests: Sequence[Sequence[Event]]) -> _Known:
    counts = [event for events in requests for event in events if isinstance(event, CountEvent)]
    names = {name_of(event) for events in requests for event in events}
    with history.state.connect() as connection:
        return _Known(
            digests=find_digests(connection, names),
            count_times=find_count_times(connection, counts),
            time_zone=find_time_zone(connection),
            sales_are_falls=sales_are_falls(connection),
        )


def _check_clock(known: str | None, time_zone: str) -> None:
    if known not in (None, time_zone):
        raise DeliveryError(
            f"the history holds days on the clock of {known}, and these events were read on that of {time_zone}: "
            f"start the history service again with --time-zone {known}"
        )


def _take(group: _Group, events: Sequence[Event], known: _Known) -> Receipt | DataError:
    """Put the new ones among a request's events into the group."""
    new: dict[EventName, tuple[Event, str]] = {}
    for event in events:
        name, digest = name_of(event), digest_of(event)
        before = known.digests.get(name) or group.digests.get(name) or (new[name][1] if name in new else None)
        if before is None:
            new[name] = event, digest
        elif before != digest:
            return EventClashError(event.event_id, event.table)
    sales = [event for event, _ in new.values() if isinstance(event, SaleEvent)]
    if sales and known.sales_are_falls:
        return DeliveryError(
            "the history's files hold counts of stock and no sales, so that what was sold is how the counts fall: "
            "load a file of sales before sales are recorded, or all that was sold before would be gone"
        )
    group.digests |= {name: digest for name, (_, digest) in new.items()}
    group.sales += sales
    group.counts += [event for event, _ in new.values() if isinstance(event, CountEvent)]
    return Receipt(len(new), len(events) - len(new))


def _last_of_day(counts: Sequence[CountEvent], times: Mapping[CountName, int]) -> list[CountEvent]:
    """Of each product and day the last count, if none later was recorded; of the same time the one that came last."""
    latest: dict[CountName, CountEvent] = {}
    for count in counts:
        key = count.product_id, count.counted_on
        before = latest[key].counted_at_us if key in latest else times.get(key)
        if before is None or count.counted_at_us >= before:
            latest[key] = count
    return list(latest.values())


def _commit(history: History, group: _Group, times: Mapping[CountName, int], time_zone: str) -> None:
    number, known_from = history.ledger.begin(SOURCE, time_zone)
    latest = _last_of_day(group.counts, times)
    kept = {count.event_id for count in latest}
    earlier = [count for count in group.counts if count.event_id not in kept]
    history.tables.append_found(
        pl.concat([_rows("sales", number, group.sales), _rows("inventory", number, group.counts)])
    )
    history.tables.append_quarantine(_quarantine(number, earlier))
    sales = _facts("sales", group.sales)
    history.tables.append_facts("sales", number, sales)
    history.tables.append_facts("inventory", number, _facts("inventory", latest))

    def write_events(connection: sa.Connection) -> None:
        add_events(connection, number, group.digests)
        put_counts(connection, number, latest, times.keys())

    load = _load(number, known_from, group, cents_of(sales), len(earlier), time_zone)
    if not history.ledger.commit(load, [], write_events):
        history.tables.remove_loads([number])
        raise HistoryError(f"load {number} was given up by another process, since its lock was lost: send it again")


def _load(number: int, known_from: int, group: _Group, cents: int, earlier_counts: int, time_zone: str) -> Load:
    sales, counts = len(group.sales), len(group.counts)
    tables = {
        "sales": TableCounts(sales, 0, 0, sales, cents, 0, cents),
        "inventory": TableCounts(counts, earlier_counts, 0, counts - earlier_counts),
    }
    return Load(
        number=number,
        known_from_us=known_from,
        source=SOURCE,
        time_zone=time_zone,
        has_line_key=True if sales else None,
        sales_until=max((sale.sold_on for sale in group.sales), default=None),
        warnings=(),
        tables={name: each for name, each in tables.items() if each.rows_read},
    )


def _facts(table: str, events: Sequence[Event]) -> pl.DataFrame:
    names_of_fields = {"line": "event_id"}
    columns = {
        name: [getattr(event, names_of_fields.get(name, name), None) for event in events] for name in SCHEMAS[table]
    }
    return pl.DataFrame(columns, schema=dict(SCHEMAS[table]))


def _rows(table: str, load: int, events: Collection[Event]) -> pl.DataFrame:
    rows = [(load, table, SOURCE, number, text_of(event)) for number, event in enumerate(events, start=1)]
    return pl.DataFrame(rows, schema=BRONZE_SCHEMA, orient="row")


def _quarantine(load: int, earlier: Sequence[CountEvent]) -> pl.DataFrame:
    """Counts of days of which a later one is known, columns as in ``QUARANTINE_SCHEMA``."""
    reasons = {"reason": pl.lit(EARLIER_COUNT), "column": pl.lit("counted_at")}
    products = pl.Series("product_id", [count.product_id for count in earlier], dtype=pl.String)
    return _rows("inventory", load, earlier).with_columns(products, **reasons).select(QUARANTINE_SCHEMA.keys())
