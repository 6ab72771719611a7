"""What a planner decides with: demand, cover, dates, losses and orders, from stock and the demand forecasts."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from data.panel import COUNT_AGE_DAYS, PRICE_MEAN, UNITS_ON_HAND, Panel
from feature_service.kernel import Demand, FloatArray, forecast_demand, forecast_wanted
from feature_service.kernel.arrays import BoolArray, DoubleArray, IntArray, RowNumbers, Rows
from feature_service.kernel.block import Fields
from feature_service.kernel.deliveries import Incoming
from feature_service.kernel.netting import days_until_out, netted, out_probability
from feature_service.kernel.ordering import DAYS_PER_WEEK, REVIEW_DAYS
from feature_service.kernel.run_out import EARLIEST, LATEST, MEDIAN, days_until, until_relief
from feature_service.kernel.season import Market
from feature_service.server.scoring.newer_stock import NewerStock, Stated
from feature_service.server.scoring.next_delivery import NextDeliveries, expedite_in_days, inferred_deliveries
from feature_service.server.scoring.order_planner import OrderPlanner

FARTHEST_DAYS = 365
"""A stock that lasts longer has no date: no forecast reaches that far."""

_ROWS_AT_A_TIME = 8_192


@dataclass(frozen=True)
class Figures:
    """Shape ``(rows,)`` each, as ``StockoutRisk`` in the protos defines them; NaN where not known.

    Days count from the as_of week's last day: those to a count of the snapshot's are 0 or less; only ``order_days`` are
    those that an order covers. What begins with ``order`` is the message ``SuggestedOrder``; ``on_order_units`` is NaN
    where the next delivery is inferred.
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
    delivery_in_days: DoubleArray
    delivery_units: DoubleArray
    delivery_overdue_days: DoubleArray
    on_order_units: DoubleArray
    expedite_in_days: DoubleArray
    order_units: DoubleArray
    order_up_to_units: DoubleArray
    order_left_units: DoubleArray
    order_demand_units: DoubleArray
    order_days: DoubleArray
    order_service_level: DoubleArray
    order_units_at_risk: DoubleArray
    order_value_at_risk: DoubleArray

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
        market: What all products wanted; by default those of the panel are all.
    """

    def __init__(self, panel: Panel, horizon_weeks: int, market: Market | None = None) -> None:
        self._panel, self._horizon_weeks = panel, horizon_weeks
        self._newest = len(panel.weeks) - 1
        newest = _newest_week(panel)
        self._demand, self._price, self._inferred = newest.demand, newest.price, newest.inferred
        self.ordering = OrderPlanner(panel, market or newest.market, newest.wanted)
        self._lead_time_days = np.array(panel.lead_time_days, dtype=np.float64)
        self._incoming = self._seen(slice(None), self._newest)

    def figures(self, rows: Rows, column: int, run_out: FloatArray, newer_stock: NewerStock | None = None) -> Figures:
        """As of the week of ``column``; later weeks are not looked at.

        Args:
            rows: The products.
            column: The week.
            run_out: The probability to be out by the end of each week ahead, shape ``(rows, weeks)``.
            newer_stock: A stock and a lead time that are newer than the snapshot's, where there are any.
        """
        demand, price = self._demand_and_price(rows, column)
        incoming = self._incoming.of(rows) if column == self._newest else self._seen(rows, column)
        factor = None
        stock = self._stock(rows, column, len(price))
        counted_in_days = np.where(np.isnan(stock), np.nan, -self._count_age(rows, column, len(price)))
        lead_time_days = self._lead_time_days[rows]
        if newer_stock is not None:
            newer = np.nan if newer_stock.counted_in_days is None else newer_stock.counted_in_days
            counted_in_days = np.where(np.isnan(newer_stock.units_on_hand), counted_in_days, newer)
            stock = _first_known(newer_stock.units_on_hand, stock)
            lead_time_days = _first_known(newer_stock.lead_time_days, lead_time_days)
            incoming = newer_stock.incoming(incoming)
            if newer_stock.stated is not None:
                price, factor = _first_known(newer_stock.stated.unit_price, price), newer_stock.stated.demand_factor
                demand = demand.times(factor)
        expected = demand.expected_units(self._horizon_weeks)
        horizon = Demand(expected, demand.dispersion)
        lost = netted(horizon, self._horizon_weeks * DAYS_PER_WEEK, stock, incoming).lost_units
        # the day on which the last unit goes; rounded, so that a stock of whole days is not used up a day later
        days = np.ceil(np.round(days_until_out(demand, stock, incoming), 9))
        days = np.where(days <= FARTHEST_DAYS, days, np.nan)
        relief_in_days = np.where(np.isnan(run_out).all(axis=1), np.nan, lead_time_days + REVIEW_DAYS)
        relief = until_relief(run_out, relief_in_days, incoming, demand.expected_units() / DAYS_PER_WEEK)
        lost_before_relief = relief.days_out * demand.expected_units() / DAYS_PER_WEEK
        # what is lost within the horizon is lost before a relief that comes later, whatever the curve makes of it
        is_more = (relief_in_days >= self._horizon_weeks * DAYS_PER_WEEK) & (lost > lost_before_relief)
        lost_before_relief = np.where(is_more, lost, lost_before_relief)
        planned = self.ordering.orders(rows, column, stock, incoming, lead_time_days, price, factor)
        coming = self._next_deliveries(rows, column, incoming, None if newer_stock is None else newer_stock.stated)
        orders = planned.orders
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
            delivery_in_days=coming.days,
            delivery_units=coming.units,
            delivery_overdue_days=coming.overdue_days,
            on_order_units=coming.on_order_units,
            expedite_in_days=expedite_in_days(demand, stock, incoming),
            order_units=orders.units,
            order_up_to_units=orders.order_up_to_units,
            order_left_units=orders.expected_left_units,
            order_demand_units=planned.demand_units,
            order_days=np.where(np.isnan(orders.units), np.nan, lead_time_days + REVIEW_DAYS),
            order_service_level=orders.service_level,
            order_units_at_risk=orders.units_at_risk,
            order_value_at_risk=orders.units_at_risk * price,
        )

    def chances(
        self, rows: RowNumbers, column: int, newer_stock: NewerStock, weeks: Sequence[int] | IntArray
    ) -> tuple[DoubleArray, DoubleArray]:
        """The chance that demand uses up the stock by the ends of weeks: as a caller supposes, and as is known.

        What a model learned of orders is what they tell of a product, not what one more would do: a product that has
        one on its way is in need. Nor does a tree's risk rise with each unit of demand. So what is supposed moves a
        probability by these two.

        Returns:
            Shape ``(rows, weeks)`` each; 0 where no stock or no forecast is known.
        """
        demand, _ = self._demand_and_price(rows, column)
        stock = _first_known(newer_stock.units_on_hand, self._stock(rows, column, len(rows)))
        known = self._incoming.of(rows) if column == self._newest else self._seen(rows, column)
        other = demand if newer_stock.stated is None else demand.times(newer_stock.stated.demand_factor)
        ends = DAYS_PER_WEEK * np.asarray(weeks, dtype=np.int64)
        supposed = out_probability(other, ends, stock, newer_stock.incoming(known))
        expected = out_probability(demand, ends, stock, newer_stock.still_to_come(known))
        return np.nan_to_num(supposed), np.nan_to_num(expected)

    def is_own_lead_time(self, rows: Rows, lead_time_days: DoubleArray) -> BoolArray:
        """Where a caller's lead time, NaN for none, is no other than the panel's, shape ``(rows,)``."""
        own: BoolArray = np.isnan(lead_time_days) | (lead_time_days == self._lead_time_days[rows])
        return own

    def _seen(self, rows: Rows, column: int) -> Incoming:
        orders = self._panel.purchase_orders
        if orders is None:
            return Incoming.none(len(self._lead_time_days[rows]))
        return Incoming.seen(orders.of(rows), column)

    def _next_deliveries(self, rows: Rows, column: int, incoming: Incoming, stated: Stated | None) -> NextDeliveries:
        known = NextDeliveries.known(incoming)
        if self._panel.purchase_orders is not None:
            return known
        if column == self._newest:
            inferred = self._inferred.of(rows)
        else:
            past = {name: each[rows, : column + 1] for name, each in self._panel.fields.items()}
            inferred = inferred_deliveries(past)
        return inferred if stated is None else inferred.replaced_where(stated.knows_incoming, known)

    def newest_demand(self, rows: Rows) -> Demand:
        """What the figures of the newest week are made from."""
        return self._demand.of(rows)

    def _demand_and_price(self, rows: Rows, column: int) -> tuple[Demand, DoubleArray]:
        if column == self._newest:
            return self.newest_demand(rows), self._price[rows]
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


@dataclass(frozen=True)
class _NewestWeek:
    """Of all products."""

    demand: Demand
    wanted: Demand
    price: DoubleArray
    inferred: NextDeliveries
    market: Market


def _newest_week(panel: Panel) -> _NewestWeek:
    """Some products at a time, which a core's cache holds while it goes through their weeks."""
    products, newest = len(panel.product_ids), len(panel.weeks) - 1
    parts = []
    for first in range(0, max(products, 1), _ROWS_AT_A_TIME):
        some = {name: matrix[first : first + _ROWS_AT_A_TIME] for name, matrix in panel.fields.items()}
        demand, wanted = forecast_demand(some, newest), forecast_wanted(some, newest)
        price = last_price(some, len(demand.mean))
        parts.append(_NewestWeek(demand, wanted, price, inferred_deliveries(some), Market.of(some)))
        panel.release()
    return _NewestWeek(
        Demand.joined([part.demand for part in parts]),
        Demand.joined([part.wanted for part in parts]),
        np.concatenate([part.price for part in parts]),
        NextDeliveries.joined([part.inferred for part in parts]),
        Market.joined(part.market for part in parts),
    )


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
