"""From the facts of a history to clean sales and counts in buckets of products."""

import dataclasses
import functools
import json
from collections.abc import Collection, Sequence
from pathlib import Path

import polars as pl
import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as sf

from data.history.as_known import Coverage, known_facts
from data.history.clean import CleanFacts, clean_facts
from data.history.fact_tables import LOAD, QUARANTINE
from data.history.history import History, sales_are_known
from data.history.ledger import Load
from data.history.sums import CleanSums, joined_sums
from data.ingest.facts import SCHEMAS, Facts, sorted_sales
from data.ingest.result import (
    AVAILABILITY_SCHEMA,
    COUNTS_SCHEMA,
    PRODUCTS_SCHEMA,
    PURCHASE_ORDERS_SCHEMA,
    SALES_SCHEMA,
    CleanHistory,
    IngestReport,
)
from data.panel.groups import is_made_of_two
from feature_service.json_record import read_json
from orchestration.spark.rows import (
    BUCKET,
    TABLE,
    Tables,
    arrow,
    arrow_schema,
    bucket_of,
    read_parquet,
    read_written,
    stacked,
    stacked_schema,
    struct,
    unstacked,
    write_parquet,
)

_REFUSED = "refused"
_SUMS = "sums"
_SUPPLIERS = "suppliers"
"""They are few, and each bucket of products needs all of them."""

_FACTS: Tables = {
    _REFUSED: {"product_id": pl.String},
    **{name: dict(schema) | {LOAD: pl.Int64} for name, schema in SCHEMAS.items() if name != _SUPPLIERS},
}
_CLEAN: Tables = {
    "sales": SALES_SCHEMA,
    "counts": COUNTS_SCHEMA,
    "availability": AVAILABILITY_SCHEMA,
    "purchase_orders": PURCHASE_ORDERS_SCHEMA,
    "products": PRODUCTS_SCHEMA,
    _SUMS: {_SUMS: pl.String},
}
_ROWS_PER_BUCKET = 400_000


def write_clean(
    session: SparkSession, history: History, loads: Sequence[Load], excluded_statuses: Collection[str], folder: Path
) -> CleanSums:
    """Write the clean history of every bucket of products, as known after some loads, and sum up what became of rows.

    Raises:
        HistoryError: If the facts cannot be read, or are not all there.
    """
    rows = sum(counts.rows_new for load in loads for counts in load.tables.values())
    buckets = max(2 * session.sparkContext.defaultParallelism, rows // _ROWS_PER_BUCKET + 1)
    session.conf.set("spark.sql.shuffle.partitions", str(buckets))
    numbers = [load.number for load in loads]
    coverage = history.ledger.coverage(numbers)
    facts = _bucketed(_stacked_facts(session, history, loads, coverage, buckets), buckets)
    schema = stacked_schema(_CLEAN)
    known = sales_are_known(loads)
    suppliers = history.known_table(_SUPPLIERS, loads).drop(LOAD)

    def clean(key: tuple[pa.Scalar, ...], rows: pa.Table) -> pa.Table:
        part = _clean_bucket(rows, suppliers, numbers, coverage, excluded_statuses, sales_are_known=known)
        frames = {name: getattr(part, name) for name in _CLEAN if name != _SUMS}
        frames[_SUMS] = pl.DataFrame({_SUMS: [json.dumps(dataclasses.asdict(part.sums))]})
        return stacked(frames, key[0].as_py(), schema)

    write_parquet(facts.groupBy(BUCKET).applyInArrow(clean, struct(schema)), folder, by=(TABLE,))
    sums = read_written(folder / f"{TABLE}={_SUMS}", [_SUMS])[_SUMS].to_pylist()
    return joined_sums([read_json(CleanSums, each) for each in sums])


def read_clean(session: SparkSession, folder: Path) -> DataFrame:
    """What :func:`write_clean` wrote."""
    return session.read.schema(struct(stacked_schema(_CLEAN))).parquet(folder.as_uri()).filter(sf.col(TABLE) != _SUMS)


def clean_history_of(rows: pa.Table, report: IngestReport) -> CleanHistory:
    """The clean history of a bucket's rows, in its order.

    Args:
        rows: Of ``read_clean``.
        report: Of all products.
    """
    frames = unstacked(rows, _CLEAN)
    return CleanHistory(
        sorted_sales(frames["sales"]),
        frames["products"].sort("product_id"),
        report,
        frames["counts"].sort("product_id", "counted_on"),
        frames["availability"].sort("product_id", "week"),
        frames["purchase_orders"],
    )


def _clean_bucket(
    rows: pa.Table,
    suppliers: pl.DataFrame,
    loads: Sequence[int],
    coverage: Sequence[Coverage],
    excluded_statuses: Collection[str],
    *,
    sales_are_known: bool,
) -> CleanFacts:
    frames = unstacked(rows, _FACTS)
    tables = {
        name: known_facts(name, frames[name].lazy(), loads, coverage if name == "sales" else ()).drop(LOAD)
        for name in SCHEMAS
        if name != _SUPPLIERS
    } | {_SUPPLIERS: suppliers}
    return clean_facts(Facts(tables, frames[_REFUSED]["product_id"], sales_are_known), excluded_statuses)


def _stacked_facts(
    session: SparkSession, history: History, loads: Sequence[Load], coverage: Sequence[Coverage], buckets: int
) -> DataFrame:
    """All facts of the loads, and the ids of the rows in quarantine, told apart by ``TABLE``."""
    numbers = [load.number for load in loads]
    frames = []
    for name in (each for each in SCHEMAS if each != _SUPPLIERS):
        rows = read_parquet(session, history.tables.files(name), arrow_schema(_FACTS[name]))
        rows = rows.filter(sf.col(LOAD).isin(numbers))
        history.check_rows(name, {row[LOAD]: row["count"] for row in rows.groupBy(LOAD).count().collect()}, loads)
        if name == "sales" and sum(load.has_line_key is True for load in loads) > 1:
            rows = _newest_lines(rows, numbers, coverage, buckets)
        frames.append(rows.withColumn(TABLE, sf.lit(name)))
    schema = arrow_schema({LOAD: pl.Int64, TABLE: pl.String, "product_id": pl.String})
    bad = read_parquet(session, history.tables.files(QUARANTINE), schema)
    bad = bad.filter(sf.col(LOAD).isin(numbers) & sf.col(TABLE).isin("sales", "inventory"))
    frames.append(bad.select("product_id", sf.lit(_REFUSED).alias(TABLE)))
    return functools.reduce(lambda one, other: one.unionByName(other, allowMissingColumns=True), frames)


def _newest_lines(rows: DataFrame, loads: Sequence[int], coverage: Sequence[Coverage], buckets: int) -> DataFrame:
    """Lines as they are known: a correction may name another product, so they are held together by their names."""
    schema = arrow_schema(_FACTS["sales"])

    def newest(lines: pa.Table) -> pa.Table:
        frame = pl.DataFrame(pl.from_arrow(lines.select(schema.names)))
        found = known_facts("sales", frame.lazy(), loads, coverage)
        return arrow(found, schema)

    by_name = rows.withColumn(BUCKET, bucket_of(sf.coalesce("line", "product_id"), buckets))
    return by_name.groupBy(BUCKET).applyInArrow(newest, struct(schema))


def _bucketed(facts: DataFrame, buckets: int) -> DataFrame:
    """With the bucket of each product: by its item, where ids are made of location and item."""
    named = facts.filter(sf.col(TABLE).isin("sales", "inventory")).select("product_id").distinct()
    counts = named.select(
        sf.count("*").alias("ids"),
        sf.count_if(_is_made_of_two(sf.col("product_id"))).alias("pairs"),
        sf.countDistinct(_location(sf.col("product_id"))).alias("locations"),
        sf.countDistinct(_item(sf.col("product_id"))).alias("items"),
    ).collect()[0]
    by_item = counts["pairs"] == counts["ids"] > 0
    by_item = by_item and is_made_of_two(counts["ids"], counts["locations"], counts["items"])
    key = _item(sf.col("product_id")) if by_item else sf.col("product_id")
    return facts.withColumn(BUCKET, bucket_of(key, buckets))


def _location(product_id: Column) -> Column:
    return sf.substring_index(product_id, "-", 1)


def _item(product_id: Column) -> Column:
    """What follows the first hyphen; the whole id where there is none."""
    return sf.substr(product_id, sf.instr(product_id, "-") + sf.lit(1))


def _is_made_of_two(product_id: Column) -> Column:
    return sf.instr(product_id, "-").between(2, sf.length(product_id) - 1)
