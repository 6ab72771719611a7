"""Queries in a SQLite file, opened to read only; a column holds what its rows hold, whatever it was declared as."""

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa

from data.errors import DatabaseError
from data.ingest.content import check_cells
from data.ingest.database.table import ResultTable, check_names, name_of, plain, refusal

_WAIT_S = 10
_CHUNK_ROWS = 100_000


def run_in_sqlite(path: Path, queries: tuple[tuple[str, str], ...]) -> dict[str, ResultTable]:
    """The result of each query, by the table's name, all in one transaction.

    Raises:
        DatabaseError: If the file is no database, or refuses a query.
        InputTooLargeError: If a result holds more than is read of one file.
    """
    if not path.is_file():
        raise DatabaseError(f'there is no database {path}: name its file in source.toml, database = "sqlite:///…"')
    try:
        connection = sqlite3.connect(
            f"file:{quote(str(path.absolute()))}?mode=ro", uri=True, timeout=_WAIT_S, isolation_level=None
        )
    except sqlite3.Error as error:
        raise DatabaseError(f"the database {path} cannot be opened: {plain(error)}") from error
    with closing(connection):
        connection.text_factory = _text  # damaged text is a bad row, not the end of the run
        connection.execute("begin")
        return {table: _run(connection, table, query) for table, query in queries}


def _run(connection: sqlite3.Connection, table: str, query: str) -> ResultTable:
    try:
        cursor = connection.execute(query)
        if cursor.description is None:
            raise refusal(table, "it gives no rows, as a select does")
        names = [column[0] for column in cursor.description]
        check_names(table, names)
        columns: list[list[object]] = [[] for _ in names]
        while chunk := cursor.fetchmany(_CHUNK_ROWS):
            for column, values in zip(columns, zip(*chunk, strict=True), strict=True):
                column.extend(values)
            check_cells(Path(name_of(table)), len(columns[0]) * len(names))
    except sqlite3.Error as error:
        raise refusal(table, error) from error
    found = dict(zip(names, columns, strict=True))
    typed = frozenset(name for name, values in found.items() if _is_typed(values))
    texts = {name: pa.array(map(_as_text, values), pa.string()) for name, values in found.items()}
    return ResultTable(pa.table(texts), typed)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _is_typed(values: list[object]) -> bool:
    """Whether all are numbers: text in a column that was declared as one of numbers remains text."""
    return set(map(type, values)) <= {int, float, type(None)}


def _as_text(value: object) -> str | None:
    """The value as a CSV would hold it; bytes are nothing, as in a Parquet file."""
    if value is None or isinstance(value, bytes):
        return None
    return value if isinstance(value, str) else str(value)
