"""Columns that nothing reads but the quarantine and the history's raw rows: kept on the disk instead of in memory."""

import dataclasses
import tempfile
import weakref
from pathlib import Path
from typing import IO

import polars as pl

from data.ingest.contracts import Table
from data.ingest.csv_file import ROW_NUMBER
from data.ingest.read import RawTable


class ColumnsOnDisk:
    """Columns in a file that nobody else sees, and that goes with the last who holds this.

    Raises:
        OSError: If it cannot be written.
    """

    def __init__(self, columns: pl.DataFrame, folder: Path) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - it lives as long as this
        weakref.finalize(self, self._file.close)
        try:
            columns.write_parquet(self._file, compression="lz4", statistics=False)
        except pl.exceptions.ComputeError as error:  # Polars' word for a full disk, with the file's format to blame
            raise OSError(f"columns of the input cannot be set aside in {folder}: {_reason(error)}") from error

    def read(self) -> pl.DataFrame:
        """The columns."""
        self._file.seek(0)
        return pl.read_parquet(self._file)


def set_aside(raw: RawTable, table: Table, folder: Path) -> RawTable:
    """The table with what the contract does not name on the disk, in ``folder``; its raw rows are what they were."""
    named = {ROW_NUMBER, *(header for column in table.columns for header in column.headers)}
    others = [name for name in raw.rows.columns if name not in named]
    if not others:
        return raw
    aside = ColumnsOnDisk(raw.rows.select(others), folder)
    return dataclasses.replace(raw, rows=raw.rows.drop(others), order=tuple(raw.rows.columns), aside=aside)


def _reason(error: pl.exceptions.ComputeError) -> str:
    return str(error).rpartition("IO error: ")[2]
