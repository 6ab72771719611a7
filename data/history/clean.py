"""The history as it was known at a time, in the form in which files read once end: clean sales and counts."""

import dataclasses
from collections.abc import Collection, Sequence

import polars as pl

from data.errors import EmptyInputError, HistoryError
from data.history.history import History
from data.history.ledger import Load, TableCounts
from data.ingest.facts import Facts, Movements, days_known, excluded_by_reason, movements, products_of, sorted_facts
from data.ingest.generic import unmatched_returns
from data.ingest.result import CleanHistory, IngestReport, as_day


def clean_history(history: History, loads: Sequence[Load], *, excluded_statuses: Collection[str] = ()) -> CleanHistory:
    """What was sold and counted, as known after some loads.

    Args:
        history: The history.
        loads: Its loads up to the time that is asked for, oldest first.
        excluded_statuses: Order statuses that are no sale.
    Raises:
        HistoryError: If there is no load yet, or the facts cannot be read.
        EmptyInputError: If nothing was sold.
    """
    if not loads:
        raise HistoryError(f"the history in {history.tables.root} is empty at that time: load files first, LoadHistory")
    known = history.known(loads)
    facts = dataclasses.replace(known, tables=sorted_facts(known.tables))
    moved = movements(facts, excluded_statuses)
    if moved.sales.is_empty():
        raise EmptyInputError(f"nothing was sold: the history in {history.tables.root} holds no sale that counts")
    products = products_of(facts, moved.sales)
    report = _report(facts, moved, loads, products, excluded_statuses)
    return CleanHistory(
        moved.sales,
        products,
        dataclasses.replace(report, quarantined=history.quarantined(loads)),
        facts.tables["inventory"],
        facts.tables["availability"],
    )


def _report(
    facts: Facts,
    moved: Movements,
    loads: Sequence[Load],
    products: pl.DataFrame,
    excluded_statuses: Collection[str],
) -> IngestReport:
    counts = {name: _total(loads, name) for name in ("sales", "inventory", "availability")}
    sales, until = moved.sales, [load.sales_until for load in loads if load.sales_until is not None]
    first_day, last_day = days_known(facts, sales)
    lines, excluded = facts.tables["sales"].height, excluded_by_reason(products)
    return IngestReport(
        source="history",
        time_zone=loads[-1].time_zone,
        excluded_statuses=tuple(sorted(excluded_statuses)),
        orders_total=0,
        orders_quarantined=0,
        orders_without_items=0,
        items_total=counts["sales"].rows_read,
        items_used=moved.lines_used,
        items_excluded_by_status=moved.lines_excluded,
        items_quarantined=counts["sales"].rows_quarantined,
        items_replaced=counts["sales"].rows_unchanged + counts["sales"].rows_new - lines,
        quarantined={},
        products_total=products.height,
        products_sold=products.height - sum(excluded.values()),
        products_excluded=excluded,
        first_sale_on=as_day(sales["sold_on"].min()),
        last_sale_on=as_day(sales["sold_on"].max()),
        history_from=first_day,
        history_to=max([last_day, *until]),
        counts_total=counts["inventory"].rows_read,
        counts_used=facts.tables["inventory"].height,
        flags_total=counts["availability"].rows_read,
        flags_used=facts.tables["availability"].height,
        sales_are_depletion=not facts.sales_are_known,
        sales_until=max(until) if until else None,
        files={f"load {load.number}": {file.name: file.table for file in load.files} for load in loads},
        returned_units=moved.returned_units,
        warnings=(*_warnings(loads), *unmatched_returns(moved)),
    )


def _total(loads: Sequence[Load], table: str) -> TableCounts:
    found = [load.tables[table] for load in loads if table in load.tables]
    return TableCounts(*(sum(getattr(each, name) for each in found) for name in TableCounts.__dataclass_fields__))


def _warnings(loads: Sequence[Load]) -> tuple[str, ...]:
    """Those of the newest load, and how many there were before."""
    earlier = sum(len(load.warnings) for load in loads[:-1])
    more = (f"earlier loads had {earlier:,} warnings: stockout-data loads prints them",) if earlier else ()
    return (*(f"load {loads[-1].number}: {warning}" for warning in loads[-1].warnings), *more)
