"""Reading a seller's files: every column as text, every row kept, damage reported in one sentence."""

import bisect
import dataclasses
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import polars as pl
import pyarrow.parquet as pq

from data.errors import (
    EmptyInputError,
    MissingColumnError,
    UnreadableInputError,
)
from data.ingest.content import check_cells, check_size, read_content
from data.ingest.contracts import Table
from data.ingest.csv_file import ROW_NUMBER, Rows, read_csv
from data.ingest.dialect.headers import match_headers
from data.ingest.parquet_file import DAMAGE, read_rows
from data.ingest.typed_rows import as_texts, read_xlsx

_LONGEST_REASON = 200


@dataclass(frozen=True)
class Part:
    """One of the files of a table.

    Attributes:
        name: Within the data folder.
        sha256: Of the file's bytes, those that were parsed.
        rows_before: The rows and lines of the files before it, by which its row numbers are raised.
        form: In which form it holds text, for a reader.
    """

    name: str
    sha256: str
    rows_before: int
    form: str = ""


class Columns(Protocol):
    """Columns that lie elsewhere."""

    def read(self) -> pl.DataFrame:
        """The columns, in the order of the rows."""


@dataclass(frozen=True)
class RawTable:
    """A table as it was found, in one file or several.

    Attributes:
        path: The file; of several, their folder and pattern, for sentences.
        sha256: Of the file's bytes, those that were parsed; empty for several.
        rows: Every column as text, null or empty where there is nothing, and :data:`ROW_NUMBER`.
        malformed: Lines that do not divide into the header's columns: :data:`ROW_NUMBER` and ``raw``, a JSON string.
        parts: The files.
        typed: Columns whose values had a type in the file.
        warnings: What is uncertain about how it was read.
        renamed: What the file calls columns whose names differ from ours, or the said ones, only in form.
        aside: Columns that are not in ``rows``; None: all are. See :mod:`data.ingest.aside`.
        order: Of all columns, where some are aside.
    """

    path: Path
    sha256: str
    rows: pl.DataFrame
    malformed: pl.DataFrame
    parts: tuple[Part, ...] = ()
    typed: frozenset[str] = frozenset()
    warnings: tuple[str, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)
    aside: Columns | None = None
    order: tuple[str, ...] = ()

    @property
    def height(self) -> int:
        """Rows of the file, the malformed ones too."""
        return self.rows.height + self.malformed.height

    def place(self, row_number: int) -> tuple[str, int]:
        """The file of a row, and its number there."""
        if len(self.parts) < 2:
            return self.path.name, row_number
        before = [part.rows_before for part in self.parts]
        part = self.parts[bisect.bisect_left(before, row_number) - 1]
        return part.name, row_number - part.rows_before

    def parts_of(self, row_numbers: pl.Series) -> pl.Series:
        """Which of the files, by their place in ``parts``, each row is of."""
        before = pl.Series([part.rows_before for part in self.parts[1:]], dtype=pl.Int64)
        return pl.Series("part", before.search_sorted(row_numbers.cast(pl.Int64), side="left"))

    def texts(self, row_numbers: pl.Series | None = None) -> pl.DataFrame:
        """Rows as they were found: :data:`ROW_NUMBER`, ``source_file``, ``row_number`` there, and ``raw``, in JSON.

        Args:
            row_numbers: Of the rows; None: all.
        """
        rows, malformed = self.rows, self.malformed
        if self.aside is not None and (row_numbers is None or not row_numbers.is_empty()):
            rows = rows.hstack(self.aside.read()).select(self.order)
        if row_numbers is not None:
            chosen = pl.col(ROW_NUMBER).is_in(row_numbers.implode())
            rows, malformed = rows.filter(chosen), malformed.filter(chosen)
        named = rows.select(ROW_NUMBER, raw=pl.struct(pl.exclude(ROW_NUMBER)).struct.json_encode())
        before = pl.Series("before", [part.rows_before for part in self.parts] or [0], dtype=pl.Int64)
        names = [part.name for part in self.parts] if len(self.parts) > 1 else [self.path.name]
        parts = pl.DataFrame({"source_file": names, "before": before}).with_columns(first=pl.col("before") + 1)
        texts = pl.concat([named, malformed]).with_columns(pl.col(ROW_NUMBER).cast(pl.Int64)).sort(ROW_NUMBER)
        placed = texts.join_asof(parts, left_on=ROW_NUMBER, right_on="first")
        return placed.select(
            ROW_NUMBER, "source_file", (pl.col(ROW_NUMBER) - pl.col("before")).alias("row_number"), "raw"
        )

    def where(self, row_number: int) -> str:
        """The same in words."""
        name, number = self.place(row_number)
        return f"row {number:,}" if len(self.parts) < 2 else f"row {number:,} of {name}"

    def first_row_with(self, column: str, text: str) -> str:
        """Where a value stands, in words."""
        return self.where(self.rows.filter(pl.col(column) == text)[ROW_NUMBER][0])


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
        read = _parse(path, content.data, _wanted(table), table)
    except (*DAMAGE, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())[:_LONGEST_REASON]
        raise UnreadableInputError(f"{path} cannot be read: {reason}; fetch or write the file again") from error
    found = raw_table(path, read, content.sha256, table)
    if not found.height:
        raise EmptyInputError(
            f"{path} holds a header and no rows: export it again, or take it away if there is nothing to tell"
        )
    return found


def raw_table(path: Path, read: Rows, sha256: str, table: Table) -> RawTable:
    """What was read as a table of the contract.

    Args:
        path: What it was read from, for sentences.
        read: The rows.
        sha256: Of what was read.
        table: The contract.
    Raises:
        MissingColumnError: If a column of the contract is not there.
        UnreadableInputError: If it cannot be told which one it is.
    """
    names = [name for name in read.rows.columns if name != ROW_NUMBER]
    renamed = match_headers(path, names, _wanted(table))
    if missing := tuple(header for header in _needed(table) if header not in {*names, *renamed}):
        raise MissingColumnError(path, missing, tuple(names))
    ours = {name: header for header, name in renamed.items()}
    typed = frozenset(ours.get(name, name) for name in read.typed)
    part = Part(path.name, sha256, 0, read.form)
    return RawTable(path, sha256, read.rows.rename(ours), read.malformed, (part,), typed, read.warnings, renamed)


def _needed(table: Table) -> tuple[str, ...]:
    """The columns of the file that must be there."""
    columns = (column for column in table.columns if not column.optional or column.name_in_file)
    return tuple(header for column in columns for header in column.headers) + (table.reading.key or ())


def _wanted(table: Table) -> tuple[str, ...]:
    """The columns of the file that are read if they are there."""
    return tuple(header for column in table.columns for header in column.headers) + (table.reading.key or ())


def columns_of(path: Path, table: Table) -> tuple[str, ...]:
    """The columns that a file has, whatever the contract demands.

    Raises:
        DataError: If it cannot be read; or any of the errors of ``DAMAGE``.
    """
    read = _parse(path, read_content(path).data, (), table)
    return tuple(name for name in read.rows.columns if name != ROW_NUMBER)


def join_parts(path: Path, tables: Sequence[RawTable], names: Sequence[str]) -> RawTable:
    """Several files of one table as one, in their order.

    Args:
        path: What they are called together.
        tables: Each file as read.
        names: Of the files, within the data folder.
    """
    if len(tables) == 1:
        return dataclasses.replace(tables[0], parts=(dataclasses.replace(tables[0].parts[0], name=names[0]),))
    parts, rows, malformed, before = [], [], [], 0
    for table, name in zip(tables, names, strict=True):
        raised = pl.col(ROW_NUMBER) + before
        parts.append(dataclasses.replace(table.parts[0], name=name, rows_before=before))
        rows.append(table.rows.with_columns(raised))
        malformed.append(table.malformed.with_columns(raised))
        before += max(_last(table.rows), _last(table.malformed))
    together = pl.concat(rows, how="diagonal")
    check_cells(path, together.height * together.width)
    typed = frozenset.intersection(*(table.typed for table in tables))
    warned = [warning for table in tables for warning in table.warnings]  # of one kind: the encoding is a guess
    others = f"; so were {len(warned) - 1} more files of the table" if len(warned) > 1 else ""
    warnings = tuple(f"{warning}{others}" for warning in warned[:1])
    renamed = {header: name for table in tables for header, name in table.renamed.items()}
    return RawTable(path, "", together, pl.concat(malformed), tuple(parts), typed, warnings, renamed)


def _last(rows: pl.DataFrame) -> int:
    return int(rows.select(pl.col(ROW_NUMBER).max().fill_null(0)).item())


def digests(tables: Iterable[RawTable]) -> dict[str, str]:
    """The SHA-256 of each file by its name."""
    return {part.name: part.sha256 for table in tables for part in table.parts}


def _parse(path: Path, content: bytes, needed: tuple[str, ...], table: Table) -> Rows:
    if path.suffix == ".parquet":
        return _read_parquet(path, content)
    if path.suffix.lower() == ".xlsx":
        return read_xlsx(path, content, table.reading.sheet)
    return read_csv(path, content, needed, table.reading)


def _read_parquet(path: Path, content: bytes) -> Rows:
    def check_declared(meta: pq.FileMetaData) -> None:
        check_cells(path, meta.num_rows * meta.num_columns)
        check_size(path, sum(meta.row_group(group).total_byte_size for group in range(meta.num_row_groups)))

    return as_texts(read_rows(content, check_declared), "Parquet")
