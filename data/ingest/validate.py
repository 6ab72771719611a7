"""Checking a file's rows against its contract: each row is either good and converted, or bad for one reason."""

import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import polars as pl

from data.ingest.contracts import (
    EARLIEST,
    HIGHEST_PRICE,
    LARGEST_NUMBER,
    LATEST,
    LONGEST_LEAD_TIME_DAYS,
    ORDER_STATUSES,
    Column,
    Kind,
    RejectionReason,
    Table,
)
from data.ingest.csv_file import ROW_NUMBER
from data.ingest.dialect.dates import local_times, to_iso, with_offset
from data.ingest.dialect.numbers import NumberForm, as_number
from data.ingest.forms import NUMBERS, TIMES, date_forms, number_forms, unix_warnings
from data.ingest.ids import WHOLE, without_zero
from data.ingest.read import RawTable
from data.ingest.row_rules import rules_of_rows
from feature_service.limits import MAX_ID_BYTES

QUARANTINE = {
    "source_file": pl.String,
    "row_number": pl.Int64,
    "reason": pl.String,
    "column": pl.String,
    "raw": pl.String,
}

_REASON, _COLUMN = "reason in quarantine", "column in quarantine"
_FLAGS = {"1": True, "true": True, "yes": True, "1.0": True, "0": False, "false": False, "no": False, "0.0": False}
_UNREADABLE = "\N{REPLACEMENT CHARACTER}"
_TIME_OF_DAY = r"\d:\d"
_CONTROL = r"[\p{Cc}\x{FEFF}]"
"""Also the byte order mark, which stands within a file where two were put together."""


@dataclass(frozen=True)
class CheckedTable:
    """The rows of a file, divided into good and bad.

    Attributes:
        raw: As read.
        good: The contract's columns, typed, and the row's number; times are dates and times on the seller's clock.
        bad: Row number, ``reason``, the column of the file that is to blame (``column``, null where it is not one), and
            the contract's columns as far as they could be read.
        ids_from_decimals: Rows with an id that was read without its ``.0``.
        evidence: In which form a column's values are, and which of them shows it; only where it had to be told.
        times_with_offset: Rows with a time that carries an offset from UTC.
        offset_example: One of these times.
        warnings: What is uncertain about the forms of its values.
    """

    raw: RawTable
    good: pl.DataFrame
    bad: pl.DataFrame
    ids_from_decimals: int = 0
    evidence: Mapping[str, str] = field(default_factory=dict)
    times_with_offset: int = 0
    offset_example: str = ""
    warnings: tuple[str, ...] = ()

    def refuse(self, refused: pl.DataFrame) -> "CheckedTable":
        """Move good rows to the bad ones; ``refused`` holds their ``reason`` and the columns of ``good``."""
        good = self.good.join(refused, on=ROW_NUMBER, how="anti", maintain_order="left")
        bad = pl.concat(
            [self.bad, refused.select(each for each in self.bad.columns if each in refused.columns)], how="diagonal"
        )
        return dataclasses.replace(self, good=good, bad=bad)

    def quarantine(self) -> pl.DataFrame:
        """The bad rows as the quarantine file holds them, in the order of the input; columns as in ``QUARANTINE``."""
        texts = self.raw.texts(self.bad[ROW_NUMBER])
        bad = self.bad.select(ROW_NUMBER, "reason", "column").join(texts, on=ROW_NUMBER, how="left").sort(ROW_NUMBER)
        return bad.select(QUARANTINE.keys())


def check(raw: RawTable, table: Table, time_zone: str, whole: Collection[str] = ()) -> CheckedTable:
    """Divide the rows of a file into good and bad.

    Only rows that are good otherwise count as duplicates, so a broken row never pushes out its corrected repeat.

    Args:
        raw: The file.
        table: Its contract.
        time_zone: The seller's; times that carry an offset are moved to it, others are on its clock already.
        whole: Names of the id columns that are read without ``.0``, as ``whole_ids`` gives them.
    Raises:
        IngestSettingError: If there is no such time zone.
        AmbiguousFormatError: If its dates or numbers can be read in two ways.
    """
    texts = raw.rows.select(ROW_NUMBER, *(_text(column, raw.rows) for column in table.columns))
    decimals = [pl.col(column.name) for column in table.columns if column.name in whole]
    changed = texts.select(pl.any_horizontal(pl.lit(value=False), *(each.str.contains(WHOLE) for each in decimals)))
    texts = texts.with_columns(without_zero(each) for each in decimals)
    dates, numbers = date_forms(raw, table, texts), number_forms(raw, table, texts)
    warnings = tuple(unix_warnings(raw, table, texts, dates))
    texts = texts.with_columns(to_iso(texts[name], form) for name, form in dates.items())
    offsets = [with_offset(texts[column.name]) for column in table.columns if column.kind in TIMES]
    typed = texts.select(ROW_NUMBER, *(_convert(column, texts, time_zone, numbers) for column in table.columns))
    typed = typed.with_columns(texts.select(*_first_reason(table, typed)))
    passed = typed.filter(pl.col(_REASON).is_null())
    is_kept = _are_kept(table, passed, texts, time_zone)
    kept = passed.filter(is_kept)
    bad = pl.concat(
        [
            typed.filter(pl.col(_REASON).is_not_null()),
            passed.filter(~is_kept).with_columns(pl.lit(table.duplicate, dtype=pl.String).alias(_REASON)),
            raw.malformed.select(ROW_NUMBER, pl.lit(RejectionReason.MALFORMED_ROW.value).alias(_REASON)),
        ],
        how="diagonal",
    ).rename({_REASON: "reason", _COLUMN: "column"})
    evidence = _evidence(raw, table, {name: form.evidence for name, form in (dates | numbers).items()})
    carried = pl.concat([pl.Series(dtype=pl.String), *offsets])
    decimals_read = int(changed.to_series().sum())
    return CheckedTable(
        raw, kept.drop(_REASON, _COLUMN), bad, decimals_read, evidence, carried.len(), next(iter(carried), ""), warnings
    )


def _evidence(raw: RawTable, table: Table, forms: Mapping[str, str]) -> dict[str, str]:
    """Which column of the file was taken, where its name differs in form, and how its values are written."""
    found = {}
    for column in table.columns:
        names = [f"the column {raw.renamed[each]!r}" for each in column.headers if each in raw.renamed]
        if told := "; ".join(filter(None, (*names, forms.get(column.name)))):
            found[column.name] = told
    return found


def _are_kept(table: Table, passed: pl.DataFrame, texts: pl.DataFrame, time_zone: str) -> pl.Series:
    """Of rows with the same key one is kept; of those whose last one is, the last by time, then by place."""
    if not table.key:
        return pl.repeat(value=True, n=passed.height, dtype=pl.Boolean, eager=True)
    key = pl.struct(table.key) if len(table.key) > 1 else pl.col(table.key[0])
    day = next((column.name for column in table.columns if column.kind is Kind.DAY), None)
    if table.keep == "first" or day is None or not texts[day].str.contains(_TIME_OF_DAY).any():
        return passed.select(key.is_first_distinct() if table.keep == "first" else key.is_last_distinct()).to_series()
    moments = pl.DataFrame({ROW_NUMBER: texts[ROW_NUMBER], "moment": local_times(texts[day], time_zone)})
    timed = passed.select(ROW_NUMBER, *table.key).join(moments, on=ROW_NUMBER, maintain_order="left")
    latest = timed.sort("moment", maintain_order=True).filter(key.is_last_distinct())[ROW_NUMBER]
    return passed[ROW_NUMBER].is_in(latest.implode())


def _text(column: Column, rows: pl.DataFrame) -> pl.Expr:
    """The column as the file has it, under our name; nothing where it is not there."""
    there = pl.col(column.header) if column.header in rows.columns else pl.lit(None, dtype=pl.String)
    if column.optional and column.kind in (Kind.ID, *TIMES):
        there = pl.when(there != "").then(there)
    return there.alias(column.name)


def _convert(
    column: Column, texts: pl.DataFrame, time_zone: str, numbers: Mapping[str, NumberForm]
) -> pl.Expr | pl.Series:
    text = pl.col(column.name)
    match column.kind:
        case Kind.TIME:
            return local_times(texts[column.name], time_zone).alias(column.name)
        case Kind.DAY:
            return local_times(texts[column.name], time_zone).dt.date().alias(column.name)
        case Kind.WEEK:
            return local_times(texts[column.name], time_zone).dt.date().dt.truncate("1w").alias(column.name)
        case kind if kind in NUMBERS:
            return as_number(text, numbers.get(column.name, NumberForm())).alias(column.name)
        case Kind.FLAG:
            return text.str.to_lowercase().replace_strict(_FLAGS, default=None, return_dtype=pl.Boolean)
        case _:
            return text


def _first_reason(table: Table, typed: pl.DataFrame) -> tuple[pl.Expr, pl.Expr]:
    """The first rule that a row breaks, in the order of ``RejectionReason``, and its column; null if it breaks none."""
    broken = [
        (reason, breaks & _has_value(column) if column.optional else breaks, column.header)
        for column in table.columns
        for reason, breaks in _rules(column, typed)
    ]
    broken += rules_of_rows(table, typed)
    broken.sort(key=lambda rule: list(RejectionReason).index(rule[0]))
    reasons = pl.coalesce(*(pl.when(breaks).then(pl.lit(reason.value)) for reason, breaks, _ in broken))
    columns = pl.coalesce(*(pl.when(breaks).then(pl.lit(header)) for _, breaks, header in broken))
    return reasons.alias(_REASON), columns.alias(_COLUMN)


def _has_value(column: Column) -> pl.Expr:
    return pl.col(column.name).is_not_null() & (pl.col(column.name) != "")


def _rules(column: Column, typed: pl.DataFrame) -> list[tuple[RejectionReason, pl.Expr]]:
    text = pl.col(column.name)
    value = pl.lit(typed[column.name])
    match column.kind:
        case Kind.ID:
            return [
                (RejectionReason.MISSING_ID, text.is_null() | (text == "")),
                (RejectionReason.UNREADABLE_TEXT, text.str.contains(_UNREADABLE, literal=True)),
                (RejectionReason.CONTROL_CHARACTER, text.str.contains(_CONTROL)),
                (RejectionReason.ID_TOO_LONG, text.str.len_bytes() > MAX_ID_BYTES),
            ]
        case Kind.STATUS:
            return [(RejectionReason.UNKNOWN_STATUS, text.is_null() | ~text.is_in(ORDER_STATUSES))]
        case Kind.TIME | Kind.DAY | Kind.WEEK:
            return [
                (RejectionReason.UNPARSABLE_TIME, value.is_null()),
                (RejectionReason.TIME_OUT_OF_RANGE, (value < EARLIEST) | (value >= LATEST)),
            ]
        case Kind.FLAG:
            return [(RejectionReason.UNPARSABLE_FLAG, value.is_null())]
        case Kind.TEXT:
            return []
        case _:
            return _number_rules(column.kind, value)


def _number_rules(kind: Kind, value: pl.Expr) -> list[tuple[RejectionReason, pl.Expr]]:
    no_number = value.is_null() | ~value.is_finite()
    if kind is Kind.PRICE:
        return [
            (RejectionReason.UNPARSABLE_PRICE, no_number),
            (RejectionReason.NEGATIVE_PRICE, value < 0),
            (RejectionReason.PRICE_OUT_OF_RANGE, value > HIGHEST_PRICE),
        ]
    if kind is Kind.LEAD_TIME:
        whole = value == value.floor()
        return [
            (RejectionReason.UNPARSABLE_LEAD_TIME, no_number | ~whole | ~value.is_between(0, LONGEST_LEAD_TIME_DAYS))
        ]
    if kind is Kind.SHARE:
        return [(RejectionReason.ORDER_TERM_OUT_OF_RANGE, no_number | (value <= 0) | (value >= 1))]
    too_large = (RejectionReason.NUMBER_OUT_OF_RANGE, value.abs() > LARGEST_NUMBER)
    if kind is Kind.ABOVE_ZERO:
        none = (RejectionReason.ORDER_TERM_OUT_OF_RANGE, value <= 0)
        return [(RejectionReason.UNPARSABLE_QUANTITY, no_number), none, too_large]
    if kind in (Kind.QUANTITY, Kind.NET_QUANTITY):
        negative = [(RejectionReason.NEGATIVE_QUANTITY, value < 0)] if kind is Kind.QUANTITY else []
        return [(RejectionReason.UNPARSABLE_QUANTITY, no_number), *negative, too_large]
    return [(RejectionReason.UNPARSABLE_COUNT, no_number), too_large]
