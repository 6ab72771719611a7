"""Products that are out of stock: since when, and what they lose while they are."""

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from data.panel import DEPLETION, IN_STOCK, MAX_ON_HAND, OUT_SPELL_DAYS, PRICE_MEAN, UNITS_SOLD, Panel
from feature_service.kernel import forecast_demand
from feature_service.kernel.arrays import BoolArray, DoubleArray, FloatArray, RowNumbers
from feature_service.server.scoring.planner import last_price

_DAYS = 7


@dataclass(frozen=True)
class StockOut:
    """One product's; None is not known.

    Attributes:
        since: The first day that it was found out of stock.
        units_lost_per_week: Units that it would sell in a week.
        revenue_lost_per_week: The same in the currency of the data.
    """

    since: dt.date | None
    units_lost_per_week: float | None
    revenue_lost_per_week: float | None


@dataclass(frozen=True)
class StockOuts:
    """Those of some rows of a panel, shape ``(rows,)`` each; NaN where not known.

    Attributes:
        rows: Of the panel, ascending.
        last_day: Of the week that they are of.
        out_days: Days from the first day out of stock to that day.
        units: Lost in a week.
        revenue: Lost in a week.
    """

    rows: RowNumbers
    last_day: dt.date
    out_days: DoubleArray
    units: DoubleArray
    revenue: DoubleArray

    def __getitem__(self, row: int) -> StockOut:
        place = int(np.searchsorted(self.rows, row))
        days, units, revenue = (_known(each[place]) for each in (self.out_days, self.units, self.revenue))
        since = None if days is None else self.last_day - dt.timedelta(days=int(days))
        return StockOut(since, units, revenue)

    def joined(self, newer: "StockOuts") -> "StockOuts":
        """With those of other rows of the same week; of a row that is in both, the newer."""
        kept = ~np.isin(self.rows, newer.rows)
        order = np.argsort(np.concatenate([self.rows[kept], newer.rows]))

        def join(ours: Any, theirs: Any) -> Any:
            return np.concatenate([ours[kept], theirs])[order]

        names = ("rows", "out_days", "units", "revenue")
        return replace(self, **{name: join(getattr(self, name), getattr(newer, name)) for name in names})

    def of(self, which: BoolArray) -> "StockOuts":
        """Those of some of the rows."""
        return StockOuts(self.rows[which], self.last_day, self.out_days[which], self.units[which], self.revenue[which])

    def worst_first(self) -> RowNumbers:
        """The rows by revenue lost, then units lost; what is not known comes last, ties in the order of rows."""
        return self.rows[np.lexsort((-self.units, -self.revenue))]


def stock_outs(panel: Panel, rows: RowNumbers, column: int) -> StockOuts:
    """What is known of products that are out of stock in a week; later weeks are not looked at.

    Weeks in which a shelf was empty all the time say nothing of what its product would have sold. So demand is forecast
    from the others, as it was at the end of the last of them.
    """
    rows = np.unique(rows)
    past = {name: panel.fields[name][rows, : column + 1] for name in _USED if name in panel.fields}
    name = DEPLETION if DEPLETION in past else UNITS_SOLD
    sold = np.where(_empty_weeks(past, past[name].shape), np.float32(np.nan), past[name])
    units = forecast_demand({name: _ending_with_what_is_known(sold)}, column).expected_units()
    last_day = panel.weeks[column].item() + dt.timedelta(days=_DAYS - 1)
    return StockOuts(rows, last_day, _out_days(past, len(rows)), units, units * last_price(past, len(rows)))


_USED = (DEPLETION, UNITS_SOLD, PRICE_MEAN, MAX_ON_HAND, OUT_SPELL_DAYS, IN_STOCK)

Past = dict[str, FloatArray]


def _empty_weeks(past: Past, shape: tuple[int, ...]) -> BoolArray:
    empty = np.zeros(shape, dtype=np.bool_)
    if MAX_ON_HAND in past:
        empty |= past[MAX_ON_HAND] <= 0
    if IN_STOCK in past:
        empty |= past[IN_STOCK] == 0
    return empty


def _ending_with_what_is_known(sold: FloatArray) -> FloatArray:
    """Each row moved to the right over its unknown last weeks, so that these do not let its demand fade."""
    unknown = np.logical_and.accumulate(np.isnan(sold)[:, ::-1], axis=1).sum(axis=1)
    week = np.arange(sold.shape[1]) - unknown[:, None]
    return np.where(week >= 0, np.take_along_axis(sold, np.maximum(week, 0), axis=1), np.float32(np.nan))


def _out_days(past: Past, count: int) -> DoubleArray:
    """By the counts; by the flags of whole weeks where the counts know of none."""
    days = np.full(count, np.nan)
    if IN_STOCK in past:
        in_a_row = np.logical_and.accumulate(past[IN_STOCK][:, ::-1] == 0, axis=1).sum(axis=1)
        days = np.where(in_a_row > 0, in_a_row * _DAYS - 1.0, np.nan)
    if OUT_SPELL_DAYS in past:
        counted = past[OUT_SPELL_DAYS][:, -1].astype(np.float64)
        days = np.where(np.isnan(counted), days, counted)
    return days


def _known(figure: float) -> float | None:
    return None if np.isnan(figure) else float(figure)
