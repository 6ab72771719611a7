"""A query's result as its database gave it."""

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl
import pyarrow as pa

from data.errors import DatabaseError


@dataclass(frozen=True)
class ResultTable:
    """Rows in any order.

    Attributes:
        texts: Every column as text, null where there is nothing; of Arrow, since Luigi forks after it was read.
        typed: The columns whose values had a type, so that nothing about them needs to be told from their text.
        finish: What makes the text that of a CSV or a Parquet file.
    """

    texts: pa.Table
    typed: frozenset[str]
    finish: Callable[[pl.DataFrame], pl.DataFrame] = lambda texts: texts


def name_of(table: str) -> str:
    """What a table's query is called in sentences."""
    return f"the query of {table}"


def refusal(table: str, reason: object) -> DatabaseError:
    """Why a query cannot be run, as its database says."""
    return DatabaseError(f"{name_of(table)} cannot be run: {plain(reason)}")


def check_names(table: str, names: list[str]) -> None:
    """Refuse a result of which two columns have one name.

    Raises:
        DatabaseError: If it has such.
    """
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise DatabaseError(f"{name_of(table)} gives the column {twice} twice: leave out or rename one of them")


def plain(reason: object) -> str:
    """A database's message in a line."""
    return " ".join(str(reason).split())[:300]
