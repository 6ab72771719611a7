"""Facts as Delta Lake tables, which are only appended to: a folder, or an object store by its URL.

    ROOT/bronze/rows         every row of every file as it was found, with its load
    ROOT/bronze/quarantine   the bad ones among them, with their reason
    ROOT/silver/<table>      facts, each with the load that brought it

A row counts when its load is committed, which the database of the state says; so a load that dies half way leaves
nothing that anyone reads, and the next one takes it out.

Loads of events are small and many, so their files are put together now and then. What was put together stays on disk
for an hour after that, so that who began to read before reads on; nobody reads a list of files for longer.
"""

import contextlib
import json
import os
from collections.abc import Collection, Iterator
from pathlib import Path

import polars as pl
from deltalake import DeltaTable, WriterProperties, write_deltalake
from deltalake.exceptions import DeltaError

from data.errors import HistoryError
from data.ingest.facts import SCHEMAS

LOAD, QUARANTINE, FOUND = "load", "quarantine", "found"
BRONZE_SCHEMA = {
    LOAD: pl.Int64,
    "table": pl.String,
    "source_file": pl.String,
    "row_number": pl.Int64,
    "raw": pl.String,
}
QUARANTINE_SCHEMA = {**BRONZE_SCHEMA, "reason": pl.String, "column": pl.String, "product_id": pl.String}

_BRONZE, _QUARANTINE = "bronze/rows", "bronze/quarantine"
_COMPRESSION = WriterProperties(compression="ZSTD", compression_level=1)  # half of Snappy's size, and no slower
_SILVER = {name: f"silver/{name}" for name in SCHEMAS}
_PLACES = {**_SILVER, QUARANTINE: _QUARANTINE, FOUND: _BRONZE}
_SCHEMAS = {_BRONZE: BRONZE_SCHEMA, _QUARANTINE: QUARANTINE_SCHEMA} | {
    path: {**SCHEMAS[name], LOAD: pl.Int64} for name, path in _SILVER.items()
}

_REPLACED_FILES_HOURS = 1
_FILE_BYTES = 32 << 20
"""A file of as many bytes is left as it is, so that putting files together costs what is new."""

_PROPERTIES = {
    # a table with many versions a second would else drag a month of them and a week of removed files along: to open it
    # all files of its log are listed, 20,000 of them in a second
    "delta.logRetentionDuration": "interval 5 minutes",
    "delta.deletedFileRetentionDuration": f"interval {2 * _REPLACED_FILES_HOURS} hours",
}


class FactTables:
    """The Delta tables of a history.

    Args:
        root: Their folder, or its URL in an object store, whose credentials are those of the environment.
    """

    def __init__(self, root: str) -> None:
        self.root = root.rstrip("/")

    def append_found(self, rows: pl.DataFrame) -> None:
        """Add rows as they were found, columns as in ``BRONZE_SCHEMA``.

        Raises:
            HistoryError: If they cannot be written; as the other methods that write.
        """
        self._append(_BRONZE, rows)

    def append_quarantine(self, rows: pl.DataFrame) -> None:
        """Add bad rows, columns as in ``QUARANTINE_SCHEMA``."""
        self._append(_QUARANTINE, rows)

    def append_facts(self, table: str, load: int, facts: pl.DataFrame) -> None:
        """Add facts of a load, columns as in ``data.ingest.facts.SCHEMAS``."""
        self._append(_SILVER[table], facts.with_columns(pl.lit(load, dtype=pl.Int64).alias(LOAD)))

    def facts(self, table: str) -> pl.LazyFrame:
        """All facts of a table with their ``load``, those of loads that were never committed too.

        Raises:
            HistoryError: If they cannot be read.
        """
        return self._scan(_SILVER[table])

    def quarantine(self) -> pl.LazyFrame:
        """All bad rows, columns as in ``QUARANTINE_SCHEMA``.

        Raises:
            HistoryError: If they cannot be read.
        """
        return self._scan(_QUARANTINE)

    def found(self) -> pl.LazyFrame:
        """All rows as they were found, columns as in ``BRONZE_SCHEMA``.

        Raises:
            HistoryError: If they cannot be read.
        """
        return self._scan(_BRONZE)

    def files(self, table: str) -> list[str]:
        """The Parquet files of a table of facts or ``QUARANTINE``, for an engine that reads Parquet and not Delta.

        Raises:
            HistoryError: If the table's log cannot be read.
        """
        path = _SILVER.get(table, _QUARANTINE)
        with self._sentences(path, "read"):
            return DeltaTable(self._uri(path)).file_uris() if DeltaTable.is_deltatable(self._uri(path)) else []

    def place(self, table: str) -> str:
        """Where a table of facts is."""
        return self._uri(_PLACES[table])

    def reading(self, table: str) -> contextlib.AbstractContextManager[None]:
        """Within it, a table of facts, ``QUARANTINE`` or ``FOUND`` that cannot be read is named: lazy is read late."""
        return self._sentences(_PLACES[table], "read")

    def stored_among(self, loads: Collection[int]) -> set[int]:
        """Of some loads those of which any table holds a row.

        Raises:
            HistoryError: If they cannot be read.
        """
        found: set[int] = set()
        for path in _SCHEMAS if loads else ():
            with self._sentences(path, "read"):
                of_loads = self._scan(path).filter(pl.col(LOAD).is_in(sorted(loads)))
                found |= set(of_loads.select(pl.col(LOAD).unique()).collect().to_series())
        return found

    def remove_loads(self, loads: Collection[int]) -> None:
        """Take out the rows of loads that were never committed."""
        if not loads:
            return
        for path in _SCHEMAS:
            with self._sentences(path, "written"):
                if DeltaTable.is_deltatable(self._uri(path)):
                    _open(self._uri(path)).delete(f"{LOAD} in ({', '.join(str(load) for load in sorted(loads))})")

    def compact(self) -> None:
        """Put small files together, and remove those that were put together more than an hour ago; no row changes.

        To be called with the lock of the state held.
        """
        for path in _SCHEMAS:
            with self._sentences(path, "written"):
                if DeltaTable.is_deltatable(self._uri(path)):
                    table = _open(self._uri(path))
                    table.optimize.compact(target_size=_FILE_BYTES)
                    # full: also what the log has forgotten by now, and what a killed writer left
                    table.vacuum(_REPLACED_FILES_HOURS, dry_run=False, enforce_retention_duration=False, full=True)

    def _append(self, path: str, rows: pl.DataFrame) -> None:
        if rows.is_empty():
            return
        with self._sentences(path, "written"):
            typed = rows.select(pl.col(name).cast(kind) for name, kind in _SCHEMAS[path].items())
            uri = self._uri(path)
            table = _open(uri) if DeltaTable.is_deltatable(uri) else None
            write_deltalake(
                table or uri,
                typed.to_arrow(),
                mode="append",
                schema_mode="merge",
                configuration=_PROPERTIES,
                writer_properties=_COMPRESSION,
            )
            if "://" not in self.root:
                _sync(table or _open(uri), Path(uri))

    def _scan(self, path: str) -> pl.LazyFrame:
        schema = _SCHEMAS[path]
        with self._sentences(path, "read"):
            if not DeltaTable.is_deltatable(self._uri(path)):
                return pl.LazyFrame(schema=schema)
            rows = pl.scan_delta(_open(self._uri(path)))
            there = rows.collect_schema().names()  # one that was begun before a column was known lacks it
            return rows.select(
                name if name in there else pl.lit(None, dtype=kind).alias(name) for name, kind in schema.items()
            )

    def _uri(self, path: str) -> str:
        return f"{self.root}/{path}"

    @contextlib.contextmanager
    def _sentences(self, path: str, what: str) -> Iterator[None]:
        try:
            yield
        except (DeltaError, OSError, pl.exceptions.PolarsError) as error:
            reason = " ".join(str(error).split())[:200]
            raise HistoryError(f"the history's table {self._uri(path)} cannot be {what}: {reason}") from error


def _open(uri: str) -> DeltaTable:
    """A table; twice if need be, since a version of its log may be removed between its listing and its reading."""
    try:
        return DeltaTable(uri)
    except (DeltaError, OSError):
        return DeltaTable(uri)


def _sync(table: DeltaTable, folder: Path) -> None:
    """Have the newest version of a table on the disk itself, as the database of the state has what it commits."""
    log = folder / "_delta_log"
    newest = log / f"{table.version():020}.json"
    actions = [json.loads(line) for line in newest.read_text(encoding="utf-8").splitlines()]
    added = [folder / action["add"]["path"] for action in actions if "add" in action]
    for path in (*added, newest, log, folder):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
