"""Rows that are there more than once: sale lines of the same key, files added twice, two counts of one day."""

import math
from collections.abc import Iterator

import numpy as np
import polars as pl

from data.errors import RepeatedRowsError, TwoCountsError
from data.ingest.contracts import AVAILABILITY, PURCHASE_ORDERS, Kind, RejectionReason, Table
from data.ingest.csv_file import ROW_NUMBER
from data.ingest.read import RawTable
from data.ingest.reading import Reading
from data.ingest.validate import CheckedTable

_FEWEST_ROWS = 20
"""Different rows, all of them repeated in the same order, that are no chance."""

_QUOTED = pl.element().str.replace_all("|", "||", literal=True)
_LEAST_BLOCK = 0.02
"""Of a file's rows, that a block of them must make up."""

_SAME_DAYS = 0.8
"""Of the rows of days that are in two files, how many must be the same to be one delivery that overlaps."""

_LAGS = 3
_MOST_PLACES = 1_000

UNCOUNTED = frozenset({RejectionReason.REPEATED_SALE, RejectionReason.IGNORED_RETURN})
"""Reasons for which a row is left out without being bad."""


def drop_repeated(sales: CheckedTable, table: Table) -> CheckedTable:
    """Leave out sale lines whose key an earlier good one has; those that say something else are bad rows."""
    headers = table.reading.key
    if not headers:
        return sales
    names = [f"key {place}" for place, _ in enumerate(headers)]
    keys = sales.raw.rows.select(
        ROW_NUMBER, *(pl.col(each).alias(name) for each, name in zip(headers, names, strict=True))
    )
    rows = sales.good.join(keys, on=ROW_NUMBER, how="left").sort(ROW_NUMBER)
    rows = rows.filter(pl.all_horizontal((pl.col(names) != "").fill_null(value=False)))
    values = [column.name for column in table.columns]
    same = pl.all_horizontal(pl.col(each).eq_missing(pl.col(each).first().over(names)) for each in values)
    reason = (
        pl.when(same)
        .then(pl.lit(RejectionReason.REPEATED_SALE.value))
        .otherwise(pl.lit(RejectionReason.CONFLICTING_SALE.value))
    )
    later = rows.with_columns(reason=reason).filter(~pl.struct(names).is_first_distinct())
    return sales.refuse(later.drop(names))


def line_names(sales: CheckedTable, reading: Reading) -> pl.Series:
    """What names each good sale line, by its key; null where the table has no key, or the line nothing in it."""
    headers = reading.key
    if not headers:
        return pl.Series("line", [None] * sales.good.height, dtype=pl.String)
    whole = pl.all_horizontal((pl.col(headers) != "").fill_null(value=False))
    name = pl.col(headers[0]) if len(headers) == 1 else pl.concat_list(headers).list.eval(_QUOTED).list.join("|")
    named = sales.raw.rows.select(ROW_NUMBER, line=pl.when(whole).then(name))
    return sales.good.select(ROW_NUMBER).join(named, on=ROW_NUMBER, how="left", maintain_order="left")["line"]


def check_repeats(raw: RawTable, table: Table) -> tuple[str, ...]:
    """Look for sale lines that were added twice, where no key tells.

    Returns:
        What is to be warned of.
    Raises:
        RepeatedRowsError: If whole blocks of rows are there again.
    """
    if table.reading.key is not None:
        return ()
    _check_files(raw)
    rows = raw.rows.drop(ROW_NUMBER).hash_rows()
    counts = rows.value_counts(name="count")["count"]
    repeated = rows.len() - counts.len()
    way_out = (
        'say key = ["…"] with the columns that name a sale line, in the section [sales] of source.toml, or key = [] '
        "if every row is a sale of its own"
    )
    if not repeated:
        return tuple(_shared_days(raw, table, way_out))
    if counts.len() >= _FEWEST_ROWS and (times := math.gcd(*counts.unique())) > 1:
        raise RepeatedRowsError(f"every row of {raw.path} is there {times} times, or a multiple of it: {way_out}")
    if block := _repeated_block(rows):
        start, lag, height = block
        first, again = (raw.where(raw.rows[ROW_NUMBER][place]) for place in (start - lag, start))
        raise RepeatedRowsError(
            f"{raw.path} holds {height:,} rows again in the same order, from {again} those from {first}: "
            f"take them out, or {way_out}"
        )
    verb = "repeats" if repeated == 1 else "repeat"
    return (
        f"{repeated:,} of the {rows.len():,} rows of {raw.path.name} {verb} another one in every column and count as "
        f"sales: {way_out}",
    )


def _shared_days(raw: RawTable, table: Table, way_out: str) -> Iterator[str]:
    """Days of which two files hold the same lines, though a column that is not read tells them apart."""
    if len(raw.parts) < 2:
        return
    day = next(column.header for column in table.columns if column.kind is Kind.TIME)
    read = [header for column in table.columns for header in column.headers if header in raw.rows.columns]
    part = raw.parts_of(raw.rows[ROW_NUMBER])
    lines = pl.DataFrame({"day": raw.rows[day], "line": raw.rows.select(read).hash_rows(), "part": part})
    shared = lines.filter(pl.col("part").n_unique().over("day") > 1)
    again = shared.filter(pl.col("part").n_unique().over("line") > 1)
    if again["line"].n_unique() >= _FEWEST_ROWS and again.height >= _SAME_DAYS * shared.height:
        yield (
            f"{again.height:,} of the {shared.height:,} rows of {raw.path.name} whose days are in two files are the "
            f"same in every column that is read, and count twice: {way_out}"
        )


def _check_files(raw: RawTable) -> None:
    seen: dict[str, str] = {}
    for part in raw.parts:
        if part.sha256 in seen:
            raise RepeatedRowsError(
                f"{raw.path.parent} holds {seen[part.sha256]} and {part.name}, which are the same: take one of them out"
            )
        seen[part.sha256] = part.name


def _repeated_block(rows: pl.Series) -> tuple[int, int, int] | None:
    """The longest block of rows that are there again: where it begins again, how far behind, and its height."""
    least = max(_FEWEST_ROWS, _LEAST_BLOCK * rows.len())
    values, best = rows.to_numpy(), None
    for lag in _lags(rows):
        ends = np.flatnonzero(np.diff(values[lag:] == values[:-lag], prepend=False, append=False))
        starts, heights = ends[::2], ends[1::2] - ends[::2]
        if not heights.size:
            continue
        longest = int(heights.argmax())
        start, height = int(starts[longest]) + lag, int(heights[longest])
        different = rows.slice(start, height).n_unique()
        if different >= _FEWEST_ROWS and height >= least and (best is None or height > best[2]):
            best = (start, lag, height)
    return best


def _lags(rows: pl.Series) -> list[int]:
    """How far behind equal rows stand most often."""
    places = pl.DataFrame({"row": rows}).with_row_index("place").with_columns(pl.col("place").cast(pl.Int64))
    again = places.filter(pl.col("row").is_duplicated()).sort("row", "place")
    lags = again.select(pl.col("place").diff().filter(pl.col("row") == pl.col("row").shift())).to_series()
    return lags.value_counts(sort=True).to_series(0)[:_LAGS].to_list()


def check_replaced(checked: CheckedTable, table: Table, max_bad_share: float) -> Iterator[str]:
    """Look at counts, or flags, of one product and day that a later one replaces with another value.

    What becomes of an order changes as it should, and is not looked at.

    Raises:
        TwoCountsError: If they are more than may be bad: then they are rather of several places.
    """
    if table.duplicate is None or table.keep != "last" or table.name == PURCHASE_ORDERS.name:
        return
    value = table.columns[-1].name
    replaced = checked.bad.filter(pl.col("reason") == table.duplicate.value)
    kept = checked.good.select(*table.key, kept=value)
    other = replaced.join(kept, on=table.key, how="inner").filter(pl.col(value) != pl.col("kept"))
    if other.is_empty():
        return
    first = other.sort(ROW_NUMBER).row(0, named=True)
    what = "flags of one product and week" if table.name == AVAILABILITY.name else "counts of one product and day"
    places = _places(checked, table)
    several = f", and {places[0]} tells them apart" if places else ""
    sentence = (
        f"{other.height:,} of the {checked.raw.height:,} rows of {checked.raw.path} are {what} that another row gives "
        f"otherwise, such as {first['product_id']!r} on {first[table.key[1]]}: {first[value]} and "
        f"{first['kept']}{several}"
    )
    if other.height > max_bad_share * checked.raw.height:
        header = table.columns[0].header
        column = places[0] if places else "warehouse"
        raise TwoCountsError(
            f'{sentence}: if they are of several places, say product_id = ["{column}", "{header}"] in the sections of '
            "source.toml, so that each place is followed on its own, or keep one row of each"
        )
    yield f"{sentence}; the last one was taken, by the time of day where there is one"


def _places(checked: CheckedTable, table: Table) -> list[str]:
    """Columns of the file that tell apart all rows of the same key, and hold few values: a warehouse, a shop."""
    known = {header for column in table.columns for header in column.headers} | {ROW_NUMBER}
    rows = checked.raw.rows
    others = [name for name in rows.columns if name not in known and rows[name].n_unique() <= _MOST_PLACES]
    keyed = pl.concat([checked.good, checked.bad.select(checked.good.columns)]).select(ROW_NUMBER, *table.key)
    keyed = keyed.join(rows.select(ROW_NUMBER, *others), on=ROW_NUMBER, how="inner", suffix=" in file")
    found = []
    for name in others:
        column = f"{name} in file" if name in table.key else name
        if keyed.select(pl.struct(*table.key, column).n_unique()).item() == keyed.height:
            found.append(name)
    return found
