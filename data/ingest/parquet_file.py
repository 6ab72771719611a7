"""Parquet files, so that damage is reported as damage, and a full disk as a full disk."""

import io
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

DAMAGE = (OSError, ValueError, pa.ArrowException, pl.exceptions.PolarsError)
"""What :func:`read_rows` raises where a file is no Parquet file, or a damaged one."""


def read_rows(content: bytes, check: Callable[[pq.FileMetaData], None] = lambda _: None) -> pl.DataFrame:
    """The table of a Parquet file. Arrow reads it, since Polars' own reader panics over some damaged files.

    Args:
        content: The file's bytes.
        check: Raises what is wrong with what the file declares of itself, before any of it is decoded.
    Raises:
        OSError, ValueError, pa.ArrowException, PolarsError: If it cannot be read; as ``DAMAGE``.
    """
    with pq.ParquetFile(pa.BufferReader(content)) as file:
        check(file.metadata)
        table = file.read()
    # Polars panics over text, names and notes that are no UTF-8
    table.validate(full=True)
    table.schema.to_string()
    rows = pl.from_arrow(pa.Table.from_arrays(table.columns, names=table.column_names))
    if not isinstance(rows, pl.DataFrame):
        raise TypeError(f"expected a table, got {type(rows)}")
    return rows


def write_rows(rows: pl.DataFrame, path: Path) -> None:
    """Write a table as Parquet. On a full disk Polars itself would blame the file's format.

    Raises:
        OSError: If it cannot be written.
    """
    content = io.BytesIO()
    rows.write_parquet(content)
    path.write_bytes(content.getbuffer())
