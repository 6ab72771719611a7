"""Checking a file's rows against its contract: each row is either good and converted, or bad for one reason."""

from collections.abc import Collection
from dataclasses import dataclass

import polars as pl

from data.errors import IngestSettingError
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
from data.ingest.ids import WHOLE, without_zero
from data.ingest.read import ROW_NUMBER, RawTable
from feature_service.limits import MAX_ID_BYTES

QUARANTINE = {"source_file": pl.String, "row_number": pl.Int64, "reason": pl.String, "raw": pl.String}

_REASON = "reason in quarantine"
_FLAGS = {"1": True, "true": True, "yes": True, "1.0": True, "0": False, "false": False, "no": False, "0.0": False}
_UNREADABLE = "\N{REPLACEMENT CHARACTER}"
_CONTROL = r"\p{Cc}"


@dataclass(frozen=True)
class CheckedTable:
    """The rows of a file, divided into good and bad.

    Attributes:
        raw: As read.
        good: The contract's columns, typed, and the row's number; times are dates and times on the seller's clock.
        bad: Row number and reason (column ``reason``), and the contract's columns as far as they could be read.
        ids_from_decimals: Rows with an id that was read without its ``.0``.
    """

    raw: RawTable
    good: pl.DataFrame
    bad: pl.DataFrame
    ids_from_decimals: int = 0

    def refuse(self, refused: pl.DataFrame) -> "CheckedTable":
        """Move good rows to the bad ones; ``refused`` holds their ``reason`` and the columns of ``good``."""
        good = self.good.join(refused, on=ROW_NUMBER, how="anti", maintain_order="left")
        bad = pl.concat([self.bad, refused.select(self.bad.columns)])
        return CheckedTable(self.raw, good, bad, self.ids_from_decimals)

    def quarantine(self) -> pl.DataFrame:
        """The bad rows as the quarantine file holds them, in the order of the input; columns as in ``QUARANTINE``."""
        raw_rows = self.raw.rows.join(self.bad.select(ROW_NUMBER), on=ROW_NUMBER, how="semi")
        named = raw_rows.select(ROW_NUMBER, raw=pl.struct(pl.exclude(ROW_NUMBER)).struct.json_encode())
        texts = pl.concat([named, self.raw.malformed])
        return (
            self.bad.select(ROW_NUMBER, "reason")
            .join(texts, on=ROW_NUMBER, how="left")
            .sort(ROW_NUMBER)
            .select(
                pl.lit(self.raw.path.name).alias("source_file"), pl.col(ROW_NUMBER).alias("row_number"), "reason", "raw"
            )
        )


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
    """
    texts = raw.rows.select(ROW_NUMBER, *(_text(column, raw.rows) for column in table.columns))
    decimals = [pl.col(column.name) for column in table.columns if column.name in whole]
    changed = texts.select(pl.any_horizontal(pl.lit(value=False), *(each.str.contains(WHOLE) for each in decimals)))
    texts = texts.with_columns(without_zero(each) for each in decimals)
    typed = texts.select(ROW_NUMBER, *(_convert(column, texts, time_zone) for column in table.columns))
    reasons = pl.Series(_REASON, texts.select(_first_reason(table, typed)).to_series())
    typed = typed.with_columns(reasons)
    passed = typed.filter(pl.col(_REASON).is_null())
    kept = passed.filter(_is_kept(table))
    bad = pl.concat(
        [
            typed.filter(pl.col(_REASON).is_not_null()),
            passed.filter(~_is_kept(table)).with_columns(pl.lit(table.duplicate, dtype=pl.String).alias(_REASON)),
            raw.malformed.select(ROW_NUMBER, pl.lit(RejectionReason.MALFORMED_ROW.value).alias(_REASON)),
        ],
        how="diagonal",
    ).rename({_REASON: "reason"})
    return CheckedTable(raw, kept.drop(_REASON), bad, int(changed.to_series().sum()))


def local_times(texts: pl.Series, time_zone: str) -> pl.Series:
    """Date and time on the seller's clock, without a zone.

    A time without an offset is that clock's reading and is taken as it stands, so an hour that a daylight-saving switch
    skips or repeats is never lost. ``2018-02-18 00:30:00``, a ``T`` in the middle, parts of seconds, no seconds, a date
    alone and an offset (``Z``, ``-03:00``) are understood.

    Returns:
        Datetimes, null where the text is no time.
    Raises:
        IngestSettingError: If there is no such time zone.
    """
    plain = texts.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_unit="us")
    if plain.null_count() == texts.null_count():
        return plain
    others = texts.str.replace("T", " ", literal=True).str.replace("Z$", "+00:00")
    attempts = [
        others.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", strict=False, time_unit="us"),
        others.str.to_datetime("%Y-%m-%d %H:%M", strict=False, time_unit="us"),
        others.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("us")),
    ]
    for form in ("%Y-%m-%d %H:%M:%S%.f%z", "%Y-%m-%d %H:%M%z"):
        instants = others.str.to_datetime(form, strict=False, time_unit="us", time_zone="UTC")
        attempts.append(instants.dt.convert_time_zone(time_zone).dt.replace_time_zone(None))
    return pl.select(pl.coalesce(plain, *attempts)).to_series()


def check_time_zone(name: str) -> None:
    """Refuse a time zone that does not exist.

    Raises:
        IngestSettingError: If there is no such time zone.
    """
    try:
        pl.Series([EARLIEST]).dt.replace_time_zone("UTC").dt.convert_time_zone(name)
    except pl.exceptions.PolarsError as error:
        raise IngestSettingError(f"unknown time zone {name!r}: name one like America/Sao_Paulo") from error


def _is_kept(table: Table) -> pl.Expr:
    if not table.key:
        return pl.lit(value=True)
    key = pl.struct(table.key)
    return key.is_first_distinct() if table.keep == "first" else key.is_last_distinct()


def _text(column: Column, rows: pl.DataFrame) -> pl.Expr:
    """The column as the file has it, under our name; nothing where it is not there."""
    there = pl.col(column.header) if column.header in rows.columns else pl.lit(None, dtype=pl.String)
    return there.alias(column.name)


def _convert(column: Column, texts: pl.DataFrame, time_zone: str) -> pl.Expr | pl.Series:
    text = pl.col(column.name)
    match column.kind:
        case Kind.TIME:
            return local_times(texts[column.name], time_zone).alias(column.name)
        case Kind.DAY:
            return local_times(texts[column.name], time_zone).dt.date().alias(column.name)
        case Kind.WEEK:
            return local_times(texts[column.name], time_zone).dt.date().dt.truncate("1w").alias(column.name)
        case Kind.PRICE | Kind.QUANTITY | Kind.COUNT | Kind.LEAD_TIME:
            return text.cast(pl.Float64, strict=False)
        case Kind.FLAG:
            return text.str.to_lowercase().replace_strict(_FLAGS, default=None, return_dtype=pl.Boolean)
        case _:
            return text


def _first_reason(table: Table, typed: pl.DataFrame) -> pl.Expr:
    """The first rule that a row breaks, in the order of ``RejectionReason``; null where it breaks none."""
    broken = [
        (reason, breaks & _has_value(column) if column.optional else breaks)
        for column in table.columns
        for reason, breaks in _rules(column, typed)
    ]
    broken.sort(key=lambda rule: list(RejectionReason).index(rule[0]))
    return pl.coalesce(*(pl.when(breaks).then(pl.lit(reason.value)) for reason, breaks in broken))


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
    too_large = (RejectionReason.NUMBER_OUT_OF_RANGE, value.abs() > LARGEST_NUMBER)
    if kind is Kind.QUANTITY:
        return [
            (RejectionReason.UNPARSABLE_QUANTITY, no_number),
            (RejectionReason.NEGATIVE_QUANTITY, value < 0),
            too_large,
        ]
    return [(RejectionReason.UNPARSABLE_COUNT, no_number), too_large]
