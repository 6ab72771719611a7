"""Queries in a PostgreSQL: each is copied out as CSV, where numbers and times stand exactly as the server has them."""

import functools
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import psycopg
import pyarrow as pa
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pyarrow import csv

from data.errors import DatabaseError
from data.ingest.content import check_size
from data.ingest.database.table import ResultTable, check_names, name_of, plain, refusal

_CONNECT_TIMEOUT_S = 10
_FORMS: tuple[str, ...] = ("set local TimeZone = 'UTC'", "set local DateStyle = 'ISO'")

_NUMBERS = frozenset({"int2", "int4", "int8", "numeric", "float4", "float8", "oid"})
_TYPED = _NUMBERS | {"bool", "date", "timestamp", "timestamptz"}


def run_in_postgresql(url: str, queries: tuple[tuple[str, str], ...]) -> dict[str, ResultTable]:
    """The result of each query, by the table's name: one transaction, which sees one state and may change nothing.

    Raises:
        DatabaseError: If the server cannot be reached, or refuses a query.
        InputTooLargeError: If a result holds more than is read of one file.
    """
    with _connect(url) as connection:
        return {table: _run(connection, table, query) for table, query in queries}


def _connect(url: str) -> psycopg.Connection:
    try:
        settings = conninfo_to_dict(url)
    except psycopg.Error as error:
        raise DatabaseError("database in source.toml is no URL that PostgreSQL understands") from error
    defaults: dict[str, Any] = {"connect_timeout": _CONNECT_TIMEOUT_S, "application_name": "stockout-data"}
    try:
        connection = psycopg.connect(make_conninfo(**{**defaults, **settings, "client_encoding": "UTF8"}))
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        for form in _FORMS:
            connection.execute(form)
    except psycopg.Error as error:
        raise DatabaseError(f"the database {url} cannot be reached: {plain(error)}") from error
    return connection


def _run(connection: psycopg.Connection, table: str, query: str) -> ResultTable:
    query = query.strip().rstrip(";")
    content = io.BytesIO()
    try:
        with connection.cursor() as cursor:
            kinds = _kinds(cursor, query)
            check_names(table, [name for name, _ in kinds])
            with cursor.copy(f"copy (\n{query}\n) to stdout (format csv)") as copy:
                for block in copy:
                    content.write(block)
                    check_size(Path(name_of(table)), content.tell())
            texts = _texts(content.getbuffer(), kinds)
    except psycopg.Error as error:
        raise refusal(table, error.diag.message_primary or error) from error
    except pa.ArrowException as error:
        raise refusal(table, error) from error
    typed = frozenset(name for name, kind in kinds if kind in _TYPED)
    return ResultTable(texts, typed, functools.partial(_finish, kinds))


def _kinds(cursor: psycopg.Cursor, query: str) -> list[tuple[str, str]]:
    """The name and the type of each column."""
    # the query is the seller's own, and the transaction can change nothing
    cursor.execute(f"select * from (\n{query}\n) as result limit 0")  # noqa: S608
    known = psycopg.adapters.types
    columns = [(column.name, known.get(column.type_code)) for column in cursor.description or ()]
    return [(name, kind.name if kind else "") for name, kind in columns]


def _texts(content: memoryview, kinds: Sequence[tuple[str, str]]) -> pa.Table:
    names = [name for name, _ in kinds]
    if not len(content):
        return pa.table({name: pa.array([], pa.string()) for name in names})
    return csv.read_csv(
        pa.BufferReader(content),
        csv.ReadOptions(column_names=names),
        csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )


def _finish(kinds: Sequence[tuple[str, str]], texts: pl.DataFrame) -> pl.DataFrame:
    return texts.with_columns(_as_elsewhere(name, kind) for name, kind in kinds)


def _as_elsewhere(name: str, kind: str) -> pl.Expr:
    """Text as a CSV or a Parquet file would give it."""
    text = pl.col(name)
    match kind:
        case "timestamptz":
            return text.str.replace(r"\+00$", "Z")
        case "bool":
            return text.replace({"t": "true", "f": "false"})
        case "bpchar":  # filled with spaces to its length, which are no part of the value
            return text.str.strip_chars_end(" ")
        case _ if kind in _NUMBERS:
            return pl.when(text != "NaN").then(text)
        case _:
            return text
