"""Finding and reading a seller's files: every column as text, every row kept, damage reported in one sentence."""

import csv
import io
import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from data.errors import (
    AmbiguousInputError,
    EmptyInputError,
    MissingColumnError,
    MissingInputError,
    UnreadableInputError,
)
from data.ingest.content import check_cells, check_size, decompress, read_content
from data.ingest.contracts import Table
from data.ingest.parquet_file import DAMAGE, read_rows

ENDINGS = (".csv", ".csv.gz", ".parquet")
ROW_NUMBER = "row_number in file"
"""The column that holds a row's number, 1 for the first row after the header."""

_LONGEST_REASON = 200
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class RawTable:
    """A file as it was found.

    Attributes:
        path: The file.
        sha256: Of the file's bytes, those that were parsed.
        rows: Every column as text, null or empty where there is nothing, and :data:`ROW_NUMBER`.
        malformed: Lines that do not divide into the header's columns: :data:`ROW_NUMBER` and ``raw``, a JSON string.
    """

    path: Path
    sha256: str
    rows: pl.DataFrame
    malformed: pl.DataFrame

    @property
    def height(self) -> int:
        """Rows of the file, the malformed ones too."""
        return self.rows.height + self.malformed.height


def find_inputs(data_dir: Path, tables: Iterable[Table]) -> dict[str, Path]:
    """The file of each table, by the table's name; an optional table that is not there is left out.

    Raises:
        MissingInputError: If the folder or a required file is not there.
        AmbiguousInputError: If a table is there in two formats.
    """
    if not data_dir.is_dir():
        raise MissingInputError(f"there is no folder {data_dir}: name the folder that holds the input files")
    found: dict[str, Path] = {}
    for table in tables:
        paths = tuple(path for ending in ENDINGS if (path := data_dir / f"{table.stem}{ending}").is_file())
        if len(paths) > 1:
            raise AmbiguousInputError(paths)
        if paths:
            found[table.name] = paths[0]
        elif table.required:
            names = " or ".join(f"{table.stem}{ending}" for ending in ENDINGS)
            raise MissingInputError(f"{data_dir} holds no {names}")
    return found


def read_table(path: Path, table: Table) -> RawTable:
    """Read one file and check that it has the contract's columns.

    Raises:
        UnreadableInputError: If it is damaged, or not what its name says.
        ChangedInputError: If it was written to while it was read.
        InputTooLargeError: If it holds more than is read of one file.
        EmptyInputError: If it holds no rows.
        MissingColumnError: If a column of the contract is not there.
    """
    try:
        content = read_content(path)
        rows, malformed = (_read_parquet if path.suffix == ".parquet" else _read_csv)(path, content.data)
    except (*DAMAGE, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())[:_LONGEST_REASON]
        raise UnreadableInputError(f"{path} cannot be read: {reason}; fetch or write the file again") from error
    raw = RawTable(path, content.sha256, rows, malformed)
    needed = (column.header for column in table.columns if not column.optional or column.name_in_file)
    missing = tuple(header for header in needed if header not in raw.rows.columns)
    if missing:
        raise MissingColumnError(path, missing, tuple(name for name in raw.rows.columns if name != ROW_NUMBER))
    if not raw.height:
        raise EmptyInputError(f"{path} holds a header and no rows")
    return raw


def digests(tables: Iterable[RawTable]) -> dict[str, str]:
    """The SHA-256 of each file by its name."""
    return {table.path.name: table.sha256 for table in tables}


_MALFORMED = {ROW_NUMBER: pl.Int64, "raw": pl.String}

_Rows = tuple[pl.DataFrame, pl.DataFrame]
"""The rows that divide into the header's columns, and the others; as in :class:`RawTable`."""


def _read_parquet(path: Path, content: bytes) -> _Rows:
    def check_declared(meta: pq.FileMetaData) -> None:
        check_cells(path, meta.num_rows * meta.num_columns)
        check_size(path, sum(meta.row_group(group).total_byte_size for group in range(meta.num_row_groups)))

    frame = read_rows(content, check_declared)
    rows = frame.select(_as_text(name, kind) for name, kind in frame.schema.items())
    return _with_row_numbers(rows)


def _as_text(name: str, kind: pl.DataType) -> pl.Expr:
    """A Parquet column as a CSV's text: a time with a zone keeps its meaning as UTC, NaN is nothing."""
    column = pl.col(name)
    if isinstance(kind, pl.Datetime) and kind.time_zone is not None:
        return column.dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%d %H:%M:%S%.6fZ")
    if kind.is_float():
        return column.fill_nan(None).cast(pl.String)
    if kind.is_nested() or kind == pl.Binary:
        return pl.lit(None, dtype=pl.String).alias(name)
    return column.cast(pl.String)


def _read_csv(path: Path, content: bytes) -> _Rows:
    if path.suffix == ".gz":
        content = decompress(path, content)
    content = content.removeprefix(_BOM)
    if not content.strip():
        raise EmptyInputError(f"{path} is empty: not even a header is there")
    lines = content.count(b"\n") + (not content.endswith(b"\n"))
    check_cells(path, lines + content.count(b","))
    try:
        rows = pl.read_csv(content, infer_schema=False, encoding="utf8-lossy")
    except pl.exceptions.PolarsError:
        rows = None
    # A stray quotation mark can swallow whole lines into one field: then each line is read on its own, so that none
    # of them vanishes. (A field that rightly holds a line break is refused with them: no table here has such.)
    if rows is None or rows.height + 1 != lines:
        return _read_csv_by_line(path, content)
    return _with_row_numbers(rows)


def _read_csv_by_line(path: Path, content: bytes) -> _Rows:
    """Slower, but no line can disturb its neighbours."""
    lines = (line.decode("utf-8", errors="replace").rstrip("\n") for line in io.BytesIO(content))
    first = next(lines)
    header = _fields(first)
    if header is None or len(set(header)) != len(header):
        raise UnreadableInputError(f"{path} has no readable header: {first[:100]!r}")
    numbers: list[int] = []
    columns: list[list[str]] = [[] for _ in header]
    malformed: list[tuple[int, str]] = []
    for number, line in enumerate(lines, start=1):
        fields = _fields(line)
        if fields is not None and len(fields) == len(header):
            numbers.append(number)
            for column, field in zip(columns, fields, strict=True):
                column.append(field)
        else:
            malformed.append((number, json.dumps(line.removesuffix("\r"), ensure_ascii=False)))
    rows = pl.DataFrame(dict(zip(header, columns, strict=True)), schema=dict.fromkeys(header, pl.String))
    return (
        rows.with_columns(pl.Series(ROW_NUMBER, numbers, dtype=pl.Int64)),
        pl.DataFrame(malformed, schema=_MALFORMED, orient="row"),
    )


def _fields(line: str) -> list[str] | None:
    try:
        return next(csv.reader([line.removesuffix("\r")], strict=True), None)
    except csv.Error:
        return None


def _with_row_numbers(rows: pl.DataFrame) -> _Rows:
    numbers = pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias(ROW_NUMBER)
    return rows.with_columns(numbers), pl.DataFrame(schema=_MALFORMED)
