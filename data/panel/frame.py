"""What all products of a panel share, known before any of them is built: the calendar, and what is known at all."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from data.errors import AsOfOutsideDataError
from data.ingest.contracts import DEFAULT_LEAD_TIME_DAYS
from data.panel.reach import RecordDays, TableReach, check_reach
from data.panel.sparse_counts import CountDensity
from data.weeks import DateArray, calendar, monday_of

_DAYS = 7


@dataclass(frozen=True)
class PanelFrame:
    """What is the same for all products of a panel, so that some of them can be built at a time.

    Attributes:
        weeks: The calendar, Mondays.
        first_sale: Column of the first sale of all; the calendar's length if there is none.
        known_weeks: Columns in which it is known what was sold.
        has_counts: Whether anything was ever counted.
        has_flags: Whether there is any flag.
        density: Of the counts; None if there are none.
        records_until: The day up to which every table has records.
        has_orders: Whether there is any order with a supplier.
        lead_time_days: Of products without one of their own: when their orders are expected that no day is said of.
    """

    weeks: DateArray
    first_sale: int
    known_weeks: int
    has_counts: bool
    has_flags: bool
    density: CountDensity | None
    records_until: dt.date
    has_orders: bool = False
    lead_time_days: int = DEFAULT_LEAD_TIME_DAYS

    @property
    def sunday(self) -> dt.date:
        """The last day that is known."""
        monday: dt.date = self.weeks[-1].item()
        return monday + dt.timedelta(days=_DAYS - 1)


def reaches_up_to(records: RecordDays, as_of_week: dt.date, max_missing_days: int) -> tuple[TableReach, ...]:
    """How far each table reaches, if all reach the week.

    Raises:
        AsOfOutsideDataError: If the records begin after that week, or a table ends before it.
        ValueError: If ``as_of_week`` is no Monday.
    """
    if as_of_week != monday_of(as_of_week):
        raise ValueError(f"a week is named by its Monday, {as_of_week} is none")
    _check_first_week(records.history_from, as_of_week)
    return check_reach(records, as_of_week + dt.timedelta(days=_DAYS - 1), max_missing_days)


def frame_of(
    records: RecordDays, reaches: Sequence[TableReach], as_of_week: dt.date, density: CountDensity | None
) -> PanelFrame:
    """What is the same for all products, from what is known of all records together."""
    weeks = calendar(monday_of(records.history_from), as_of_week)
    # of the sales, or of the counts whose falls are taken as sales
    last_day, first_day = reaches[0].last_day, records.first_sale_on
    first_sale = (first_day - weeks[0].item()).days // _DAYS
    return PanelFrame(
        weeks=weeks,
        first_sale=min(first_sale, len(weeks)),
        known_weeks=(last_day - weeks[0].item()).days // _DAYS + 1,
        has_counts=not records.tables["inventory"].is_empty(),
        has_flags=not records.tables["availability"].is_empty(),
        density=density,
        records_until=min(each.last_day for each in reaches),
    )


def _check_first_week(first_day: dt.date, as_of_week: dt.date) -> None:
    first_week = monday_of(first_day)
    if as_of_week < first_week:
        usable = first_week + dt.timedelta(days=_DAYS - 1)
        raise AsOfOutsideDataError(
            f"the first record is of {first_day}, after the week that is asked for: "
            f"the earliest usable --as-of is {usable}",
            usable,
        )
