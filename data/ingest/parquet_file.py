"""Writing tables so that a full disk is told as what it is."""

import io
from pathlib import Path

import polars as pl


def write_rows(rows: pl.DataFrame, path: Path) -> None:
    """Write a table as Parquet. Polars itself would tell a full disk as a fault of the file's format.

    Raises:
        OSError: If it cannot be written.
    """
    content = io.BytesIO()
    rows.write_parquet(content)
    path.write_bytes(content.getbuffer())
