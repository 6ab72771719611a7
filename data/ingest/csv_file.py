"""CSV files: every field as text, every row kept, whatever divides them; a damaged line costs no other line."""

import io
import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from data.errors import EmptyInputError
from data.ingest.content import check_cells, decompress
from data.ingest.dialect.delimiter import DELIMITERS, QUOTE, check_header, fields_of, guess_delimiter, said_delimiter
from data.ingest.dialect.encoding import to_utf8
from data.ingest.reading import Reading

ROW_NUMBER = "row_number in file"
"""The column that holds a row's number, 1 for the first line after the header."""

MALFORMED = {ROW_NUMBER: pl.Int64, "raw": pl.String}

_MOST_LINES_OF_A_ROW = 100


@dataclass(frozen=True)
class Rows:
    """What a file held.

    Attributes:
        rows: Every column as text, and :data:`ROW_NUMBER`.
        malformed: What does not divide into the header's columns, as ``MALFORMED``.
        form: In which form the file holds text, for a reader.
        warnings: What is uncertain about that.
        typed: The columns whose values had a type, so that nothing about them needs to be told from their text.
    """

    rows: pl.DataFrame
    malformed: pl.DataFrame
    form: str
    warnings: tuple[str, ...] = ()
    typed: frozenset[str] = frozenset()


def read_csv(path: Path, content: bytes, needed: Collection[str], reading: Reading) -> Rows:
    """Read a CSV file.

    Args:
        path: The file, for its ending and for sentences.
        content: Its bytes.
        needed: Columns that it may hold: what divides the fields is told by them.
        reading: What the seller says of it.
    Raises:
        EmptyInputError: If there is not even a header.
        UnreadableInputError: If its encoding or header cannot be read.
        InputTooLargeError: If it holds more than is read of one file.
    """
    if path.suffix == ".gz":
        content = decompress(path, content)
    utf8 = to_utf8(path, content, reading.encoding)
    said, content = said_delimiter(utf8.data)
    if not content or content.isspace():
        raise EmptyInputError(f"{path} is empty: not even a header is there")
    first = io.BytesIO(content).readline().decode(errors="replace").rstrip("\r\n")
    quote = reading.quote or QUOTE
    delimiter = reading.delimiter or said or guess_delimiter(first, needed, quote)
    check_cells(path, content.count(b"\n") + 1 + content.count(delimiter.encode()))
    names = check_header(path, first, fields_of(first, delimiter, quote), needed)
    rows, malformed = _rows(path, content, _Form(delimiter, quote, names))
    warnings = (utf8.warning,) if utf8.warning else ()
    return Rows(rows, malformed, f"{utf8.encoding}, {DELIMITERS.get(delimiter, repr(delimiter))}", warnings)


@dataclass(frozen=True)
class _Form:
    delimiter: str
    quote: str
    names: list[str]

    @property
    def width(self) -> int:
        return len(self.names)


def _rows(path: Path, content: bytes, form: _Form) -> tuple[pl.DataFrame, pl.DataFrame]:
    try:
        rows = pl.read_csv(
            content, infer_schema=False, encoding="utf8-lossy", separator=form.delimiter, quote_char=form.quote
        )
    except pl.exceptions.PolarsError:
        rows = None
    # A stray quotation mark can swallow whole lines into one field: then each line is read on its own, so that none
    # of them vanishes.
    lines = content.count(b"\n") + (not content.endswith(b"\n"))
    if rows is None or rows.height + 1 != lines:
        return _read_by_line(path, content, form)
    return rows.with_columns(row_numbers()), pl.DataFrame(schema=MALFORMED)


def row_numbers() -> pl.Expr:
    """The numbers of rows that are all there."""
    return pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias(ROW_NUMBER)


def _read_by_line(path: Path, content: bytes, form: _Form) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Slower, but no line can disturb its neighbours."""
    if len(set(form.names)) != form.width:
        check_header(path, ",".join(form.names), None, ())
    lines = [line.decode("utf-8", errors="replace").rstrip("\n").removesuffix("\r") for line in io.BytesIO(content)]
    numbers: list[int] = []
    columns: list[list[str]] = [[] for _ in form.names]
    malformed: list[tuple[int, str]] = []
    for number, fields in _records(lines, form):
        if fields is None:
            malformed.append((number, json.dumps(lines[number], ensure_ascii=False)))
            continue
        numbers.append(number)
        for column, field in zip(columns, fields, strict=True):
            column.append(field)
    rows = pl.DataFrame(dict(zip(form.names, columns, strict=True)), schema=dict.fromkeys(form.names, pl.String))
    return (
        rows.with_columns(pl.Series(ROW_NUMBER, numbers, dtype=pl.Int64)),
        pl.DataFrame(malformed, schema=MALFORMED, orient="row"),
    )


def _records(lines: list[str], form: _Form) -> Iterator[tuple[int, list[str] | None]]:
    """Each row with the number of its first line; nothing for a line that does not divide into the columns."""
    number = 1
    while number < len(lines):
        fields, height = _record(lines, number, form)
        yield number, fields
        number += height


def _record(lines: list[str], number: int, form: _Form) -> tuple[list[str] | None, int]:
    """The row that begins in a line, and over how many lines it goes.

    A field may hold line breaks, but only if none of the lines that it goes on in could be a row: then it is more
    likely that a quotation mark went astray.
    """
    text = lines[number]
    if text.count(form.quote) % 2 == 0:
        fields = fields_of(text, form.delimiter, form.quote)
        return (fields if fields is not None and len(fields) == form.width else None), 1
    for height in range(2, min(_MOST_LINES_OF_A_ROW, len(lines) - number) + 1):
        line = lines[number + height - 1]
        if line.count(form.delimiter) >= max(form.width - 1, 1):
            break
        text += "\n" + line
        if text.count(form.quote) % 2 == 0:
            fields = fields_of(text, form.delimiter, form.quote)
            return (fields, height) if fields is not None and len(fields) == form.width else (None, 1)
    return None, 1
