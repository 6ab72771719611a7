"""Ids that an export turned into decimal numbers: a column with a gap makes 110001 a float, and the float 110001.0.

And ids that the seller wants trimmed, filled with zeros, or made of several columns.
"""

import dataclasses
from collections.abc import Mapping, Sequence

import polars as pl

from data.errors import DecimalIdError, UnreadableInputError
from data.ingest.contracts import Column, Kind, Table
from data.ingest.read import RawTable
from data.ingest.reading import IdForm

WHOLE = r"^(-?(?:0|[1-9][0-9]*))\.0$"
"""A whole number as a float is written; the group is the number."""

_DECIMAL = r"^-?[0-9]+\.[0-9]+$"
_ZEROS = r"\.0+$"
_EXPONENT = r"(?i)^-?[0-9]e\+?[0-9]+$"
_FRACTION_AND_EXPONENT = r"(?i)^-?[0-9]\.[0-9]+e\+?[0-9]+$"
_PADDED = r"^(-?)0+([0-9]+)$"
_EXACT = 2**53


def whole_ids(tables: Sequence[Table], raw: Mapping[str, RawTable]) -> frozenset[str]:
    """The columns of ids that are read without their ``.0``, in every file.

    A column is looked at in all files at once, because its ids are joined across them. ``.0`` is dropped only if no id
    of the column has another fraction: then ids are versions or the like, and ``1.0`` is not 1.

    Args:
        tables: The layout.
        raw: Its files as read, by the table's name.
    Raises:
        DecimalIdError: If ids have lost digits, or it cannot be told whether two are the same.
    """
    names = dict.fromkeys(column.name for table in tables for column in table.columns if column.joins)
    return frozenset(name for name in names if _is_whole(_columns(name, tables, raw)))


def without_zero(text: pl.Expr) -> pl.Expr:
    """The id without ``.0``, if it has that."""
    return text.str.replace(WHOLE, "$1")


def prepare_ids(raw: RawTable, table: Table, form: IdForm) -> RawTable:
    """The table with its ids in the form that the seller asks for; one that several columns make is joined by hyphens.

    Raises:
        UnreadableInputError: If two products would get one id by that.
    """
    changed = {
        column.header: _id(column, raw, form)
        for column in table.columns
        if column.kind is Kind.ID and set(column.headers) <= set(raw.rows.columns)
    }
    rows = raw.rows.with_columns(each.alias(header) for header, each in changed.items())
    for column in table.columns:
        if column.parts_in_file:
            _check_apart(raw, rows, column)
    return dataclasses.replace(raw, rows=rows)


def _id(column: Column, raw: RawTable, form: IdForm) -> pl.Expr:
    parts = [pl.col(header) for header in column.headers]
    if form.trim:
        parts = [part.str.strip_chars() for part in parts]
    if form.unicode:
        parts = [part.str.normalize("NFC") for part in parts]
    if len(parts) > 1:
        parts = [
            without_zero(part) if _has_only_whole(raw.rows[header]) else part
            for part, header in zip(parts, column.headers, strict=True)
        ]
        parts = [pl.when(part != "").then(part) for part in parts]
    if form.zero_pad:
        number = without_zero(parts[-1])
        padded = pl.when(number.str.contains(r"^[0-9]+$")).then(number.str.zfill(form.zero_pad))
        parts[-1] = padded.otherwise(parts[-1])
    return pl.concat_str(parts, separator="-") if len(parts) > 1 else parts[0]


def _has_only_whole(texts: pl.Series) -> bool:
    decimal = texts.filter(texts.str.contains(_DECIMAL))
    return decimal.len() > 0 and bool(decimal.str.contains(WHOLE).all())


def _check_apart(raw: RawTable, rows: pl.DataFrame, column: Column) -> None:
    parts = [f"part {place}" for place, _ in enumerate(column.headers)]
    ids = raw.rows.select(pl.col(header).alias(part) for header, part in zip(column.headers, parts, strict=True))
    pairs = ids.with_columns(rows[column.header].alias("id")).drop_nulls().unique()
    same = pairs.with_columns(pl.col(parts).str.contains("-").name.suffix(" has")).filter(
        pl.col("id").is_duplicated() & pl.any_horizontal(pl.col([f"{part} has" for part in parts]))
    )
    if not same.is_empty():
        raise UnreadableInputError(
            f"{raw.path}: products would have the same id {same['id'][0]!r}, made of {' and '.join(column.headers)}: "
            "the hyphens in these columns make it uncertain where one ends"
        )


def _columns(name: str, tables: Sequence[Table], raw: Mapping[str, RawTable]) -> list[tuple[RawTable, str]]:
    """Each file that has the column, and what it calls it."""
    return [
        (raw[table.name], column.header)
        for table in tables
        for column in table.columns
        if column.name == name and column.kind is Kind.ID and table.name in raw
        if column.header in raw[table.name].rows.columns  # one that is optional may not be there
    ]


def _is_whole(columns: Sequence[tuple[RawTable, str]]) -> bool:
    if not any(table.rows[header].str.contains(".", literal=True).any() for table, header in columns):
        return False  # nor is an id the rest of a decimal number: telling that from all ids takes a sixth of an ingest
    ids = pl.concat([table.rows[header].unique() for table, header in columns]).unique().drop_nulls().sort()
    whole, decimal = ids.filter(ids.str.contains(WHOLE)), ids.filter(ids.str.contains(_DECIMAL))
    only_whole = not whole.is_empty() and whole.len() == decimal.len()
    lost = ids.filter(ids.str.contains(_FRACTION_AND_EXPONENT))
    if only_whole:
        lost = pl.concat([lost, _without_their_digits(ids, whole)])
    if not lost.is_empty():
        raise _refusal(columns, lost[0], "was made a decimal number and has lost digits")
    same = decimal.filter(decimal.str.contains(_ZEROS) & decimal.str.replace(_ZEROS, "").is_in(ids.implode()))
    if not only_whole and not same.is_empty():
        number, other = same[0].split(".")[0], decimal.filter(~decimal.str.contains(WHOLE))[0]
        raise _refusal(columns, same[0], f"and {number!r} may be one or two, since there are ids such as {other!r}")
    return only_whole


def _without_their_digits(ids: pl.Series, whole: pl.Series) -> pl.Series:
    """Where some ids are whole numbers as floats: those that a float does not hold exactly, or not their zeros."""
    padded = ids.filter(ids.str.contains(_PADDED)).str.replace(_PADDED, "$1$2.0")
    too_large = whole.cast(pl.Float64).abs() >= _EXACT
    return pl.concat([ids.filter(ids.str.contains(_EXPONENT)), whole.filter(too_large | whole.is_in(padded.implode()))])


def _refusal(columns: Sequence[tuple[RawTable, str]], example: str, problem: str) -> DecimalIdError:
    path, header = next((table.path, header) for table, header in columns if example in table.rows[header])
    return DecimalIdError(path, header, example, problem)
