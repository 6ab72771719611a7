"""Rows that jobs exchange: several tables in one, told apart by a column, since a group is one table to Spark."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as sf
from pyspark.sql.pandas.types import from_arrow_schema
from pyspark.sql.types import StructType

BUCKET, TABLE = "bucket", "table"

Schema = Mapping[str, type[pl.DataType]]
Tables = Mapping[str, Schema]
"""The schema of each table, by its name."""


def arrow_schema(columns: Schema) -> pa.Schema:
    """In the types that Spark knows."""
    schema = pl.DataFrame(schema=columns).to_arrow(compat_level=pl.CompatLevel.oldest()).schema
    small = {pa.large_string(): pa.string(), pa.large_binary(): pa.binary()}
    return pa.schema([pa.field(field.name, small.get(field.type, field.type)) for field in schema])


def stacked_schema(tables: Tables) -> pa.Schema:
    """The columns of all tables, with the bucket and the table of each row."""
    columns: dict[str, type[pl.DataType]] = {BUCKET: pl.Int32, TABLE: pl.String}
    for schema in tables.values():
        columns |= schema
    return arrow_schema(columns)


def stacked(frames: Mapping[str, pl.DataFrame], bucket: int, schema: pa.Schema) -> pa.Table:
    """Frames as one table; columns that one does not have are null."""
    of_bucket = pl.lit(bucket, dtype=pl.Int32).alias(BUCKET)
    rows = pl.concat(
        [frame.with_columns(of_bucket, pl.lit(name).alias(TABLE)) for name, frame in frames.items()], how="diagonal"
    )
    return arrow(rows, schema)


def arrow(rows: pl.DataFrame, schema: pa.Schema) -> pa.Table:
    """A frame as Spark takes it."""
    return rows.select(schema.names).to_arrow(compat_level=pl.CompatLevel.oldest()).cast(schema)


def unstacked(rows: pa.Table, tables: Tables) -> dict[str, pl.DataFrame]:
    """The frame of each table, empty where it has no row here."""
    frame = pl.DataFrame(pl.from_arrow(rows))
    return {
        name: frame.filter(pl.col(TABLE) == name).select(pl.col(each).cast(kind) for each, kind in schema.items())
        for name, schema in tables.items()
    }


def struct(schema: pa.Schema) -> StructType:
    """As Spark has it."""
    return from_arrow_schema(schema)


def read_parquet(session: SparkSession, files: Iterable[str], schema: pa.Schema) -> DataFrame:
    """Rows of Parquet files; none where there is no file."""
    names = [file.replace("s3://", "s3a://", 1) if file.startswith("s3://") else file for file in files]
    return session.read.schema(struct(schema)).parquet(*names) if names else session.createDataFrame([], struct(schema))


def write_parquet(rows: DataFrame, folder: Path, by: tuple[str, ...] = ()) -> None:
    """Write rows into a new folder of the work dir, which all executors must see."""
    rows.write.partitionBy(*by).parquet(folder.as_uri())


def read_written(folder: Path, columns: list[str]) -> pa.Table:
    """Some columns of what :func:`write_parquet` wrote, on the driver."""
    return pq.read_table(folder, columns=columns, partitioning=None)


def bucket_of(text: Column, buckets: int) -> Column:
    """The bucket of a text: CRC-32 of its UTF-8 bytes modulo the number of buckets."""
    return sf.pmod(sf.crc32(sf.coalesce(text, sf.lit(""))), sf.lit(buckets)).cast("int").alias(BUCKET)
