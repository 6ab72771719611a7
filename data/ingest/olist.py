"""Olist's order files in, clean sales out; every row is accounted for.

items of the file  =  used  +  excluded by their order's status  +  in quarantine
"""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from data.errors import EmptyInputError, IngestSettingError
from data.ingest.aside import set_aside
from data.ingest.contracts import (
    DEFAULT_EXCLUDED_STATUSES,
    ITEMS,
    OLIST,
    ORDER_STATUSES,
    ORDERS,
    PRODUCTS,
    TRANSLATION,
    RejectionReason,
)
from data.ingest.dialect.dates import check_time_zone
from data.ingest.facts import Delivery, Facts, excluded_by_reason, movements, no_facts, products_of
from data.ingest.fingerprint import check_fingerprint
from data.ingest.ids import whole_ids
from data.ingest.inputs import find_inputs
from data.ingest.quarantine import (
    DEFAULT_MAX_BAD_SHARE,
    check_bad_shares,
    check_max_bad_share,
    count_reasons,
    quarantine_rows,
)
from data.ingest.read import RawTable, digests, read_table
from data.ingest.result import CleanHistory, IngestReport, as_day
from data.ingest.tables import bad_rows
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
    checked, warnings = _read_tables(data_dir, quarantine_file, time_zone, max_bad_share, fingerprint)
    facts, account, items_file = _facts(checked, named=False), _account(checked), checked[ITEMS.name].raw.path
    del checked  # the largest of all that is held, and from here on in the way
    moved = movements(facts, excluded_statuses)
    if moved.sales.is_empty():
        raise EmptyInputError(f"no row of {items_file} counts as a sale: check the excluded statuses")
    products = products_of(facts, moved.sales)
    excluded, sold_on = excluded_by_reason(products), moved.sales["sold_on"]
    report = IngestReport(
        source="olist",
        time_zone=time_zone,
        excluded_statuses=tuple(sorted(excluded_statuses)),
        items_used=moved.lines_used,
        items_excluded_by_status=moved.lines_excluded,
        products_total=products.height,
        products_sold=products.height - sum(excluded.values()),
        products_excluded=excluded,
        first_sale_on=as_day(sold_on.min()),
        last_sale_on=as_day(sold_on.max()),
        history_from=as_day(sold_on.min()),
        warnings=warnings,
        **account | {"history_to": as_day(account["history_to"])},
    )
    return CleanHistory(moved.sales, products, report=report)


def read_olist(
    data_dir: Path,
    *,
    quarantine_file: Path,
    time_zone: str = DEFAULT_TIME_ZONE,
    max_bad_share: float = DEFAULT_MAX_BAD_SHARE,
    fingerprint: str | None = None,
) -> Delivery:
    """Read and check the files, as :func:`ingest_olist` does, and go no further.

    Raises:
        DataError: One of its subclasses, when the files or the settings cannot be used.
    """
    checked, warnings = _read_tables(data_dir, quarantine_file, time_zone, max_bad_share, fingerprint)
    return Delivery("olist", checked, _facts(checked), warnings, time_zone, lines_are_named=True)


def _read_tables(
    data_dir: Path, quarantine_file: Path, time_zone: str, max_bad_share: float, fingerprint: str | None
) -> tuple[dict[str, CheckedTable], tuple[str, ...]]:
    """Every table's rows, good and bad, and what is to be warned of."""
    check_time_zone(time_zone)
    check_max_bad_share(max_bad_share)
    paths = find_inputs(data_dir, OLIST)
    quarantine_file.parent.mkdir(parents=True, exist_ok=True)
    raw = {
        table.name: set_aside(read_table(paths[table.name], table), table, quarantine_file.parent)
        for table in OLIST
        if table.name in paths
    }
    check_fingerprint(data_dir, digests(raw.values()), fingerprint)
    checked = check_tables(raw, time_zone)
    quarantine_rows(checked, quarantine_file)
    check_bad_shares([checked[table.name] for table in (ORDERS, ITEMS)], max_bad_share, quarantine_file)
    warnings = tuple(
        warning for table in checked.values() for warning in (*table.raw.warnings, *table.warnings, *bad_rows(table))
    )
    return checked, warnings


def _check_settings(excluded_statuses: Collection[str], time_zone: str, max_bad_share: float) -> None:
    check_time_zone(time_zone)
    if unknown := sorted(set(excluded_statuses) - set(ORDER_STATUSES)):
        raise IngestSettingError(
            f"no order can have the excluded status {', '.join(unknown)}; known are: {', '.join(ORDER_STATUSES)}"
        )
    check_max_bad_share(max_bad_share)


def check_tables(raw: Mapping[str, RawTable], time_zone: str) -> dict[str, CheckedTable]:
    """Divide the rows of the tables that are there into good and bad; where both are, each item needs its order.

    Raises:
        IngestSettingError, AmbiguousFormatError, DecimalIdError: As ``check`` and ``whole_ids`` say.
    """
    found = [table for table in OLIST if table.name in raw]
    whole = whole_ids(found, raw)
    checked = {table.name: check(raw[table.name], table, time_zone, whole) for table in found}
    if {ORDERS.name, ITEMS.name} <= checked.keys():
        checked[ITEMS.name] = _refuse_items_without_order(checked[ITEMS.name], checked[ORDERS.name])
    return checked


def _refuse_items_without_order(items: CheckedTable, orders: CheckedTable) -> CheckedTable:
    orphans = items.good.join(orders.good, on="order_id", how="anti")
    of_bad_order = pl.col("order_id").is_in(orders.bad["order_id"].drop_nulls().implode())
    reason = (
        pl.when(of_bad_order)
        .then(pl.lit(RejectionReason.ITEM_OF_QUARANTINED_ORDER.value))
        .otherwise(pl.lit(RejectionReason.ITEM_WITHOUT_ORDER.value))
    )
    return items.refuse(orphans.with_columns(reason.alias("reason")))


def lines_of_orders(checked: Mapping[str, CheckedTable], *, named: bool = True) -> pl.DataFrame:
    """The good items, each a unit, with the day and the status of its order; columns as in ``LINES_SCHEMA``.

    Names of lines are for a history, and take much memory: they are null unless ``named``.
    """
    orders = checked[ORDERS.name].good.select(
        "order_id", sold_on=pl.col("order_purchase_timestamp").dt.date(), status="order_status"
    )
    items = checked[ITEMS.name].good.join(orders, on="order_id", how="inner", maintain_order="left")
    no_name = pl.lit(None, dtype=pl.String).alias("line")
    return items.select(
        pl.concat_str("order_id", "order_item_id", separator="|").alias("line") if named else no_name,
        "product_id",
        "sold_on",
        "order_id",
        "status",
        quantity=pl.lit(1.0),
        unit_price="price",
    )


def _facts(checked: Mapping[str, CheckedTable], *, named: bool = True) -> Facts:
    nobody = no_facts()
    categories = pl.concat([nobody["products"], _categories(checked)], how="diagonal")
    tables = {**nobody, "sales": lines_of_orders(checked, named=named), "products": categories}
    return Facts(tables, checked[ITEMS.name].bad["product_id"], sales_are_known=True)


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


def _account(checked: Mapping[str, CheckedTable]) -> dict[str, Any]:
    """What an ``IngestReport`` says of the files."""
    orders, order_items = checked[ORDERS.name], checked[ITEMS.name]
    named = pl.concat([order_items.good.select("order_id"), order_items.bad.select("order_id")])
    return {
        "orders_total": orders.raw.height,
        "orders_quarantined": orders.bad.height,
        "orders_without_items": orders.good.join(named, on="order_id", how="anti").height,
        "items_total": order_items.raw.height,
        "items_quarantined": order_items.bad.height,
        "quarantined": count_reasons(checked),
        "ids_from_decimals": sum(table.ids_from_decimals for table in checked.values()),
        "history_to": orders.good["order_purchase_timestamp"].dt.date().max(),
        "files": {name: {part.name: part.form for part in table.raw.parts} for name, table in checked.items()},
        "forms": {name: dict(table.evidence) for name, table in checked.items() if table.evidence},
    }
