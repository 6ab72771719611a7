"""From sales and stock counts to the weekly panel: products x weeks, dense, unknown kept apart from none."""

import datetime as dt
from collections.abc import Sequence

import numpy as np
import polars as pl

from data.errors import AsOfOutsideDataError
from data.ingest.contracts import Exclusion
from data.ingest.result import CleanHistory
from data.panel import IN_STOCK, Panel
from data.panel.groups import location_and_item
from data.panel.reach import DEFAULT_MAX_MISSING_DAYS, TableReach, check_reach
from data.panel.sparse_counts import CountDensity, density_of
from data.panel.weekly_sales import SALES_FIELDS, codes, days_from, first_weeks, weekly_sales
from data.panel.weekly_stock import DailyUnits, weekly_stock
from data.weeks import DateArray, calendar, monday_of
from feature_service.kernel.arrays import FloatArray, IntArray

_DAYS = 7


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
    if as_of_week != monday_of(as_of_week):
        raise ValueError(f"a week is named by its Monday, {as_of_week} is none")
    _check_first_week(history, as_of_week)
    sunday = as_of_week + dt.timedelta(days=_DAYS - 1)
    reaches = check_reach(history, sunday, max_missing_days)
    weeks = calendar(monday_of(history.report.history_from), as_of_week)
    sales = history.sales.filter(pl.col("sold_on") <= sunday)
    counts = history.counts.filter(pl.col("counted_on") <= sunday)
    in_stock = counts.filter(pl.col("units_on_hand") > 0)
    ids = pl.concat([sales["product_id"], in_stock["product_id"]]).unique().sort()
    of_ids = counts.filter(pl.col("product_id").is_in(ids.implode()))
    fields = _fields(ids, weeks, sales, of_ids, history, density_of(history, sunday))
    _forget_sales_after(_last_sales_day(reaches), fields, weeks)
    of_known = history.products.join(ids.to_frame(), on="product_id", how="semi")  # sorted by id, as ids are
    return Panel(
        product_ids=tuple(ids.to_list()),
        weeks=weeks,
        fields=fields,
        categories=tuple(of_known["category"].to_list()),
        excluded=_excluded(history.products, ids),
        groups=location_and_item(ids.to_list()),
        lead_time_days=_lead_times(of_known),
        records_until=min(each.last_day for each in reaches),
    )


def _fields(
    ids: pl.Series,
    weeks: DateArray,
    sales: pl.DataFrame,
    counts: pl.DataFrame,
    history: CleanHistory,
    density: CountDensity | None,
) -> dict[str, FloatArray]:
    products, length = len(ids), len(weeks)
    product, day = codes(ids, sales["product_id"]), days_from(weeks[0], sales["sold_on"])
    first_sale = first_weeks(product, day // _DAYS, products, length)
    counted, counted_on = codes(ids, counts["product_id"]), days_from(weeks[0], counts["counted_on"])
    units = counts["units_on_hand"].to_numpy().astype(np.float32)
    first_stock = first_weeks(counted[units > 0], counted_on[units > 0] // _DAYS, products, length)
    # before the first sale of all products it is not known what was sold, whatever was counted
    launch = np.maximum(np.minimum(first_sale, first_stock), first_sale.min(initial=length))
    fields = weekly_sales(sales, product, day, launch, length)
    if not history.counts.is_empty():
        sold = DailyUnits(product, day, sales["units"].to_numpy().astype(np.float32))
        found = DailyUnits(counted, counted_on, units)
        fields |= weekly_stock(found, products=products, weeks=length, density=density, sold=sold)
    if not history.availability.is_empty():
        fields[IN_STOCK] = _in_stock(ids, weeks, history.availability, first_sale)
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


def _last_sales_day(reaches: Sequence[TableReach]) -> dt.date:
    """Of the sales, or of the counts whose falls are taken as sales."""
    return next(each.last_day for each in reaches)


def _forget_sales_after(last_day: dt.date, fields: dict[str, FloatArray], weeks: DateArray) -> None:
    """Weeks after the last record of all sales are unknown, not empty."""
    known_weeks = (last_day - weeks[0].item()).days // _DAYS + 1
    for name in SALES_FIELDS:
        fields[name][:, known_weeks:] = np.nan


def _check_first_week(history: CleanHistory, as_of_week: dt.date) -> None:
    first_week = monday_of(history.report.history_from)
    if as_of_week < first_week:
        usable = first_week + dt.timedelta(days=_DAYS - 1)
        raise AsOfOutsideDataError(
            f"the first record is of {history.report.history_from}, after the week that is asked for: "
            f"the earliest usable --as-of is {usable}",
            usable,
        )
