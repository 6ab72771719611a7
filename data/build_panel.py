"""From sales to the weekly panel: products x weeks, dense, with what is not known kept apart from what was not sold."""

import datetime as dt

import numpy as np
import polars as pl

from data.contracts import Exclusion
from data.errors import AsOfOutsideDataError
from data.ingested import Ingested
from data.panel import PRICE_MEAN, UNITS_SOLD, Panel
from data.weeks import calendar, monday_of
from feature_service.kernel import FloatArray

WEEKS_PAST_THE_END = 4
"""Weeks without any order that may follow the last one before they count as unknown instead of quiet."""

_DAYS = 7


def build_panel(ingested: Ingested, *, as_of_week: dt.date) -> Panel:
    """The panel as it was known at the end of one week; later sales are not looked at.

    The calendar runs from the week of the first sale of all to ``as_of_week``. A product has zeros in the weeks without
    a sale after its first one and NaN before it.

    Args:
        ingested: Clean sales and products.
        as_of_week: Monday of the last week; see ``data.weeks.last_complete_week``.
    Raises:
        AsOfOutsideDataError: If the history begins after that week, or ends too long before it.
        ValueError: If ``as_of_week`` is no Monday.
    """
    if as_of_week != monday_of(as_of_week):
        raise ValueError(f"a week is named by its Monday, {as_of_week} is none")
    _check_as_of(ingested, as_of_week)
    weeks = calendar(monday_of(ingested.report.first_sale_on), as_of_week)
    known = ingested.sales.filter(pl.col("sold_on") < as_of_week + dt.timedelta(days=_DAYS))
    ids = known["product_id"].unique().sort()
    units, prices = _dense(known, ids, weeks[0].item(), len(weeks))
    return Panel(
        product_ids=tuple(ids.to_list()),
        weeks=weeks,
        fields={UNITS_SOLD: units, PRICE_MEAN: prices},
        categories=_categories(ingested.products, ids),
        excluded=_excluded(ingested.products, ids),
    )


def _dense(sales: pl.DataFrame, ids: pl.Series, first_monday: dt.date, weeks: int) -> tuple[FloatArray, FloatArray]:
    """Units and mean price per unit, each of shape ``(products, weeks)``."""
    product = sales["product_id"].cast(pl.Enum(ids)).to_physical().to_numpy().astype(np.int64)
    week = (sales["sold_on"].to_physical().to_numpy() - _days_since_epoch(first_monday)) // _DAYS
    # Only the cells with a sale are summed up, in float64; the dense matrices are touched once.
    cells, of_sale = np.unique(product * weeks + week, return_inverse=True)
    sold = sales["units"].to_numpy()
    sold_in_cell = np.bincount(of_sale, weights=sold, minlength=len(cells))
    value_in_cell = np.bincount(of_sale, weights=sold * sales["unit_price"].to_numpy(), minlength=len(cells))
    launch = np.full(len(ids), weeks)
    np.minimum.at(launch, cells // weeks, cells % weeks)
    units = np.where(np.arange(weeks) < launch[:, None], np.float32(np.nan), np.float32(0))
    prices = units.copy()
    units.ravel()[cells] = sold_in_cell
    prices.ravel()[cells] = value_in_cell / sold_in_cell
    return units, prices


def _days_since_epoch(day: dt.date) -> int:
    return (day - dt.date(1970, 1, 1)).days


def _categories(products: pl.DataFrame, ids: pl.Series) -> tuple[str, ...]:
    wanted = pl.DataFrame({"product_id": ids})
    return tuple(wanted.join(products, on="product_id", how="left", maintain_order="left")["category"].to_list())


def _excluded(products: pl.DataFrame, ids: pl.Series) -> dict[str, str]:
    """The reason of every product without a row; one that has sales, but none yet, is not launched."""
    others = products.join(pl.DataFrame({"product_id": ids}), on="product_id", how="anti", maintain_order="left")
    reasons = others.select("product_id", pl.col("exclusion").fill_null(Exclusion.NOT_LAUNCHED.value))
    return dict(reasons.iter_rows())


def _check_as_of(ingested: Ingested, as_of_week: dt.date) -> None:
    first_week, last_order_on = monday_of(ingested.report.first_sale_on), ingested.report.last_order_on
    last_week = monday_of(last_order_on) + dt.timedelta(weeks=WEEKS_PAST_THE_END)
    if as_of_week > last_week:
        usable = last_week + dt.timedelta(days=_DAYS - 1)
        raise AsOfOutsideDataError(
            f"the last order is of {last_order_on}, so the weeks up to {as_of_week + dt.timedelta(days=_DAYS - 1)} are "
            f"unknown, not empty: the latest usable --as-of is {usable}",
            usable,
        )
    if as_of_week < first_week:
        usable = first_week + dt.timedelta(days=_DAYS - 1)
        raise AsOfOutsideDataError(
            f"the first sale is of {ingested.report.first_sale_on}, after the week that is asked for: "
            f"the earliest usable --as-of is {usable}",
            usable,
        )
