"""What a snapshot knows of one product week by week, and the demand of the weeks to come that its figures rest on."""

import datetime as dt
from dataclasses import dataclass

import numpy as np

from data.panel import COUNT_AGE_DAYS, IN_STOCK, OLDEST_COUNT_DAYS, PRICE_MEAN, UNITS_ON_HAND, UNITS_SOLD, Panel
from data.weeks import DateArray
from feature_service.kernel import Demand
from feature_service.kernel.arrays import BoolArray, DoubleArray, FloatArray
from feature_service.kernel.deliveries import PurchaseOrders, on_the_way
from feature_service.kernel.fields import MIN_ON_HAND, RECEIPTS
from feature_service.kernel.negative_binomial import quantile
from feature_service.server.scoring.assessor import Assessor

LOW, HIGH = 0.1, 0.9
"""What demand does not exceed with these probabilities are the ends of its band."""


@dataclass(frozen=True)
class ProductWeeks:
    """The last weeks of one product, shape ``(weeks,)`` each, oldest first; NaN where not known.

    Attributes:
        first_week: Monday of the first one.
        units_sold: In the week.
        mean_price: Of a unit; NaN too where none was sold.
        units_on_hand: At its end; a count below 0 is a stock of none.
        count_age_days: From the count that they rest on to the week's Sunday.
        in_stock: The week's flag, 0 or 1.
        out_of_stock: 1 where it was out of stock on any day, 0 where it was not.
        units_received: By the orders that were received, where the data tells of orders; else by rises of the counts.
    """

    first_week: dt.date
    units_sold: FloatArray
    mean_price: FloatArray
    units_on_hand: FloatArray
    count_age_days: FloatArray
    in_stock: FloatArray
    out_of_stock: FloatArray
    units_received: FloatArray


@dataclass(frozen=True)
class DemandBand:
    """Mean, and what is not exceeded with the probabilities ``LOW`` and ``HIGH``; in units, shape ``(weeks,)`` each."""

    mean: DoubleArray
    low: DoubleArray
    high: DoubleArray


@dataclass(frozen=True)
class ProductForecast:
    """The weeks after the newest one: demand of each, and of all up to its end. Of an unknown product, of none."""

    weekly: DemandBand
    until: DemandBand


def product_weeks(panel: Panel, row: int, weeks: int) -> ProductWeeks:
    """The last ``weeks`` weeks of a product, fewer where the panel holds fewer."""
    shown = slice(max(0, len(panel.weeks) - weeks), None)
    unknown = np.full(len(panel.weeks[shown]), np.nan, dtype=np.float32)

    def field(name: str) -> FloatArray:
        return panel.fields[name][row, shown] if name in panel.fields else unknown

    price, stock = field(PRICE_MEAN), field(UNITS_ON_HAND)
    first_week: dt.date = panel.weeks[shown][0].item()
    return ProductWeeks(
        first_week=first_week,
        units_sold=field(UNITS_SOLD),
        mean_price=np.where(price > 0, price, np.float32(np.nan)),
        units_on_hand=np.maximum(stock, 0),
        count_age_days=np.where(np.isnan(stock), np.float32(np.nan), field(COUNT_AGE_DAYS)),
        in_stock=field(IN_STOCK),
        out_of_stock=_out_of_stock(field(IN_STOCK), field(MIN_ON_HAND), stock, field(COUNT_AGE_DAYS)),
        units_received=field(RECEIPTS) if panel.purchase_orders is None else _received(panel, row)[shown],
    )


@dataclass(frozen=True)
class OrdersOnTheirWay:
    """Of one product, by the day on which they are expected, shape ``(orders,)`` each; days of the calendar."""

    ordered_on: DateArray
    promised_on: DateArray
    expected_on: DateArray
    units: FloatArray


def orders_on_their_way(panel: Panel, row: int) -> OrdersOnTheirWay:
    """What had not come by the end of the newest week; none where the data tells of no orders."""
    orders = (panel.purchase_orders or PurchaseOrders.none(len(panel.product_ids))).of(slice(row, row + 1))
    order, expected = on_the_way(orders, len(panel.weeks) - 1)
    expected = np.maximum(expected, 7 * len(panel.weeks))  # one that is overdue may come on the next day
    by_day = np.argsort(expected, kind="stable")
    order, expected = order[by_day], expected[by_day]
    first = panel.weeks[0]
    return OrdersOnTheirWay(
        first + orders.ordered_day[order], first + orders.expected_day[order], first + expected, orders.units[order]
    )


def _received(panel: Panel, row: int) -> FloatArray:
    orders = (panel.purchase_orders or PurchaseOrders.none(len(panel.product_ids))).of(slice(row, row + 1))
    came = (orders.received_day >= 0) & (orders.received_day < 7 * len(panel.weeks))
    week = orders.received_day[came] // 7
    return np.bincount(week, orders.received_units[came], len(panel.weeks)).astype(np.float32)


def product_forecast(assessor: Assessor, row: int, weeks: int) -> ProductForecast:
    """Of the next ``weeks`` weeks, by the demand that the product's figures are made from."""
    demand = assessor.planner.newest_demand(slice(row, row + 1))
    ahead = np.arange(1, weeks + 1, dtype=np.float64) if np.isfinite(demand.mean[0]) else np.empty(0)
    return ProductForecast(_band(demand, np.ones(len(ahead))), _band(demand, ahead))


def _out_of_stock(flag: FloatArray, least: FloatArray, last: FloatArray, age_days: FloatArray) -> FloatArray:
    """By the week's flag, by its own counts, and by the last one where that is not too old."""
    recent = np.where(age_days <= OLDEST_COUNT_DAYS, last, np.float32(np.nan))
    signs = np.stack([flag, least, recent])
    known: BoolArray = np.isfinite(signs).any(axis=0)
    return np.where(known, (signs <= 0).any(axis=0), np.nan).astype(np.float32)


def _band(demand: Demand, weeks: DoubleArray) -> DemandBand:
    """Of one product over periods of so many weeks."""
    mean, dispersion = demand.mean * weeks, np.repeat(demand.dispersion, len(weeks))
    low, high = (quantile(np.full(len(weeks), each), mean, dispersion) for each in (LOW, HIGH))
    return DemandBand(mean, low, high)
