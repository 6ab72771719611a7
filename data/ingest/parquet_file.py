"""Writing Parquet files so that a full disk is reported as a full disk."""

import io
from pathlib import Path

import polars as pl


def write_rows(rows: pl.DataFrame, path: Path) -> None:
    """Write a table as Parquet. On a full disk Polars itself would blame the file's format.

    Raises:
        OSError: If it cannot be written.
    """
    content = io.BytesIO()
    rows.write_parquet(content)
    path.write_bytes(content.getbuffer())
