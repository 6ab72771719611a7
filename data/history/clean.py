"""The history as it was known at a time, in the form in which files read once end: clean sales and counts."""

import dataclasses
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import polars as pl

from data.errors import EmptyInputError, HistoryError
from data.history.checks import counted
from data.history.events import SOURCE as EVENTS
from data.history.history import History, sales_are_known
from data.history.ledger import Load, TableCounts
from data.history.sums import CleanSums, sums_of
from data.ingest.facts import Facts, movements, products_of, sorted_facts
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
    check_any(history, loads)
    facts = history.known(loads)
    part = clean_facts(facts, excluded_statuses)
    return CleanHistory(
        part.sales,
        part.products,
        clean_report(history, loads, part.sums, excluded_statuses),
        part.counts,
        part.availability,
        part.purchase_orders,
    )


def check_any(history: History, loads: Sequence[Load]) -> None:
    """Raises:
    HistoryError: If there is no load.
    """
    if not loads:
        raise HistoryError(f"the history in {history.tables.root} is empty at that time: load files first, LoadHistory")


@dataclass(frozen=True)
class CleanFacts:
    """What was sold and counted of some products: the tables of a ``CleanHistory``, and what its report sums up."""

    sales: pl.DataFrame
    products: pl.DataFrame
    counts: pl.DataFrame
    availability: pl.DataFrame
    purchase_orders: pl.DataFrame
    sums: CleanSums


def clean_facts(known: Facts, excluded_statuses: Collection[str]) -> CleanFacts:
    """The facts of some products, as they are known, in the form of a ``CleanHistory``."""
    facts = dataclasses.replace(known, tables=sorted_facts(known.tables))
    moved = movements(facts, excluded_statuses)
    products = products_of(facts, moved.sales)
    counts, flags = facts.tables["inventory"], facts.tables["availability"]
    sums = sums_of(facts, moved, products)
    return CleanFacts(moved.sales, products, counts, flags, facts.tables["purchase_orders"], sums)


def clean_report(
    history: History, loads: Sequence[Load], sums: CleanSums, excluded_statuses: Collection[str]
) -> IngestReport:
    """The account of all rows.

    Args:
        history: The history.
        loads: Those that are known, oldest first.
        sums: Over all products.
        excluded_statuses: Order statuses that are no sale.
    Raises:
        HistoryError: If the rows in quarantine cannot be read.
        EmptyInputError: If nothing was sold.
    """
    if not sums.days["sales"]:
        raise EmptyInputError(f"nothing was sold: the history in {history.tables.root} holds no sale that counts")
    counts = {name: _total(loads, name) for name in ("sales", "inventory", "availability", "purchase_orders")}
    sold, until = sums.rows_by_day("sales")["day"], [load.sales_until for load in loads if load.sales_until is not None]
    first_day, last_day = sums.days_known()
    return IngestReport(
        source="history",
        time_zone=loads[-1].time_zone,
        excluded_statuses=tuple(sorted(excluded_statuses)),
        orders_total=0,
        orders_quarantined=0,
        orders_without_items=0,
        items_total=counts["sales"].rows_read,
        items_used=sums.lines_used,
        items_excluded_by_status=sums.lines_excluded,
        items_quarantined=counts["sales"].rows_quarantined,
        items_replaced=counts["sales"].rows_unchanged + counts["sales"].rows_new - sums.lines,
        quarantined=history.quarantined(loads),
        products_total=sums.products,
        products_sold=sums.products - sum(sums.products_excluded.values()),
        products_excluded=sums.products_excluded,
        first_sale_on=as_day(sold.min()),
        last_sale_on=as_day(sold.max()),
        history_from=first_day,
        history_to=max([last_day, *until]),
        counts_total=counts["inventory"].rows_read,
        counts_used=sums.rows("counts"),
        flags_total=counts["availability"].rows_read,
        flags_used=sums.rows("availability"),
        purchase_orders_total=counts["purchase_orders"].rows_read,
        purchase_orders_used=sums.purchase_orders,
        sales_are_depletion=not sales_are_known(loads),
        sales_until=max(until) if until else None,
        files={f"load {load.number}": {file.name: file.table for file in load.files} for load in loads if load.files},
        returned_units=sums.returned_units,
        warnings=(
            *_warnings(loads),
            *_beside_files(history.recorded_after_files(loads)),
            *unmatched_returns(sums.unmatched_units),
        ),
    )


def _total(loads: Sequence[Load], table: str) -> TableCounts:
    found = [load.tables[table] for load in loads if table in load.tables]
    return TableCounts(*(sum(getattr(each, name) for each in found) for name in TableCounts.__dataclass_fields__))


def _warnings(loads: Sequence[Load]) -> tuple[str, ...]:
    """Those of the newest load of files, and how many there were before."""
    of_files = [load for load in loads if load.source != EVENTS]
    earlier = sum(len(load.warnings) for load in of_files[:-1])
    warnings = counted(earlier, "warning: stockout-data loads prints it", "warnings: stockout-data loads prints them")
    more = (f"earlier loads had {warnings}",) if earlier else ()
    newest = [f"load {load.number}: {warning}" for load in of_files[-1:] for warning in load.warnings]
    return (*newest, *more)


def _beside_files(sales: int) -> tuple[str, ...]:
    if not sales:
        return ()
    return (
        f"{counted(sales, 'sale was', 'sales were')} recorded as events after a file without a key had said all that "
        "was sold on their days: its lines count too, so that a sale which it holds counts twice, until a later file "
        "says these days anew",
    )
