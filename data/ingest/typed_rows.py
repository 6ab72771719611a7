"""Rows of files whose columns have types, Parquet and XLSX, as the text that a CSV would hold."""

import re
from pathlib import Path

import fastexcel
import polars as pl

from data.errors import UnreadableInputError
from data.ingest.content import check_cells
from data.ingest.csv_file import MALFORMED, Rows, row_numbers

_UNNAMED = re.compile(r"(_\d+|__UNNAMED__\d+)?")
"""How the reader names columns without a name."""


def as_texts(frame: pl.DataFrame, form: str) -> Rows:
    """A table of typed columns as a CSV's text."""
    typed = frozenset(name for name, kind in frame.schema.items() if kind != pl.String)
    rows = frame.select(_as_text(name, kind) for name, kind in frame.schema.items())
    return Rows(rows.with_columns(row_numbers()), pl.DataFrame(schema=MALFORMED), form, typed=typed)


def _as_text(name: str, kind: pl.DataType) -> pl.Expr:
    """A time with a zone keeps its meaning as UTC, NaN is nothing."""
    column = pl.col(name)
    if isinstance(kind, pl.Datetime) and kind.time_zone is not None:
        return column.dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%d %H:%M:%S%.6fZ")
    if kind.is_float():
        return column.fill_nan(None).cast(pl.String)
    if kind.is_nested() or kind == pl.Binary:
        return pl.lit(None, dtype=pl.String).alias(name)
    return column.cast(pl.String)


def read_xlsx(path: Path, content: bytes, sheet: str | None) -> Rows:
    """One sheet of an XLSX file, its first row the header.

    Raises:
        UnreadableInputError: If it is no XLSX file, or it cannot be told which sheet is meant.
    """
    try:
        book = fastexcel.read_excel(content)
        names = book.sheet_names
        if sheet is None and len(names) > 1:
            raise UnreadableInputError(
                f'{path} holds the sheets {", ".join(names)}: say which with sheet = "…" in source.toml'
            )
        if sheet is not None and sheet not in names:
            raise UnreadableInputError(f"{path} has no sheet {sheet!r}; it has: {', '.join(names)}")
        loaded = book.load_sheet(names[0] if sheet is None else sheet)
        check_cells(path, loaded.total_height * loaded.width)
        frame = loaded.to_polars()
        _check_header(path, frame)
    except fastexcel.FastExcelError as error:
        raise UnreadableInputError(f"{path} cannot be read as XLSX: {str(error).splitlines()[0][:200]}") from error
    return as_texts(frame, f"XLSX, sheet {names[0] if sheet is None else sheet}")


def _check_header(path: Path, frame: pl.DataFrame) -> None:
    """A title, or nothing, above the header would be taken for it."""
    named = [name for name in frame.columns if not _UNNAMED.fullmatch(name)]
    if frame.width > 1 and len(named) <= 1:
        holds = f"holds {named[0]!r} alone" if named else "is empty"
        raise UnreadableInputError(
            f"the first row of {path} {holds}, and the names of the columns are needed there: take out the rows above "
            "them"
        )
