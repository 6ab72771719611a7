"""The generic layout's rows as facts."""

from collections.abc import Mapping

import polars as pl

from data.ingest.contracts import AVAILABILITY, CATALOGUE, INVENTORY, LEAD_TIMES, PURCHASE_ORDERS, SALES, SUPPLIERS
from data.ingest.facts import CATALOGUE_SCHEMA, SUPPLIERS_SCHEMA, Facts, no_facts, sorted_facts
from data.ingest.reading import Reading
from data.ingest.repeats import line_names
from data.ingest.result import COUNTS_SCHEMA, PURCHASE_ORDERS_SCHEMA
from data.ingest.source import Source
from data.ingest.validate import CheckedTable

_MOVEMENTS = (SALES.name, INVENTORY.name)


def generic_facts(checked: Mapping[str, CheckedTable], source: Source) -> Facts:
    """What the good rows of the generic layout's tables say."""
    good = {name: table.good for name, table in checked.items()}
    tables = no_facts()
    if SALES.name in good:
        tables[SALES.name] = good[SALES.name].select(
            line_names(checked[SALES.name], sales_reading(source)),
            "product_id",
            sold_on=pl.col("sold_at").dt.date(),
            order_id=pl.lit(None, dtype=pl.String),
            status=pl.lit(None, dtype=pl.String),
            quantity="quantity",
            unit_price="unit_price",
        )
    if INVENTORY.name in good:
        tables[INVENTORY.name] = good[INVENTORY.name].select(*COUNTS_SCHEMA)
    if AVAILABILITY.name in good:
        flags = good[AVAILABILITY.name]
        tables[AVAILABILITY.name] = flags.select("product_id", pl.col("week_start").alias("week"), "in_stock")
    if CATALOGUE.name in good:
        supplier = pl.when(pl.col("supplier_id") != "").then("supplier_id")
        tables[CATALOGUE.name] = good[CATALOGUE.name].with_columns(supplier).select(*CATALOGUE_SCHEMA)
    if LEAD_TIMES.name in good:
        days = good[LEAD_TIMES.name].select("product_id", pl.col("lead_time_days").cast(pl.Int32))
        tables[LEAD_TIMES.name] = days
    if SUPPLIERS.name in good:
        tables[SUPPLIERS.name] = good[SUPPLIERS.name].select(
            pl.col(name).cast(kind) for name, kind in SUPPLIERS_SCHEMA.items()
        )
    if PURCHASE_ORDERS.name in good:
        tables[PURCHASE_ORDERS.name] = _purchase_orders(good[PURCHASE_ORDERS.name])
    refused = [checked[name].bad["product_id"] for name in _MOVEMENTS if name in checked]
    return Facts(
        sorted_facts(tables), pl.concat([pl.Series(dtype=pl.String), *refused]), sales_are_known=SALES.name in checked
    )


def _purchase_orders(orders: pl.DataFrame) -> pl.DataFrame:
    """As facts: what was received is known of those alone that have a day of it, by default all that was ordered."""
    received = pl.when(pl.col("received_on").is_not_null()).then(pl.col("received_units").fill_null(pl.col("units")))
    return orders.with_columns(pl.col("order_id").fill_null(""), received_units=received).select(
        pl.col(name).cast(kind) for name, kind in PURCHASE_ORDERS_SCHEMA.items()
    )


def sales_reading(source: Source) -> Reading:
    """How the files of the sales are read."""
    return next(table.reading for table in source.tables if table.name == SALES.name)
