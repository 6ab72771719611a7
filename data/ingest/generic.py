"""The generic layout in, clean sales and stock counts out; every row is accounted for.

rows of a file  =  used  +  in quarantine
"""

import dataclasses
from collections.abc import Collection, Mapping
from pathlib import Path

import polars as pl

from data.errors import EmptyInputError
from data.ingest.contracts import AVAILABILITY, INVENTORY, PURCHASE_ORDERS, SALES
from data.ingest.dialect.dates import check_time_zone
from data.ingest.facts import (
    Delivery,
    Facts,
    Movements,
    days_known,
    excluded_by_reason,
    movements,
    products_of,
)
from data.ingest.fingerprint import check_fingerprint
from data.ingest.folder import find_files
from data.ingest.generic_facts import generic_facts, sales_reading
from data.ingest.joins import check_joins
from data.ingest.quarantine import (
    DEFAULT_MAX_BAD_SHARE,
    check_bad_shares,
    check_max_bad_share,
    count_reasons,
    quarantine_rows,
)
from data.ingest.read import digests
from data.ingest.result import CleanHistory, IngestReport, as_day
from data.ingest.source import read_source, source_file
from data.ingest.tables import check_content, check_tables, read_files
from data.ingest.validate import CheckedTable

DEFAULT_TIME_ZONE = "UTC"

_MOVEMENTS = (SALES.name, INVENTORY.name)

Tables = Mapping[str, CheckedTable]


def input_files(data_dir: Path, columns_file: Path | None = None) -> list[Path]:
    """Every file that an ingest reads, the one that says how included.

    Raises:
        DataError: One of its subclasses, when they cannot be told.
    """
    said = source_file(data_dir, columns_file)
    claimed = find_files(data_dir, read_source(said)).claimed
    return sorted(path for paths in claimed.values() for path in paths) + ([said] if said else [])


def has_table(data_dir: Path, name: str, columns_file: Path | None = None) -> bool:
    """Whether a table is there, in files or as a query.

    Raises:
        DataError: One of its subclasses, when that cannot be told.
    """
    return name in find_files(data_dir, read_source(source_file(data_dir, columns_file))).tables


def query_digests(data_dir: Path, columns_file: Path | None = None) -> dict[str, str]:
    """The SHA-256 of the rows of each table that is a query, by what the query is called.

    Raises:
        DataError: One of its subclasses, when they cannot be had.
    """
    database = find_files(data_dir, read_source(source_file(data_dir, columns_file))).database
    return {each.path.name: each.sha256 for each in database.results().values()} if database else {}


def ingest_generic(
    data_dir: Path,
    *,
    quarantine_file: Path,
    columns_file: Path | None = None,
    time_zone: str | None = None,
    max_bad_share: float = DEFAULT_MAX_BAD_SHARE,
    fingerprint: str | None = None,
) -> CleanHistory:
    """Read and validate the generic layout: sales, inventory, availability, products, suppliers, lead times and
    purchase orders.

    Without sales the falls of the counts are taken as sales: they are units that left the shelf.

    Args:
        data_dir: Folder of the files, each ``.csv``, ``.csv.gz``, ``.parquet`` or ``.xlsx``.
        quarantine_file: Where the bad rows go, as Parquet; also written, empty, when there are none, and before a
            TooManyBadRowsError is raised.
        columns_file: TOML file that says how the files are read; by default ``source.toml`` in ``data_dir``, if any.
        time_zone: IANA name of the zone of the seller's clock; times that carry an offset are moved to it. None: as
            that file says, else UTC.
        max_bad_share: Share of bad rows, of each file, above which the files are refused.
        fingerprint: Of the files, taken before, under which the result will be kept; other files are refused.
    Raises:
        DataError: One of its subclasses, when the files or the settings cannot be used.
    """
    delivery = read_generic(
        data_dir,
        quarantine_file=quarantine_file,
        columns_file=columns_file,
        time_zone=time_zone,
        max_bad_share=max_bad_share,
        fingerprint=fingerprint,
    )
    checked, facts = delivery.checked, delivery.facts
    moved = movements(facts)
    if moved.sales.is_empty():
        raise EmptyInputError(f"nothing was sold: {data_dir} holds no sale above 0 units, and no count that falls")
    products = products_of(facts, moved.sales)
    report = _report(checked, facts, moved, products, delivery.time_zone)
    warnings = delivery.warnings + unmatched_returns(moved.unmatched_units)
    return CleanHistory(
        moved.sales,
        products,
        dataclasses.replace(report, warnings=warnings),
        facts.tables[INVENTORY.name],
        facts.tables[AVAILABILITY.name],
        facts.tables[PURCHASE_ORDERS.name],
    )


def read_generic(
    data_dir: Path,
    *,
    quarantine_file: Path,
    columns_file: Path | None = None,
    time_zone: str | None = None,
    max_bad_share: float = DEFAULT_MAX_BAD_SHARE,
    fingerprint: str | None = None,
    left_out: Collection[Path] | None = None,
) -> Delivery:
    """Read and check the files, as :func:`ingest_generic` does, and go no further.

    Args:
        data_dir: As there, like the others.
        quarantine_file: As there.
        columns_file: As there.
        time_zone: As there.
        max_bad_share: As there.
        fingerprint: As there.
        left_out: Files that are not read, since their rows are known; then any table may be missing. None: all are
            read, and there must be sales or counts.
    Raises:
        DataError: One of its subclasses, when the files or the settings cannot be used.
    """
    check_max_bad_share(max_bad_share)
    source = read_source(source_file(data_dir, columns_file))
    zone = time_zone or source.time_zone
    check_time_zone(zone or DEFAULT_TIME_ZONE)
    folder = find_files(data_dir, source, of_delivery=left_out is not None)
    warnings = list(folder.check(source) if left_out is None else folder.check_delivery(source))
    folder = folder.without(left_out or ())
    raw = read_files(folder, source)
    check_fingerprint(data_dir, {**source.digests, **digests(raw.values())}, fingerprint)
    checked = check_tables(raw, source, zone or DEFAULT_TIME_ZONE)
    quarantine_rows(checked, quarantine_file)
    warnings += check_content(checked, source, zone, max_bad_share)
    check_bad_shares(list(checked.values()), max_bad_share, quarantine_file)
    warnings += check_joins(checked, source.ids)
    facts = generic_facts(checked, source)
    counts = facts.tables[INVENTORY.name]
    if left_out is None and not counts.is_empty() and not (counts["units_on_hand"] > 0).any():
        raise EmptyInputError(
            f"no count of {checked[INVENTORY.name].raw.path} is above 0: check which column holds the units on hand, "
            "or leave the file out"
        )
    sales = sales_reading(source)
    return Delivery(
        "generic",
        checked,
        facts,
        tuple(warnings),
        zone or DEFAULT_TIME_ZONE,
        lines_are_named=bool(sales.key),
        replaces=sales.replaces,
        id_form=source.ids,
    )


def unmatched_returns(unmatched_units: float) -> tuple[str, ...]:
    """The warning of returned units without a sale, if there are any."""
    units = round(unmatched_units, 6)  # what fractions leave in sums is no unit
    return (f"{units:,g} returned units had no sale in their week, and were left out",) if units else ()


def _report(checked: Tables, facts: Facts, moved: Movements, products: pl.DataFrame, time_zone: str) -> IngestReport:
    totals = {name: table.raw.height for name, table in checked.items()}
    used = {name: table.good.height for name, table in checked.items()}
    sales = moved.sales
    first_day, last_day = days_known(facts, sales)
    excluded = excluded_by_reason(products)
    return IngestReport(
        source="generic",
        time_zone=time_zone,
        excluded_statuses=(),
        orders_total=0,
        orders_quarantined=0,
        orders_without_items=0,
        items_total=totals.get(SALES.name, 0),
        items_used=used.get(SALES.name, 0),
        items_excluded_by_status=0,
        items_quarantined=totals.get(SALES.name, 0) - used.get(SALES.name, 0),
        quarantined=count_reasons(checked),
        ids_from_decimals=sum(table.ids_from_decimals for table in checked.values()),
        products_total=products.height,
        products_sold=products.height - sum(excluded.values()),
        products_excluded=excluded,
        first_sale_on=as_day(sales["sold_on"].min()),
        last_sale_on=as_day(sales["sold_on"].max()),
        history_from=first_day,
        history_to=last_day,
        counts_total=totals.get(INVENTORY.name, 0),
        counts_used=used.get(INVENTORY.name, 0),
        flags_total=totals.get(AVAILABILITY.name, 0),
        flags_used=used.get(AVAILABILITY.name, 0),
        purchase_orders_total=totals.get(PURCHASE_ORDERS.name, 0),
        purchase_orders_used=used.get(PURCHASE_ORDERS.name, 0),
        sales_are_depletion=not facts.sales_are_known,
        sales_until=as_day(checked[SALES.name].good["sold_at"].dt.date().max()) if SALES.name in checked else None,
        files={name: {part.name: part.form for part in table.raw.parts} for name, table in checked.items()},
        forms={name: dict(table.evidence) for name, table in checked.items() if table.evidence},
        returned_units=moved.returned_units,
    )
