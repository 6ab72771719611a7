"""What files say, whatever their layout: lines of sales, counts, flags and properties, and the clean history of them.

A fact is a row that passed its table's checks. Which lines are sales (by the status of their order), what is returned,
and what falls of the counts mean is decided here, so that files read once and a history that grew end in the same.
"""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import polars as pl

from data.ingest.contracts import Exclusion
from data.ingest.reading import IDS_AS_THEY_STAND, IdForm
from data.ingest.result import (
    AVAILABILITY_SCHEMA,
    COUNTS_SCHEMA,
    ORDER_TERMS_SCHEMA,
    PRODUCTS_SCHEMA,
    PURCHASE_ORDERS_SCHEMA,
    as_day,
)
from data.ingest.returns import net_returns
from data.ingest.validate import CheckedTable

LINES_SCHEMA = {
    "line": pl.String,
    "product_id": pl.String,
    "sold_on": pl.Date,
    "order_id": pl.String,
    "status": pl.String,
    "quantity": pl.Float64,
    "unit_price": pl.Float64,
}
CATALOGUE_SCHEMA = {"product_id": pl.String, "category": pl.String, "supplier_id": pl.String, **ORDER_TERMS_SCHEMA}
SUPPLIERS_SCHEMA = {
    "supplier_id": pl.String,
    "name": pl.String,
    "lead_time_days": pl.Int32,
    "minimum_order_value": pl.Float64,
}
LEAD_TIMES_SCHEMA = {"product_id": pl.String, "lead_time_days": pl.Int32}
SCHEMAS: Mapping[str, Mapping[str, type[pl.DataType]]] = {
    "sales": LINES_SCHEMA,
    "inventory": COUNTS_SCHEMA,
    "availability": AVAILABILITY_SCHEMA,
    "products": CATALOGUE_SCHEMA,
    "lead_times": LEAD_TIMES_SCHEMA,
    "suppliers": SUPPLIERS_SCHEMA,
    "purchase_orders": PURCHASE_ORDERS_SCHEMA,
}
"""The tables of facts. ``line`` names a line of sales, ``order_id`` and ``status`` its order; null where not known.

That of a purchase order is empty where it has none, since it is part of its name."""

_OF_ORDERS = ("supplier_id", "supplier_name", "minimum_order_value", *ORDER_TERMS_SCHEMA)

KEYS: Mapping[str, tuple[str, ...]] = {
    "sales": ("line",),
    "inventory": ("product_id", "counted_on"),
    "availability": ("product_id", "week"),
    "products": ("product_id",),
    "lead_times": ("product_id",),
    "suppliers": ("supplier_id",),
    "purchase_orders": ("product_id", "ordered_on", "order_id"),
}
"""What names a fact of each table; lines of sales without a name have none."""


@dataclass(frozen=True)
class Facts:
    """Facts of every table.

    Attributes:
        tables: Frames as in ``SCHEMAS``, by table; those without a row too.
        refused: ``product_id`` of the rows of sales and counts that are in quarantine.
        sales_are_known: Whether there is a table of sales, be it one without a sale above 0 units.
    """

    tables: Mapping[str, pl.DataFrame]
    refused: pl.Series
    sales_are_known: bool


@dataclass(frozen=True)
class Delivery:
    """Files that were read at one time.

    Attributes:
        source: Their layout.
        checked: Each table's rows, good and bad.
        facts: What the good ones say.
        warnings: What is uncertain about them, each a sentence.
        time_zone: IANA name of the zone of the seller's clock.
        lines_are_named: Whether each line of sales has a name.
        replaces: What lines without a name replace of a history, as in ``Reading``.
        id_form: What was done to ids.
    """

    source: str
    checked: Mapping[str, CheckedTable]
    facts: Facts
    warnings: tuple[str, ...]
    time_zone: str
    lines_are_named: bool
    replaces: str | None = None
    id_form: IdForm = IDS_AS_THEY_STAND


@dataclass(frozen=True)
class Movements:
    """Clean sales and counts, as in ``CleanHistory``, and what became of the lines.

    Attributes:
        sales: What was sold.
        lines_used: Lines of sales that count, returns and those of 0 units too.
        lines_excluded: Lines left out by their order's status.
        returned_units: Units of negative quantities.
        unmatched_units: Of these, those of which the week holds no sale.
    """

    sales: pl.DataFrame
    lines_used: int
    lines_excluded: int
    returned_units: float
    unmatched_units: float


def no_facts() -> dict[str, pl.DataFrame]:
    """Every table without a row."""
    return {name: pl.DataFrame(schema=schema) for name, schema in SCHEMAS.items()}


def movements(facts: Facts, excluded_statuses: Collection[str] = ()) -> Movements:
    """What was sold: lines whose order counts, less what was returned; without sales, the falls of the counts."""
    if not facts.sales_are_known:
        return Movements(falls_as_sales(facts.tables["inventory"]), 0, 0, 0.0, 0.0)
    lines = facts.tables["sales"]
    excluded = pl.col("status").is_in(sorted(excluded_statuses)).fill_null(value=False)
    used = lines.filter(~excluded)
    sold = used.select(
        "product_id", "sold_on", order=_order_numbers(used["order_id"]), units="quantity", unit_price="unit_price"
    )
    returned = float(-sold["units"].clip(upper_bound=0).sum())
    sales, unmatched = net_returns(sold) if returned else (sold.filter(pl.col("units") > 0), 0.0)
    return Movements(sorted_sales(sales), used.height, lines.height - used.height, returned, unmatched)


def sorted_sales(sales: pl.DataFrame) -> pl.DataFrame:
    """Sales in the order of ``CleanHistory``: rows that are not the same never change places."""
    ids = pl.Enum(sales["product_id"].unique().sort())  # whose order is that of numbers: texts take twice as long
    return sales.sort(pl.col("product_id").cast(ids), "sold_on", "unit_price", "units")


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


def products_of(facts: Facts, sales: pl.DataFrame) -> pl.DataFrame:
    """Every product that any fact names: category, how it is ordered, and why it is not followed, if it is not.

    A lead time of its own counts before that of its supplier.

    Returns:
        As the products of ``CleanHistory``.
    """
    tables = facts.tables
    followed = [sales.select("product_id"), tables["inventory"].filter(pl.col("units_on_hand") > 0)]
    reasons = {
        None: followed,
        Exclusion.NO_COUNTED_SALES: [tables[name] for name in ("sales", "inventory", "availability")],
        Exclusion.QUARANTINED: [facts.refused.to_frame("product_id")],
        Exclusion.NEVER_ORDERED: [tables[name] for name in ("products", "lead_times", "purchase_orders")],
    }
    every = pl.concat(
        frame.select("product_id").unique(maintain_order=True).with_columns(exclusion=pl.lit(reason, dtype=pl.String))
        for reason, frames in reasons.items()
        for frame in frames
    )
    return (
        every.filter(pl.col("product_id").is_not_null() & (pl.col("product_id") != ""))
        .unique("product_id", keep="first", maintain_order=True)
        .join(tables["products"], on="product_id", how="left")
        .join(tables["lead_times"], on="product_id", how="left")
        .join(
            tables["suppliers"].rename({"name": "supplier_name"}), on="supplier_id", how="left", suffix="_of_supplier"
        )
        .select(
            "product_id",
            pl.col("category").fill_null(""),
            "exclusion",
            pl.coalesce("lead_time_days", "lead_time_days_of_supplier"),
            *(name for name in PRODUCTS_SCHEMA if name in _OF_ORDERS),
        )
        .sort("product_id")
    )


def days_known(facts: Facts, sales: pl.DataFrame) -> tuple[dt.date, dt.date]:
    """The first and the last day of which anything is known; a flag is of a whole week, and so known to its Sunday."""
    weeks = facts.tables["availability"]["week"]
    days = pl.concat([sales["sold_on"], facts.tables["inventory"]["counted_on"], weeks, weeks.dt.offset_by("6d")])
    return as_day(days.min()), as_day(days.max())


def excluded_by_reason(products: pl.DataFrame) -> dict[str, int]:
    """Products that are not followed, counted by reason."""
    return dict(sorted(Counter(products["exclusion"].drop_nulls()).items()))


def sorted_facts(tables: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Counts, flags and purchase orders in the order of ``CleanHistory``; the other tables as they are."""
    dated = ("inventory", "availability", "purchase_orders")
    return {name: rows.sort(KEYS[name]) if name in dated else rows for name, rows in tables.items()}


def _order_numbers(order_ids: pl.Series) -> pl.Series:
    """A number for each order; a line without one is an order of its own."""
    if order_ids.null_count() == order_ids.len():
        return pl.Series("order", range(order_ids.len()), dtype=pl.Int64)
    frame = order_ids.to_frame("order_id").with_row_index("row")
    first = pl.col("row").first().over("order_id")
    alone = pl.col("order_id").is_null()
    return frame.select(order=pl.when(alone).then("row").otherwise(first).cast(pl.Int64)).to_series()
