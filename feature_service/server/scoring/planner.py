"""What a planner decides with: demand, cover, dates, lost units and revenue, from stock and the demand forecast."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from data.panel import COUNT_AGE_DAYS, PRICE_MEAN, UNITS_ON_HAND, Panel
from feature_service.kernel import Demand, FloatArray, forecast_demand
from feature_service.kernel.arrays import DoubleArray, Rows
from feature_service.kernel.block import Fields
from feature_service.server.scoring.newer_stock import NewerStock
from feature_service.server.scoring.run_out import (
    DAYS_PER_WEEK,
    EARLIEST,
    LATEST,
    MEDIAN,
    REVIEW_DAYS,
    days_until,
    until_relief,
)

FARTHEST_DAYS = 365
"""A stock that lasts longer has no date: no forecast reaches that far."""

_ROWS_AT_A_TIME = 8_192


@dataclass(frozen=True)
class Figures:
    """Shape ``(rows,)`` each, as ``StockoutRisk`` in the protos defines them; NaN where not known.

    Days count from the as_of week's last day: those to a count of the snapshot's are 0 or less.
    """

    units_on_hand: DoubleArray
    expected_demand_units: DoubleArray
    expected_units_lost: DoubleArray
    revenue_at_risk: DoubleArray
    weeks_of_cover: DoubleArray
    stockout_in_days: DoubleArray
    reorder_in_days: DoubleArray
    counted_in_days: DoubleArray
    relief_in_days: DoubleArray
    relief_probability: DoubleArray
    earliest_in_days: DoubleArray
    median_in_days: DoubleArray
    latest_in_days: DoubleArray
    units_lost_before_relief: DoubleArray
    revenue_at_risk_before_relief: DoubleArray

    @classmethod
    def joined(cls, parts: Sequence["Figures"]) -> "Figures":
        """Of all blocks; there may be none."""
        names = [field.name for field in fields(cls)]
        return cls(*(np.concatenate([np.empty(0), *(getattr(part, name) for part in parts)]) for name in names))

    def of(self, rows: Rows) -> "Figures":
        """Those of some rows."""
        return Figures(*(getattr(self, field.name)[rows] for field in fields(self)))


class Planner:
    """The figures of one panel's products.

    Args:
        panel: Out of a snapshot, so that every product has a lead time.
        horizon_weeks: Weeks that demand and losses are summed over.
    """

    def __init__(self, panel: Panel, horizon_weeks: int) -> None:
        self._panel, self._horizon_weeks = panel, horizon_weeks
        self._newest = len(panel.weeks) - 1
        self._demand, self._price = _newest_demand_and_price(panel)
        self._lead_time_days = np.array(panel.lead_time_days, dtype=np.float64)

    def figures(self, rows: Rows, column: int, run_out: FloatArray, newer_stock: NewerStock | None = None) -> Figures:
        """As of the week of ``column``; later weeks are not looked at.

        Args:
            rows: The products.
            column: The week.
            run_out: The probability to be out by the end of each week ahead, shape ``(rows, weeks)``.
            newer_stock: A stock and a lead time that are newer than the snapshot's, where there are any.
        """
        demand, price = self._demand_and_price(rows, column)
        stock = self._stock(rows, column, len(price))
        counted_in_days = np.where(np.isnan(stock), np.nan, -self._count_age(rows, column, len(price)))
        lead_time_days = self._lead_time_days[rows]
        if newer_stock is not None:
            newer = np.nan if newer_stock.counted_in_days is None else newer_stock.counted_in_days
            counted_in_days = np.where(np.isnan(newer_stock.units_on_hand), counted_in_days, newer)
            stock = _first_known(newer_stock.units_on_hand, stock)
            lead_time_days = _first_known(newer_stock.lead_time_days, lead_time_days)
        expected = demand.expected_units(self._horizon_weeks)
        lost = np.where(np.isnan(stock), np.nan, demand.expected_units_lost(stock, self._horizon_weeks))
        # the day on which the last unit goes; rounded, so that a stock of whole days is not used up a day later
        days = np.ceil(np.round(demand.days_until_out(stock), 9))
        days = np.where(days <= FARTHEST_DAYS, days, np.nan)
        relief_in_days = np.where(np.isnan(run_out).all(axis=1), np.nan, lead_time_days + REVIEW_DAYS)
        relief = until_relief(run_out, relief_in_days)
        lost_before_relief = relief.days_out * demand.expected_units() / DAYS_PER_WEEK
        return Figures(
            units_on_hand=stock,
            expected_demand_units=expected,
            expected_units_lost=lost,
            revenue_at_risk=lost * price,
            weeks_of_cover=demand.weeks_of_cover(stock),
            stockout_in_days=days,
            reorder_in_days=days - lead_time_days,
            counted_in_days=counted_in_days,
            relief_in_days=relief_in_days,
            relief_probability=relief.probability,
            earliest_in_days=days_until(run_out, EARLIEST),
            median_in_days=days_until(run_out, MEDIAN),
            latest_in_days=days_until(run_out, LATEST),
            units_lost_before_relief=lost_before_relief,
            revenue_at_risk_before_relief=lost_before_relief * price,
        )

    def _demand_and_price(self, rows: Rows, column: int) -> tuple[Demand, DoubleArray]:
        if column == self._newest:
            return self._demand.of(rows), self._price[rows]
        past = {name: matrix[rows, : column + 1] for name, matrix in self._panel.fields.items()}
        demand = forecast_demand(past, column)
        return demand, last_price(past, len(demand.mean))

    def _stock(self, rows: Rows, column: int, count: int) -> DoubleArray:
        """A count below 0 is a stock of none."""
        counts = self._panel.fields.get(UNITS_ON_HAND)
        return np.full(count, np.nan) if counts is None else np.maximum(counts[rows, column].astype(np.float64), 0.0)

    def _count_age(self, rows: Rows, column: int, count: int) -> DoubleArray:
        ages = self._panel.fields.get(COUNT_AGE_DAYS)
        return np.full(count, np.nan) if ages is None else ages[rows, column].astype(np.float64)


def _newest_demand_and_price(panel: Panel) -> tuple[Demand, DoubleArray]:
    """Of all products: some at a time, which a core's cache holds while it goes through their weeks."""
    products, newest = len(panel.product_ids), len(panel.weeks) - 1
    demands, prices = [], []
    for first in range(0, max(products, 1), _ROWS_AT_A_TIME):
        some = {name: matrix[first : first + _ROWS_AT_A_TIME] for name, matrix in panel.fields.items()}
        demands.append(forecast_demand(some, newest))
        prices.append(last_price(some, len(demands[-1].mean)))
        panel.release()
    mean, dispersion = (np.concatenate(each) for each in zip(*((d.mean, d.dispersion) for d in demands), strict=True))
    return Demand(mean, dispersion), np.concatenate(prices)


def _first_known(figure: DoubleArray, otherwise: DoubleArray) -> DoubleArray:
    return np.where(np.isnan(figure), otherwise, figure)


def last_price(fields: Fields, rows: int) -> DoubleArray:
    """Of the last week that had one: a week without sales has a price of 0, an unknown one NaN."""
    prices = fields.get(PRICE_MEAN)
    if prices is None:
        return np.full(rows, np.nan)
    had_one = prices > 0
    last = prices.shape[1] - 1 - np.argmax(had_one[:, ::-1], axis=1)
    price: DoubleArray = np.where(had_one.any(axis=1), prices[np.arange(rows), last], np.nan).astype(np.float64)
    return price
