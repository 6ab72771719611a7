"""The generic layout's tables: read from one file or several, checked, and looked at for what no single row shows."""

import dataclasses
import re
from collections import Counter
from collections.abc import Iterator, Mapping

import polars as pl

from data.ingest.contracts import CATALOGUE, INVENTORY, PURCHASE_ORDERS, SALES, Kind, Table
from data.ingest.folder import Folder
from data.ingest.ids import prepare_ids, whole_ids
from data.ingest.outliers import (
    check_amounts,
    check_canceled,
    check_currencies,
    check_line_totals,
    check_thousands,
)
from data.ingest.read import RawTable, join_parts, raw_table, read_table
from data.ingest.repeats import UNCOUNTED, check_repeats, check_replaced, drop_repeated
from data.ingest.returns import leave_out_returns
from data.ingest.source import Source
from data.ingest.totals import check_totals
from data.ingest.validate import CheckedTable, check

_AMOUNTS = {SALES.name: "quantity", INVENTORY.name: "units_on_hand", PURCHASE_ORDERS.name: "units"}
_PRICE = re.compile(
    r"(?i)pri[cs]e|preis|prix|preci?o|preço|prezzo|cena|pris\b|amount|revenue|umsatz|total|value|netto|brutto"
)


def read_files(folder: Folder, source: Source) -> dict[str, RawTable]:
    """Each table that is there, as its files or its query give it."""
    return {table.name: read_parts(folder, table) for table in source.tables if table.name in folder.tables}


def read_parts(folder: Folder, table: Table) -> RawTable:
    """A table out of its files, or of its query."""
    if table.reading.query and folder.database:
        result = folder.database.results()[table.name]
        return raw_table(result.path, result.rows, result.sha256, table)
    paths = folder.claimed[table.name]
    together = paths[0] if len(paths) == 1 else folder.data_dir / " ".join(table.reading.files)
    return join_parts(together, [read_table(path, table) for path in paths], [folder.name(path) for path in paths])


def check_tables(raw: Mapping[str, RawTable], source: Source, time_zone: str) -> dict[str, CheckedTable]:
    """Divide the rows of every table into good and bad, with ids in the form that the seller asks for."""
    tables = [table for table in source.tables if table.name in raw]
    prepared = {table.name: prepare_ids(raw[table.name], table, source.ids) for table in tables}
    whole = whole_ids(tables, prepared)
    checked = {}
    for table in tables:
        rows = dataclasses.replace(check(prepared[table.name], table, time_zone, whole), raw=raw[table.name])
        if table.name == SALES.name:
            rows = leave_out_returns(drop_repeated(rows, table), table)
        checked[table.name] = rows
    return checked


def check_content(
    checked: Mapping[str, CheckedTable], source: Source, time_zone: str | None, max_bad_share: float
) -> list[str]:
    """Look at what rows that are good one by one say together.

    Args:
        checked: The tables.
        source: What the seller says of them.
        time_zone: As the seller says; None: they do not.
        max_bad_share: Share of a file's rows that may be bad.
    Returns:
        What is to be warned of.
    Raises:
        RepeatedRowsError: If a file or a part of it is there twice.
        TwoCountsError: If products are counted in several places.
        TotalRowsError: If rows that add up all others stand among them.
    """
    warnings: list[str] = []
    for table in source.tables:
        if table.name not in checked:
            continue
        rows = checked[table.name]
        warnings += rows.raw.warnings + rows.warnings
        warnings += _read_elsewhere(rows, table, source)
        if table.name == SALES.name:
            warnings += check_repeats(rows.raw, table)
            warnings += _unknown_price(rows, table)
            warnings += check_currencies(rows, table)
            warnings += check_line_totals(rows)
            warnings += check_canceled(rows, table)
        if table.name == CATALOGUE.name:
            warnings += _impossible_orders(rows)
        warnings += check_replaced(rows, table, max_bad_share)
        if table.name in _AMOUNTS:
            warnings += check_totals(rows, _AMOUNTS[table.name])
            warnings += check_thousands(rows, table, _AMOUNTS[table.name])
            warnings += check_amounts(rows, _AMOUNTS[table.name])
        warnings += bad_rows(rows)
        if time_zone is None and rows.times_with_offset:
            warnings.append(
                f"{rows.times_with_offset:,} times of {rows.raw.path.name} carry an offset, such as "
                f'{rows.offset_example}, and were moved to UTC: say time_zone = "…" at the top of source.toml, so that '
                "days and weeks end on the seller's clock"
            )
    return warnings


def bad_rows(rows: CheckedTable) -> Iterator[str]:
    """What is to be warned of where rows of a table are left out."""
    reasons = [reason for reason in rows.bad["reason"] if reason not in UNCOUNTED]
    if reasons:
        reason, count = Counter(reasons).most_common(1)[0]
        most = f"all of them for {reason}" if count == len(reasons) else f"most of them ({count:,}) for {reason}"
        are = "is" if len(reasons) == 1 else "are"
        most = f"for {reason}" if len(reasons) == 1 else most
        yield (
            f"{len(reasons):,} of the {rows.raw.height:,} rows of {rows.raw.path.name} {are} bad and left out, {most}: "
            "stockout-data quarantine shows them"
        )


def _read_elsewhere(rows: CheckedTable, table: Table, source: Source) -> Iterator[str]:
    """Columns by names that are read from other tables alone: who wrote them here means them."""
    read_here = {header for column in table.columns for header in (column.name, *column.headers)}
    for name in rows.raw.order or rows.raw.rows.columns:
        tables = [
            other.stem
            for other in source.tables
            if any(column.name == name and column.kind not in (Kind.ID, Kind.TEXT) for column in other.columns)
        ]
        if tables and name not in read_here:
            yield (
                f"{rows.raw.path.name} has a column {name}, which is not read there: it is read from "
                f"{' and '.join(tables)}"
            )


def _impossible_orders(rows: CheckedTable) -> Iterator[str]:
    """Products whose least order is above their largest one, in whole packs."""
    pack = pl.col("pack_size").fill_null(1)
    least = (pl.col("minimum_order_units") / pack).ceil()
    none = rows.good.filter(
        (least > (pl.col("maximum_order_units") / pack).floor()) | (pl.col("maximum_order_units") < pack)
    )
    if not none.is_empty():
        product, most = none.select("product_id", "maximum_order_units").row(0)
        yield (
            f"no order of {none.height:,} products of {rows.raw.path.name} is possible, so none is suggested: of "
            f"{product!r}, its maximum_order_units of {most:g} is less than its minimum_order_units or its pack_size"
        )


def _unknown_price(rows: CheckedTable, table: Table) -> Iterator[str]:
    """Sales without a price, beside a column that looks like one."""
    if rows.good["unit_price"].null_count() < rows.good.height or rows.good.is_empty():
        return
    known = {header for column in table.columns for header in column.headers}
    if found := [name for name in rows.raw.rows.columns if name not in known and _PRICE.search(name)]:
        yield (
            f"the sales of {rows.raw.path.name} have no price, so revenue at risk is unknown, but there is a column "
            f'{found[0]}: if it is the price of a unit, say unit_price = "{found[0]}" in [sales] of source.toml'
        )
