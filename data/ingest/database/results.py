"""What queries give: rows of text in an order of their own, and a digest of them."""

import dataclasses
import functools
import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from pyarrow import compute, csv

from data.errors import EmptyInputError
from data.ingest.content import check_cells
from data.ingest.csv_file import MALFORMED, Rows, row_numbers
from data.ingest.database.postgresql import run_in_postgresql
from data.ingest.database.sqlite import run_in_sqlite
from data.ingest.database.table import ResultTable, name_of
from data.ingest.database.url import is_sqlite, sqlite_file


@dataclass(frozen=True)
class Database:
    """A seller's database, and the queries that stand for tables.

    Attributes:
        url: ``postgresql://…`` or ``sqlite:///…``, without a password.
        folder: The data folder, in which a SQLite file lies.
        queries: The table's name and its query.
    """

    url: str
    folder: Path
    queries: tuple[tuple[str, str], ...]

    def results(self) -> Mapping[str, "QueryResult"]:
        """The result of each query, by the table's name.

        A process asks the database once: a run is named by the very rows that it goes on with, whatever the shop sells
        meanwhile.

        Raises:
            DatabaseError: If the database cannot be reached, or refuses a query.
            EmptyInputError: If a query gives no rows.
            InputTooLargeError: If it gives more than is read of one file.
        """
        return _results(self)


@dataclass(frozen=True)
class QueryResult:
    """What one query gave.

    Attributes:
        path: What it is called in sentences.
        table: The rows, sorted by their columns from left to right: a database gives them in any order.
        form: Which database it was.
        sha256: Of these rows.
    """

    path: Path
    table: ResultTable
    form: str
    sha256: str

    @property
    def rows(self) -> Rows:
        """The rows as a CSV's, made when needed: Luigi forks, and a fork of a process that used Polars hangs."""
        texts = self.table.finish(pl.DataFrame(pl.from_arrow(self.table.texts)))
        typed = self.table.typed
        return Rows(texts.with_columns(row_numbers()), pl.DataFrame(schema=MALFORMED), self.form, typed=typed)


@functools.lru_cache(maxsize=1)
def _results(database: Database) -> Mapping[str, QueryResult]:
    if is_sqlite(database.url):
        form, tables = "SQLite", run_in_sqlite(sqlite_file(database.url, database.folder), database.queries)
    else:
        form, tables = "PostgreSQL", run_in_postgresql(database.url, database.queries)
    return {table: _result(table, found, form) for table, found in tables.items()}


def _result(table: str, found: ResultTable, form: str) -> QueryResult:
    name, names = name_of(table), found.texts.column_names
    if not found.texts.num_rows:
        raise EmptyInputError(f"{name} gives no rows")
    check_cells(Path(name), found.texts.num_rows * len(names))
    keys = [(each, "ascending") for each in names]
    texts = found.texts.take(compute.sort_indices(found.texts, sort_keys=keys))
    digest = hashlib.sha256(json.dumps([names, sorted(found.typed)]).encode())
    content = io.BytesIO()
    csv.write_csv(texts, content)
    digest.update(content.getbuffer())
    return QueryResult(Path(name), dataclasses.replace(found, texts=texts), form, digest.hexdigest())
