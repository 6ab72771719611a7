"""Olist's order files in, clean sales out; every row is accounted for.

items of the file  =  used  +  excluded by their order's status  +  in quarantine
"""

from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path

import polars as pl

from data.errors import EmptyInputError, IngestSettingError
from data.ingest.contracts import (
    DEFAULT_EXCLUDED_STATUSES,
    ITEMS,
    OLIST,
    ORDER_STATUSES,
    ORDERS,
    PRODUCTS,
    TRANSLATION,
    Exclusion,
    RejectionReason,
)
from data.ingest.dialect.dates import check_time_zone
from data.ingest.fingerprint import check_fingerprint
from data.ingest.ids import whole_ids
from data.ingest.quarantine import (
    DEFAULT_MAX_BAD_SHARE,
    check_bad_shares,
    check_max_bad_share,
    count_reasons,
    quarantine_rows,
)
from data.ingest.read import digests, find_inputs, read_table
from data.ingest.result import CleanHistory, IngestReport, as_day
from data.ingest.validate import CheckedTable, check

DEFAULT_TIME_ZONE = "America/Sao_Paulo"


def ingest_olist(
    data_dir: Path,
    *,
    quarantine_file: Path,
    excluded_statuses: Collection[str] = DEFAULT_EXCLUDED_STATUSES,
    time_zone: str = DEFAULT_TIME_ZONE,
    max_bad_share: float = DEFAULT_MAX_BAD_SHARE,
    fingerprint: str | None = None,
) -> CleanHistory:
    """Read and validate Olist's layout: orders, their items, and products where they are there.

    Args:
        data_dir: Folder of the files, each ``.csv``, ``.csv.gz`` or ``.parquet``.
        quarantine_file: Where the bad rows go, as Parquet; also written, empty, when there are none, and before a
            TooManyBadRowsError is raised.
        excluded_statuses: Order statuses that are no sale.
        time_zone: IANA name of the zone of the seller's clock, which draws the line between days and weeks.
        max_bad_share: Share of bad rows, of the orders and of the items each, above which the files are refused.
        fingerprint: Of the files, taken before, under which the result will be kept; other files are refused.
    Raises:
        DataError: One of its subclasses, when the files or the settings cannot be used.
    """
    _check_settings(excluded_statuses, time_zone, max_bad_share)
    paths = find_inputs(data_dir, OLIST)
    found = [table for table in OLIST if table.name in paths]
    raw = {table.name: read_table(paths[table.name], table) for table in found}
    check_fingerprint(data_dir, digests(raw.values()), fingerprint)
    whole = whole_ids(found, raw)
    checked = {table.name: check(raw[table.name], table, time_zone, whole) for table in found}
    checked[ITEMS.name] = _refuse_items_without_order(checked[ITEMS.name], checked[ORDERS.name])
    quarantine_rows(checked, quarantine_file)
    check_bad_shares([checked[table.name] for table in (ORDERS, ITEMS)], max_bad_share, quarantine_file)
    items = _with_orders(checked, excluded_statuses)
    if not items["counts"].any():
        raise EmptyInputError(f"no row of {paths[ITEMS.name]} counts as a sale: check the excluded statuses")
    products = _products(checked, items)
    sales = (
        items.filter("counts")
        .select("product_id", "sold_on", "order", units=pl.lit(1.0), unit_price="price")
        .sort("product_id", "sold_on", "unit_price")
    )
    return CleanHistory(sales, products, report=_report(checked, items, products, time_zone, excluded_statuses))


def _check_settings(excluded_statuses: Collection[str], time_zone: str, max_bad_share: float) -> None:
    check_time_zone(time_zone)
    if unknown := sorted(set(excluded_statuses) - set(ORDER_STATUSES)):
        raise IngestSettingError(
            f"no order can have the excluded status {', '.join(unknown)}; known are: {', '.join(ORDER_STATUSES)}"
        )
    check_max_bad_share(max_bad_share)


def _refuse_items_without_order(items: CheckedTable, orders: CheckedTable) -> CheckedTable:
    orphans = items.good.join(orders.good, on="order_id", how="anti")
    of_bad_order = pl.col("order_id").is_in(orders.bad["order_id"].drop_nulls().implode())
    reason = (
        pl.when(of_bad_order)
        .then(pl.lit(RejectionReason.ITEM_OF_QUARANTINED_ORDER.value))
        .otherwise(pl.lit(RejectionReason.ITEM_WITHOUT_ORDER.value))
    )
    return items.refuse(orphans.with_columns(reason.alias("reason")))


def _with_orders(checked: Mapping[str, CheckedTable], excluded_statuses: Collection[str]) -> pl.DataFrame:
    """Good items with the date of their order and whether it counts as a sale."""
    orders = checked[ORDERS.name].good.select(
        "order_id",
        order=pl.int_range(pl.len(), dtype=pl.Int64),
        sold_on=pl.col("order_purchase_timestamp").dt.date(),
        counts=~pl.col("order_status").is_in(sorted(excluded_statuses)),
    )
    return checked[ITEMS.name].good.join(orders, on="order_id", how="inner", maintain_order="left")


def _products(checked: Mapping[str, CheckedTable], items: pl.DataFrame) -> pl.DataFrame:
    """Every product that any file names, with its category and, where it has no sales, the reason."""
    sold = items.filter("counts").select("product_id", exclusion=pl.lit(None, dtype=pl.String))
    uncounted = items.select("product_id", exclusion=pl.lit(Exclusion.NO_COUNTED_SALES.value))
    refused = _product_ids(checked[ITEMS.name].bad).with_columns(exclusion=pl.lit(Exclusion.QUARANTINED.value))
    sources = [sold, uncounted, refused]
    if PRODUCTS.name in checked:
        listed = checked[PRODUCTS.name].good.select("product_id")
        sources.append(listed.with_columns(exclusion=pl.lit(Exclusion.NEVER_ORDERED.value)))
    every = pl.concat(sources).unique("product_id", keep="first", maintain_order=True)
    return (
        every.join(_categories(checked), on="product_id", how="left")
        .select(
            "product_id",
            pl.col("category").fill_null(""),
            "exclusion",
            lead_time_days=pl.lit(None, dtype=pl.Int32),
        )
        .sort("product_id")
    )


def _product_ids(bad_items: pl.DataFrame) -> pl.DataFrame:
    return bad_items.select("product_id").filter(pl.col("product_id").is_not_null() & (pl.col("product_id") != ""))


def _categories(checked: Mapping[str, CheckedTable]) -> pl.DataFrame:
    """Each product's category, in English where a translation is there."""
    if PRODUCTS.name not in checked:
        return pl.DataFrame(schema={"product_id": pl.String, "category": pl.String})
    products = checked[PRODUCTS.name].good
    name = pl.col("product_category_name")
    if TRANSLATION.name not in checked:
        return products.select("product_id", category=name)
    translated = products.join(checked[TRANSLATION.name].good, on="product_category_name", how="left")
    return translated.select("product_id", category=pl.coalesce("product_category_name_english", name))


def _report(
    checked: Mapping[str, CheckedTable],
    items: pl.DataFrame,
    products: pl.DataFrame,
    time_zone: str,
    excluded_statuses: Collection[str],
) -> IngestReport:
    orders, order_items = checked[ORDERS.name], checked[ITEMS.name]
    named = pl.concat([order_items.good.select("order_id"), order_items.bad.select("order_id")])
    sold_on = items.filter("counts")["sold_on"]
    exclusions = products["exclusion"].drop_nulls()
    return IngestReport(
        source="olist",
        time_zone=time_zone,
        excluded_statuses=tuple(sorted(excluded_statuses)),
        orders_total=orders.raw.height,
        orders_quarantined=orders.bad.height,
        orders_without_items=orders.good.join(named, on="order_id", how="anti").height,
        items_total=order_items.raw.height,
        items_used=sold_on.len(),
        items_excluded_by_status=items.height - sold_on.len(),
        items_quarantined=order_items.bad.height,
        quarantined=count_reasons(checked),
        ids_from_decimals=sum(table.ids_from_decimals for table in checked.values()),
        products_total=products.height,
        products_sold=products.height - exclusions.len(),
        products_excluded=dict(sorted(Counter(exclusions).items())),
        first_sale_on=as_day(sold_on.min()),
        last_sale_on=as_day(sold_on.max()),
        history_from=as_day(sold_on.min()),
        history_to=as_day(orders.good["order_purchase_timestamp"].dt.date().max()),
        files={name: {part.name: part.form for part in table.raw.parts} for name, table in checked.items()},
        forms={name: dict(table.evidence) for name, table in checked.items() if table.evidence},
        warnings=tuple(warning for table in checked.values() for warning in table.raw.warnings),
    )
