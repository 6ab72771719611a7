"""What to order of each product of a panel, by the very functions that ``benchmarks.planning`` measures."""

from dataclasses import dataclass

import numpy as np

from data.panel import IN_STOCK, Panel
from feature_service.kernel import Demand, forecast_wanted
from feature_service.kernel.arrays import DoubleArray, Rows
from feature_service.kernel.deliveries import Incoming
from feature_service.kernel.ordering import DAYS_PER_WEEK, REVIEW_DAYS, TERMS, DemandToCover, Orders, OrderTerms
from feature_service.kernel.season import Market

_LONGEST_DAYS = 365 + REVIEW_DAYS
_MOST_WEEKS = -(-_LONGEST_DAYS // DAYS_PER_WEEK)
"""Up to the arrival of the order after the one with the longest lead time."""


@dataclass(frozen=True)
class PlannedOrders:
    """What is suggested, shape ``(rows,)`` each.

    Attributes:
        orders: With their arithmetic; NaN where stock or demand is not known.
        demand_units: Mean of what will be wanted until the next order's arrival.
    """

    orders: Orders
    demand_units: DoubleArray


class OrderPlanner:
    """The suggested orders of one panel's products.

    Args:
        panel: Out of a snapshot.
        market: What all products wanted, also those of other shards.
        newest: What is wanted of each product in a week, as of the newest one.
    """

    def __init__(self, panel: Panel, market: Market, newest: Demand) -> None:
        self._panel, self._market, self._newest = panel, market, newest
        self.terms = order_terms(panel)
        self._weeks_ahead: dict[int, DoubleArray] = {}

    def orders(
        self,
        rows: Rows,
        column: int,
        stock: DoubleArray,
        incoming: Incoming,
        lead_time_days: DoubleArray,
        price: DoubleArray,
        demand_factor: DoubleArray | None = None,
    ) -> PlannedOrders:
        """As of the week of ``column``; later weeks are not looked at.

        Args:
            rows: The products; everything else is of these.
            column: The week.
            stock: Units on hand, NaN where not known; of a product that a flag says is out of stock there are none.
            incoming: What is on the way.
            lead_time_days: From an order to its arrival.
            price: The last one, NaN where not known.
            demand_factor: What all demand is taken times.
        """
        wanted = self._wanted(rows, column)
        if demand_factor is not None:
            wanted = wanted.times(demand_factor)
        demand = DemandToCover.ahead(wanted, self._ahead(column), lead_time_days)
        flags = self._panel.fields.get(IN_STOCK)
        if flags is not None:
            stock = np.where(np.isnan(stock) & (flags[rows, column] == 0), 0.0, stock)
        orders = Orders.suggested(demand, stock, incoming, self.terms.of(rows), price)
        covered = np.where(np.isnan(orders.units), np.nan, demand.until_arrival + demand.until_next)
        return PlannedOrders(orders, covered)

    def _wanted(self, rows: Rows, column: int) -> Demand:
        if column == len(self._panel.weeks) - 1:
            return self._newest.of(rows)
        return forecast_wanted({name: matrix[rows] for name, matrix in self._panel.fields.items()}, column)

    def _ahead(self, column: int) -> DoubleArray:
        if column not in self._weeks_ahead:
            self._weeks_ahead[column] = self._market.weeks_ahead(column, _MOST_WEEKS)
        return self._weeks_ahead[column]


def order_terms(panel: Panel) -> OrderTerms:
    """As the data states them."""
    unstated = (None,) * len(panel.product_ids)
    return OrderTerms(*(np.array(panel.order_terms.get(name, unstated), dtype=np.float64) for name in TERMS))
