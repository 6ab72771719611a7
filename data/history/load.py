"""A delivery into the history: every row once, whatever dies half way and however often the files come.

    files -> bronze (rows as found, bad ones with their reason) -> silver (facts that are new) -> committed

The files' names of contents (SHA-256) tell which were loaded before. A row counts from the moment in which the load is
committed in the database of the state; a load that dies before leaves rows that nobody reads.
"""

import datetime as dt
from collections.abc import Collection, Iterator

import polars as pl

from data.errors import DeliveryError
from data.history.as_known import Change, change, change_of_days
from data.history.checks import check_delivery, check_replaced, recorded_beside
from data.history.fact_tables import BRONZE_SCHEMA, LOAD, QUARANTINE_SCHEMA
from data.history.folder import DeliveryFolder
from data.history.history import History
from data.history.ledger import Load, LoadedFile, TableCounts
from data.ingest.csv_file import ROW_NUMBER
from data.ingest.facts import SCHEMAS, Delivery
from data.ingest.reading import NOTHING
from data.ingest.result import as_day

ITEMS, SALES = "items", "sales"
CENTS = (pl.col("quantity") * pl.col("unit_price") * 100).round().cast(pl.Int64)
"""What a line of sales amounts to, rounded to a cent; nothing where its price is not known."""


def load_delivery(history: History, folder: DeliveryFolder) -> Load | None:
    """Read what is new in a folder, and add it to the history.

    Returns:
        The load; None if nothing is new.
    Raises:
        DeliveryError: If the files contradict the history.
        DataError: Another of its subclasses, when they or the history cannot be used; then nothing was added.
    """
    while True:
        before = history.ledger.file_digests()
        if folder.is_loaded(before):
            return None
        delivery = folder.read(before)
        with history.state.locked():
            if history.ledger.file_digests() == before:  # events that came meanwhile do not matter
                history.recover()
                history.remove_strays()
                return _load(history, delivery, history.ledger.loads())
        # another one loaded meanwhile, perhaps the same files: look again


def is_loaded(history: History, folder: DeliveryFolder) -> bool:
    """Whether a folder holds nothing that is new to the history.

    Raises:
        DataError: If that cannot be told.
    """
    return folder.is_loaded(history.ledger.file_digests())


def _load(history: History, delivery: Delivery, loads: Collection[Load]) -> Load:
    known = {name: history.known_table(name, loads) for name in SCHEMAS}
    warnings = [*delivery.warnings, *check_delivery(known, delivery, loads)]
    changes = {
        name: _change(known[name], delivery, name)
        for name in SCHEMAS
        if source_table(delivery.source, name) in delivery.checked
    }
    sales = changes.get(SALES)
    if sales is not None:
        warnings += check_replaced(delivery, sales)
        warnings += recorded_beside(known[SALES], delivery, loads)
    number, known_from = history.ledger.begin(delivery.source, delivery.time_zone)
    for table, rows in _found(delivery, number):
        history.tables.append_found(rows)
        history.tables.append_quarantine(_bad(delivery, table, number))
    for name, found in changes.items():
        history.tables.append_facts(name, number, found.new)
    lines = delivery.facts.tables[SALES]
    load = Load(
        number=number,
        known_from_us=known_from,
        source=delivery.source,
        time_zone=delivery.time_zone,
        has_line_key=delivery.lines_are_named if delivery.facts.sales_are_known else None,
        sales_until=as_day(lines["sold_on"].max()) if lines.height else None,
        warnings=tuple(warnings),
        tables={name: _counts(delivery, name, found) for name, found in changes.items()},
        files=tuple(
            LoadedFile(part.name, SALES if name == ITEMS else name, part.sha256)
            for name, table in delivery.checked.items()
            for part in table.raw.parts
        ),
    )
    if not history.ledger.commit(load, _stretches(sales.days) if sales is not None else []):
        history.tables.remove_loads([number])
        raise DeliveryError(f"load {number} was given up by another process, since its lock was lost: load again")
    return load


def source_table(source: str, name: str) -> str:
    """The table of files of a layout that a table of facts comes from."""
    return ITEMS if name == SALES and source == "olist" else name


def _change(known: pl.DataFrame, delivery: Delivery, name: str) -> Change:
    delivered = delivery.facts.tables[name]
    if name != SALES or delivery.lines_are_named:
        return change(name, known, delivered)
    if delivery.replaces == NOTHING or delivered.is_empty():
        nothing = pl.Series(dtype=pl.Date)
        return Change(delivered, delivered.clear(), known.clear(), nothing)
    covered = [
        pl.date_range(as_day(part["sold_on"].min()), as_day(part["sold_on"].max()), eager=True).to_frame("day")
        for part in _lines_of_files(delivery)
    ]
    return change_of_days(known, delivered, pl.concat(covered)["day"].unique().sort())


def _lines_of_files(delivery: Delivery) -> list[pl.DataFrame]:
    """The lines of each file that has any."""
    checked = delivery.checked[SALES]
    lines = checked.good.select(ROW_NUMBER, sold_on=pl.col("sold_at").dt.date())
    if lines.is_empty():
        return []
    return lines.with_columns(checked.raw.parts_of(lines[ROW_NUMBER])).partition_by("part")


def _found(delivery: Delivery, load: int) -> Iterator[tuple[str, pl.DataFrame]]:
    """The rows of each table as they were found, columns as in ``BRONZE_SCHEMA``; one table at a time takes memory."""
    for name, table in delivery.checked.items():
        of_load = pl.lit(load, dtype=pl.Int64).alias(LOAD)
        yield name, table.raw.texts().select(of_load, pl.lit(name).alias("table"), *list(BRONZE_SCHEMA)[2:])


def _bad(delivery: Delivery, table: str, load: int) -> pl.DataFrame:
    """The bad rows of a table, columns as in ``QUARANTINE_SCHEMA``."""
    checked = delivery.checked[table]
    name = SALES if table == ITEMS else table
    bad = checked.bad.sort(ROW_NUMBER)
    if "product_id" not in bad.columns:
        bad = bad.with_columns(product_id=pl.lit(None, dtype=pl.String))
    ids = bad.select("product_id")
    rows = checked.quarantine().hstack(ids)
    return rows.select(
        pl.lit(load, dtype=pl.Int64).alias(LOAD), pl.lit(name).alias("table"), *list(QUARANTINE_SCHEMA)[2:]
    )


def _counts(delivery: Delivery, name: str, found: Change) -> TableCounts:
    checked = delivery.checked[source_table(delivery.source, name)]
    cents = [
        cents_of(rows) if name == SALES else 0 for rows in (delivery.facts.tables[name], found.unchanged, found.new)
    ]
    return TableCounts(
        rows_read=checked.raw.height,
        rows_quarantined=checked.bad.height,
        rows_unchanged=found.unchanged.height,
        rows_new=found.new.height,
        cents_read=cents[0],
        cents_unchanged=cents[1],
        cents_new=cents[2],
    )


def cents_of(lines: pl.DataFrame) -> int:
    """What lines of sales amount to, each rounded to a cent; lines without a price amount to nothing."""
    return int(lines.select(CENTS.sum()).item() or 0)


def _stretches(days: pl.Series) -> list[tuple[dt.date, dt.date]]:
    """First and last day of each stretch of days that follow each other."""
    if days.is_empty():
        return []
    is_first = (pl.col("day").diff().dt.total_days() != 1).fill_null(value=True)
    breaks = days.to_frame("day").with_columns(stretch=is_first.cum_sum())
    ends = breaks.group_by("stretch", maintain_order=True).agg(first=pl.col("day").min(), last=pl.col("day").max())
    return list(ends.select("first", "last").iter_rows())
