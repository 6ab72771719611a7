"""The generic layout in, clean sales and stock counts out; every row is accounted for.

rows of a file  =  used  +  in quarantine
"""

import dataclasses
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from data.errors import EmptyInputError
from data.ingest.contracts import AVAILABILITY, CATALOGUE, INVENTORY, LEAD_TIMES, SALES, Exclusion
from data.ingest.csv_file import ROW_NUMBER
from data.ingest.dialect.dates import check_time_zone
from data.ingest.fingerprint import check_fingerprint
from data.ingest.folder import find_files
from data.ingest.joins import check_joins
from data.ingest.quarantine import (
    DEFAULT_MAX_BAD_SHARE,
    check_bad_shares,
    check_max_bad_share,
    count_reasons,
    quarantine_rows,
)
from data.ingest.read import digests
from data.ingest.result import AVAILABILITY_SCHEMA, COUNTS_SCHEMA, CleanHistory, IngestReport, as_day
from data.ingest.returns import net_returns
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


def ingest_generic(
    data_dir: Path,
    *,
    quarantine_file: Path,
    columns_file: Path | None = None,
    time_zone: str | None = None,
    max_bad_share: float = DEFAULT_MAX_BAD_SHARE,
    fingerprint: str | None = None,
) -> CleanHistory:
    """Read and validate the generic layout: sales, inventory, availability, products and lead times.

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
    check_max_bad_share(max_bad_share)
    source = read_source(source_file(data_dir, columns_file))
    zone = time_zone or source.time_zone
    check_time_zone(zone or DEFAULT_TIME_ZONE)
    folder = find_files(data_dir, source)
    warnings = list(folder.check(source))
    raw = read_files(folder, source)
    check_fingerprint(data_dir, {**source.digests, **digests(raw.values())}, fingerprint)
    checked = check_tables(raw, source, zone or DEFAULT_TIME_ZONE)
    quarantine_rows(checked, quarantine_file)
    warnings += check_content(checked, source, zone, max_bad_share)
    check_bad_shares(list(checked.values()), max_bad_share, quarantine_file)
    warnings += check_joins(checked, source.ids)
    counts, flags = _counts(checked), _availability(checked)
    if not counts.is_empty() and not (counts["units_on_hand"] > 0).any():
        raise EmptyInputError(
            f"no count of {checked[INVENTORY.name].raw.path} is above 0: check which column holds the units on hand, "
            "or leave the file out"
        )
    sales, unmatched = _sales(checked) if SALES.name in checked else (falls_as_sales(counts), 0.0)
    if sales.is_empty():
        raise EmptyInputError(f"nothing was sold: {data_dir} holds no sale above 0 units, and no count that falls")
    if unmatched:
        warnings.append(f"{unmatched:,g} returned units had no sale in their week, and were left out")
    products = _products(checked, sales, counts)
    report = _report(checked, sales, counts, flags, products, zone or DEFAULT_TIME_ZONE)
    return CleanHistory(sales, products, dataclasses.replace(report, warnings=tuple(warnings)), counts, flags)


def falls_as_sales(counts: pl.DataFrame) -> pl.DataFrame:
    """A sale for each fall of a product's count, on the day on which it was found; without a price."""
    fallen = -pl.col("units_on_hand").diff().over("product_id", order_by="counted_on")
    return (
        counts.with_columns(units=fallen)
        .filter(pl.col("units") > 0)
        .select(
            "product_id",
            sold_on="counted_on",
            order=pl.int_range(pl.len(), dtype=pl.Int64),
            units="units",
            unit_price=pl.lit(None, dtype=pl.Float64),
        )
        .sort("product_id", "sold_on")
    )


def _sales(checked: Tables) -> tuple[pl.DataFrame, float]:
    """The rows above 0 units, less what was returned, and returned units of which the sale is not there.

    A row of 0 units means the same as no row.
    """
    lines = checked[SALES.name].good.select(
        "product_id",
        sold_on=pl.col("sold_at").dt.date(),
        order=ROW_NUMBER,
        units="quantity",
        unit_price="unit_price",
    )
    sold, unmatched = net_returns(lines) if (lines["units"] < 0).any() else (lines.filter(pl.col("units") > 0), 0.0)
    return sold.sort("product_id", "sold_on", "unit_price", "units"), unmatched


def _counts(checked: Tables) -> pl.DataFrame:
    if INVENTORY.name not in checked:
        return pl.DataFrame(schema=COUNTS_SCHEMA)
    return checked[INVENTORY.name].good.select(*COUNTS_SCHEMA).sort("product_id", "counted_on")


def _availability(checked: Tables) -> pl.DataFrame:
    if AVAILABILITY.name not in checked:
        return pl.DataFrame(schema=AVAILABILITY_SCHEMA)
    flags = checked[AVAILABILITY.name].good
    return flags.select("product_id", pl.col("week_start").alias("week"), "in_stock").sort("product_id", "week")


def _products(checked: Tables, sales: pl.DataFrame, counts: pl.DataFrame) -> pl.DataFrame:
    """Every product that any file names, with its category, lead time, and why it is not followed, if it is not."""
    followed = [sales.select("product_id"), counts.filter(pl.col("units_on_hand") > 0).select("product_id")]
    moved = [checked[name].good.select("product_id") for name in (*_MOVEMENTS, AVAILABILITY.name) if name in checked]
    listed = [checked[name].good.select("product_id") for name in (CATALOGUE.name, LEAD_TIMES.name) if name in checked]
    refused = [checked[name].bad.select("product_id") for name in _MOVEMENTS if name in checked]
    reasons = {
        None: followed,
        Exclusion.NO_COUNTED_SALES: moved,
        Exclusion.QUARANTINED: refused,
        Exclusion.NEVER_ORDERED: listed,
    }
    every = pl.concat(
        frame.with_columns(exclusion=pl.lit(reason, dtype=pl.String))
        for reason, frames in reasons.items()
        for frame in frames
    )
    return (
        every.filter(pl.col("product_id").is_not_null() & (pl.col("product_id") != ""))
        .unique("product_id", keep="first", maintain_order=True)
        .join(_attribute(checked, CATALOGUE.name, "category", pl.String), on="product_id", how="left")
        .join(_attribute(checked, LEAD_TIMES.name, "lead_time_days", pl.Float64), on="product_id", how="left")
        .select(
            "product_id",
            pl.col("category").fill_null(""),
            "exclusion",
            pl.col("lead_time_days").cast(pl.Int32),
        )
        .sort("product_id")
    )


def _attribute(checked: Tables, table: str, column: str, kind: type[pl.DataType]) -> pl.DataFrame:
    if table not in checked:
        return pl.DataFrame(schema={"product_id": pl.String, column: kind})
    return checked[table].good.select("product_id", column)


def _report(
    checked: Tables,
    sales: pl.DataFrame,
    counts: pl.DataFrame,
    flags: pl.DataFrame,
    products: pl.DataFrame,
    time_zone: str,
) -> IngestReport:
    totals = {name: table.raw.height for name, table in checked.items()}
    used = {name: table.good.height for name, table in checked.items()}
    # a flag is of a whole week, and so known to its Sunday
    days = pl.concat([sales["sold_on"], counts["counted_on"], flags["week"], flags["week"].dt.offset_by("6d")])
    exclusions = products["exclusion"].drop_nulls()
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
        products_sold=products.height - exclusions.len(),
        products_excluded=dict(sorted(Counter(exclusions).items())),
        first_sale_on=as_day(sales["sold_on"].min()),
        last_sale_on=as_day(sales["sold_on"].max()),
        history_from=as_day(days.min()),
        history_to=as_day(days.max()),
        counts_total=totals.get(INVENTORY.name, 0),
        counts_used=used.get(INVENTORY.name, 0),
        flags_total=totals.get(AVAILABILITY.name, 0),
        flags_used=used.get(AVAILABILITY.name, 0),
        sales_are_depletion=SALES.name not in checked,
        sales_until=as_day(checked[SALES.name].good["sold_at"].dt.date().max()) if SALES.name in checked else None,
        files={name: {part.name: part.form for part in table.raw.parts} for name, table in checked.items()},
        forms={name: dict(table.evidence) for name, table in checked.items() if table.evidence},
        returned_units=_returned(checked),
    )


def _returned(checked: Tables) -> float:
    if SALES.name not in checked:
        return 0.0
    return float(-checked[SALES.name].good["quantity"].clip(upper_bound=0).sum())
