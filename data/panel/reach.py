"""How far each table of a history reaches: up to which day its records tell what happened.

A table is looked at as a whole, since most products sell on few days. After its last record it is taken to be known for
as long as it usually pauses between two days with records: over a closed Sunday, and over a week where it is weekly.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from data.errors import AsOfOutsideDataError
from data.ingest.result import DAYS_OF, CleanHistory, IngestReport, as_day, rows_by_day
from data.weeks import last_complete_week

DEFAULT_MAX_MISSING_DAYS = 1
"""A holiday at the week's end; two days are a weekend of sales."""

MOST_MISSING_DAYS = 27

_DAY = dt.timedelta(days=1)
_WEEK_DAYS = 7
_RECENT_DAYS = 182
_FEWEST_DAYS = 8
_USUAL_SHARE = 0.9


@dataclass(frozen=True)
class TableReach:
    """The records of one table up to some day.

    Attributes:
        table: E.g. ``sales``.
        first_day: Of its records.
        last_day: Of its records.
        known_until: The last day plus the usual pause between two days with records, less a day.
        missing_days: From there to the day that is asked for; 0 where that is not later.
    """

    table: str
    first_day: dt.date
    last_day: dt.date
    known_until: dt.date
    missing_days: int


@dataclass(frozen=True)
class RecordDays:
    """How many records each table of a history has of each day.

    Attributes:
        tables: By table, the one with the sales first: ``day`` and ``rows`` of the days with records, sorted. Of flags
            every day that has one counts once.
        history_from: The first day of which anything is known.
        first_sale_on: The day of the first sale.
    """

    tables: Mapping[str, pl.DataFrame]
    history_from: dt.date
    first_sale_on: dt.date


def record_days(history: CleanHistory) -> RecordDays:
    """The days of a history's records."""
    days = {name: rows_by_day(getattr(history, name)[day]) for name, day in DAYS_OF.items()}
    return record_days_of(days, history.report)


def record_days_of(days: Mapping[str, pl.DataFrame], report: IngestReport) -> RecordDays:
    """The same from the days of the records of ``DAYS_OF``, as ``rows_by_day`` counts them."""
    sold, until = days["sales"], report.sales_until
    if until is not None and until > as_day(sold["day"].max()):  # by rows of 0 units, which are no sales
        sold = pl.concat([sold, pl.DataFrame({"day": [until], "rows": [1]}, schema=sold.schema)])
    flagged = days["availability"]["day"]
    # a flag is of every day of its week
    of_flags = pl.concat(flagged.dt.offset_by(f"{day}d") for day in range(_WEEK_DAYS))
    tables = {
        "orders" if report.source == "olist" else "sales": sold,
        "inventory": days["counts"],
        "availability": rows_by_day(of_flags),
    }
    if report.sales_are_depletion:
        del tables["sales"]
    return RecordDays(tables, report.history_from, report.first_sale_on)


def reaches_of(records: RecordDays, end: dt.date) -> tuple[TableReach, ...]:
    """How far each table reaches up to a day; later records are not looked at, and a table without one is left out."""
    found = ((table, days["day"].filter(days["day"] <= end)) for table, days in records.tables.items())
    return tuple(_reach(table, known.to_list(), end) for table, known in found if len(known))


def check_reach(records: RecordDays, end: dt.date, max_missing_days: int) -> tuple[TableReach, ...]:
    """How far each table reaches, if all reach a week: days after their last record are unknown, not empty.

    Args:
        records: At least one of them up to ``end``.
        end: Sunday of the ``as_of`` week.
        max_missing_days: Days that may lack at its end.
    Raises:
        AsOfOutsideDataError: If more days lack of a table; it names the one of which most lack.
    """
    reaches = reaches_of(records, end)
    worst = max(reaches, key=lambda each: each.missing_days)
    if worst.missing_days <= max_missing_days:
        return reaches
    usable = _usable(records, reaches, max_missing_days)
    otherwise = f"ask for --as-of {usable}, " if usable else ""
    raise AsOfOutsideDataError(
        f"the last record of {worst.table} up to {end}, the end of the as_of week, is of {worst.last_day}, so that "
        f"{worst.missing_days} days are unknown, not empty: export {worst.table} anew, {otherwise}"
        f"or allow --max-missing-days {worst.missing_days} ({MOST_MISSING_DAYS} at most)",
        usable or worst.last_day,
    )


def latest_week(records: RecordDays, today: dt.date, max_missing_days: int) -> dt.date:
    """The Monday of the last complete week that every table reaches; records of days after today are not looked at.

    Raises:
        AsOfOutsideDataError: If there is no such week.
    """
    usable = _usable(records, reaches_of(records, today), max_missing_days)
    if usable is None:
        first = records.history_from
        raise AsOfOutsideDataError(
            f"no week since {first} is complete in every table: load or export later days", first
        )
    return last_complete_week(min(usable, today))


def tables_behind(records: RecordDays, today: dt.date, max_missing_days: int) -> tuple[TableReach, TableReach] | None:
    """The table that reaches least far and the one that reaches farthest, where a whole week lies between them.

    That week waits for the former, however often the latter comes.
    """
    reaches = sorted(reaches_of(records, today), key=lambda each: each.known_until)
    if not reaches:
        return None
    least, farthest = reaches[0], reaches[-1]
    weeks = [last_complete_week(min(each.known_until + max_missing_days * _DAY, today)) for each in (least, farthest)]
    return (least, farthest) if weeks[0] < weeks[1] else None


def _usable(records: RecordDays, reaches: Sequence[TableReach], max_missing_days: int) -> dt.date | None:
    """The latest Sunday before that every table reaches; None if there is none."""
    while reaches:
        known_until = min(each.known_until for each in reaches)
        sunday = last_complete_week(known_until + max_missing_days * _DAY) + (_WEEK_DAYS - 1) * _DAY
        reaches = reaches_of(records, sunday)
        if reaches and max(each.missing_days for each in reaches) <= max_missing_days:
            return sunday
    return None


def _reach(table: str, days: list[dt.date], end: dt.date) -> TableReach:
    last = days[-1]
    known_until = last + (_usual_pause(days) - 1) * _DAY
    return TableReach(table, days[0], last, known_until, max(0, (end - known_until).days))


def _usual_pause(days: list[dt.date]) -> int:
    """Days from one day with records to the next, as 9 of 10 pauses of the last half year are not longer; 7 if few."""
    recent = np.array([day.toordinal() for day in days if (days[-1] - day).days < _RECENT_DAYS])
    if len(recent) < _FEWEST_DAYS:
        return _WEEK_DAYS
    return int(np.quantile(np.diff(recent), _USUAL_SHARE, method="higher"))
