"""From sales and stock counts to the weekly panel: products x weeks, dense, unknown kept apart from none."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from data.errors import AsOfOutsideDataError
from data.ingest.contracts import Exclusion
from data.ingest.result import CleanHistory
from data.panel import IN_STOCK, Panel
from data.panel.groups import location_and_item
from data.panel.reach import DEFAULT_MAX_MISSING_DAYS, RecordDays, TableReach, check_reach, record_days
from data.panel.sparse_counts import CountDensity, density_of
from data.panel.weekly_sales import SALES_FIELDS, codes, days_from, first_weeks, weekly_sales
from data.panel.weekly_stock import DailyUnits, weekly_stock
from data.weeks import DateArray, calendar, monday_of
from feature_service.kernel.arrays import FloatArray, IntArray

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
    """

    weeks: DateArray
    first_sale: int
    known_weeks: int
    has_counts: bool
    has_flags: bool
    density: CountDensity | None
    records_until: dt.date

    @property
    def sunday(self) -> dt.date:
        """The last day that is known."""
        monday: dt.date = self.weeks[-1].item()
        return monday + dt.timedelta(days=_DAYS - 1)


def build_panel(
    history: CleanHistory, *, as_of_week: dt.date, max_missing_days: int = DEFAULT_MAX_MISSING_DAYS
) -> Panel:
    """The panel as it was known at the end of one week; later sales and counts are ignored.

    The calendar runs from the week of the first record of all to ``as_of_week``. A product is known from its launch,
    which is its first sale or the first count above 0. From then on a week without sales is 0, before it is NaN, and so
    are weeks after the last record of all sales.

    Args:
        history: Clean sales, counts and products.
        as_of_week: Monday of the last week; see ``data.weeks.last_complete_week``.
        max_missing_days: Days at the week's end that a table may lack; see :mod:`data.panel.reach`.
    Raises:
        AsOfOutsideDataError: If the history begins after that week, or a table ends before it.
        ValueError: If ``as_of_week`` is no Monday.
    """
    records = record_days(history)
    reaches = reaches_up_to(records, as_of_week, max_missing_days)
    density = density_of(history, as_of_week + dt.timedelta(days=_DAYS - 1))
    panel = build_products(history, frame_of(records, reaches, as_of_week, density))
    return replace(panel, groups=location_and_item(panel.product_ids))


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


def build_products(history: CleanHistory, frame: PanelFrame) -> Panel:
    """The rows of some products, without what they share.

    Args:
        history: All that is known of these products.
        frame: Of the panel of all products.
    """
    sales = history.sales.filter(pl.col("sold_on") <= frame.sunday)
    counts = history.counts.filter(pl.col("counted_on") <= frame.sunday)
    in_stock = counts.filter(pl.col("units_on_hand") > 0)
    ids = pl.concat([sales["product_id"], in_stock["product_id"]]).unique().sort()
    of_ids = counts.filter(pl.col("product_id").is_in(ids.implode()))
    fields = _fields(ids, frame, sales, of_ids, history.availability)
    for name in SALES_FIELDS:  # weeks after the last record of all sales are unknown, not empty
        fields[name][:, frame.known_weeks :] = np.nan
    of_known = history.products.join(ids.to_frame(), on="product_id", how="semi")  # sorted by id, as ids are
    return Panel(
        product_ids=tuple(ids.to_list()),
        weeks=frame.weeks,
        fields=fields,
        categories=tuple(of_known["category"].to_list()),
        excluded=_excluded(history.products, ids),
        lead_time_days=_lead_times(of_known),
        records_until=frame.records_until,
    )


def _fields(
    ids: pl.Series, frame: PanelFrame, sales: pl.DataFrame, counts: pl.DataFrame, availability: pl.DataFrame
) -> dict[str, FloatArray]:
    weeks = frame.weeks
    products, length = len(ids), len(weeks)
    product, day = codes(ids, sales["product_id"]), days_from(weeks[0], sales["sold_on"])
    first_sale = first_weeks(product, day // _DAYS, products, length)
    counted, counted_on = codes(ids, counts["product_id"]), days_from(weeks[0], counts["counted_on"])
    units = counts["units_on_hand"].to_numpy().astype(np.float32)
    first_stock = first_weeks(counted[units > 0], counted_on[units > 0] // _DAYS, products, length)
    # before the first sale of all products it is not known what was sold, whatever was counted
    launch = np.maximum(np.minimum(first_sale, first_stock), frame.first_sale)
    fields = weekly_sales(sales, product, day, launch, length)
    if frame.has_counts:
        sold = DailyUnits(product, day, sales["units"].to_numpy().astype(np.float32))
        found = DailyUnits(counted, counted_on, units)
        fields |= weekly_stock(found, products=products, weeks=length, density=frame.density, sold=sold)
    if frame.has_flags:
        fields[IN_STOCK] = _in_stock(ids, weeks, availability, first_sale)
    return fields


def _in_stock(ids: pl.Series, weeks: DateArray, availability: pl.DataFrame, first_sale: IntArray) -> FloatArray:
    """1 or 0, NaN without a flag; "out of stock" before the first sale means "not listed yet", so it is unknown."""
    known = availability.filter(pl.col("product_id").is_in(ids.implode()) & (pl.col("week") <= weeks[-1].item()))
    product, week = codes(ids, known["product_id"]), days_from(weeks[0], known["week"]) // _DAYS
    flags = np.full((len(ids), len(weeks)), np.nan, dtype=np.float32)
    flags[product, week] = known["in_stock"].to_numpy()
    not_listed = (flags == 0) & (np.arange(len(weeks)) < first_sale[:, None])
    return np.where(not_listed, np.float32(np.nan), flags)


def _lead_times(products: pl.DataFrame) -> tuple[int | None, ...]:
    days = products["lead_time_days"]
    return tuple(days.to_list()) if days.count() else ()


def _excluded(products: pl.DataFrame, ids: pl.Series) -> dict[str, str]:
    """The reason of every product without a row; one that has sales, but none yet, is not launched."""
    others = products.join(pl.DataFrame({"product_id": ids}), on="product_id", how="anti", maintain_order="left")
    reasons = others.select("product_id", pl.col("exclusion").fill_null(Exclusion.NOT_LAUNCHED.value))
    return dict(reasons.iter_rows())


def _check_first_week(first_day: dt.date, as_of_week: dt.date) -> None:
    first_week = monday_of(first_day)
    if as_of_week < first_week:
        usable = first_week + dt.timedelta(days=_DAYS - 1)
        raise AsOfOutsideDataError(
            f"the first record is of {first_day}, after the week that is asked for: "
            f"the earliest usable --as-of is {usable}",
            usable,
        )
