"""What to order: from the demand until an order arrives and until the next one can, to a quantity and its reason.

Every review an order may be placed, which arrives after the lead time. What it decides is the stock of the weeks from
its arrival to that of the next order. So first the stock that will be left when it arrives is expected: what is there
and on order, less what will be sold until then, which is less than what is wanted where stock runs out. Then as much is
ordered as it takes to have, on arrival, what the demand up to the next arrival does not exceed with the service level.
The usual rule, a quantile of the demand of all these weeks less all stock, is made for customers who wait: where sales
are lost it orders too much (measured by ``benchmarks.planning``, see DECISIONS.md).
"""

from dataclasses import dataclass, fields

import numpy as np

from feature_service.kernel.arrays import DoubleArray, Rows
from feature_service.kernel.deliveries import Incoming
from feature_service.kernel.demand import Demand
from feature_service.kernel.negative_binomial import quantile
from feature_service.kernel.netting import netted

REVIEW_DAYS = 7
"""From one chance to order to the next."""

DAYS_PER_WEEK = 7
DEFAULT_SERVICE_LEVEL = 0.9
HOLDING_PER_WEEK = 0.005
"""Cost of holding a unit for a week, as a share of what it cost: a quarter of it in a year."""

LEAST_SERVICE_LEVEL, HIGHEST_SERVICE_LEVEL = 0.5, 0.99
"""Between which costs may set it: a margin of nothing, or a unit that costs next to nothing, is no reason for more."""

_NO_NEED_UNITS = 0.5
_LEAST_MEAN = 1e-9  # no lead time, no demand


@dataclass(frozen=True)
class OrderTerms:
    """How each product can be ordered; shape ``(products,)`` each, NaN where nothing is stated.

    Attributes:
        pack_size: Units, above 0, of which orders are multiples; 1 where nothing is stated.
        minimum_order_units: Of an order.
        maximum_order_units: Of an order.
        unit_cost: What the seller pays for a unit, in the currency of the prices.
        service_level: The share of reviews after which stock should last, in (0, 1).
    """

    pack_size: DoubleArray
    minimum_order_units: DoubleArray
    maximum_order_units: DoubleArray
    unit_cost: DoubleArray
    service_level: DoubleArray

    @classmethod
    def stated(cls, products: int, **terms: float) -> "OrderTerms":
        """The same for all products; what is not named is not stated."""
        return cls(*(np.full(products, terms.get(field.name, np.nan)) for field in fields(cls)))

    def of(self, rows: Rows) -> "OrderTerms":
        """Those of some products."""
        return OrderTerms(*(getattr(self, field.name)[rows] for field in fields(self)))


TERMS = tuple(field.name for field in fields(OrderTerms))


@dataclass(frozen=True)
class DemandToCover:
    """What will be wanted while an order is on its way and until the next one arrives; shape ``(products,)`` each.

    Attributes:
        until_arrival: Mean, in units, of the lead time.
        until_next: Mean, in units, from the arrival to that of the next order: of a review period.
        dispersion: As in :class:`feature_service.kernel.Demand`.
        lead_time_days: Until the order arrives.
    """

    until_arrival: DoubleArray
    until_next: DoubleArray
    dispersion: DoubleArray
    lead_time_days: DoubleArray

    @classmethod
    def ahead(cls, level: Demand, weeks_ahead: DoubleArray, lead_time_days: DoubleArray) -> "DemandToCover":
        """From the present level and a season.

        Args:
            level: Demand of a week as it is now, per product.
            weeks_ahead: How many such weeks the next 0, 1, 2 .. weeks are: :meth:`season.Market.weeks_ahead`, up to the
                longest lead time and review.
            lead_time_days: Per product.
        """
        week = np.arange(len(weeks_ahead), dtype=np.float64)
        arrival, following = (
            np.interp((lead_time_days + days) / DAYS_PER_WEEK, week, weeks_ahead) for days in (0, REVIEW_DAYS)
        )
        return cls(level.mean * arrival, level.mean * (following - arrival), level.dispersion, lead_time_days)


@dataclass(frozen=True)
class Orders:
    """A suggested order for each product, and its arithmetic; shape ``(products,)`` each, NaN where stock or demand is
    not known.

    ``expected_left_units`` is ``max(units_on_hand, 0)`` and what comes until the order's arrival, less what is sold
    until then, and what comes after it as far as it helps before the next one's. ``units`` is what
    ``order_up_to_units - expected_left_units`` takes, in whole packs, within the least and the most of an order.

    Attributes:
        units: To order; 0 where the stock covers it, or where no order may be so small.
        order_up_to_units: Wanted on arrival.
        expected_left_units: Expected on arrival, without this order.
        service_level: What ``order_up_to_units`` was made for.
        units_at_risk: Expected to be lost between the order's arrival and the next one's, without this order.
    """

    units: DoubleArray
    order_up_to_units: DoubleArray
    expected_left_units: DoubleArray
    service_level: DoubleArray
    units_at_risk: DoubleArray

    @classmethod
    def suggested(
        cls,
        demand: DemandToCover,
        units_on_hand: DoubleArray,
        incoming: Incoming,
        terms: OrderTerms,
        price: DoubleArray,
    ) -> "Orders":
        """The orders of a review.

        Args:
            demand: What is to be covered.
            units_on_hand: NaN where not known; below 0 is none.
            incoming: What is on the way.
            terms: Of each product.
            price: Of a unit, NaN where not known.
        """
        level = service_levels(terms, price)
        waiting, covered = (
            Demand(np.maximum(mean, _LEAST_MEAN), demand.dispersion)
            for mean in (demand.until_arrival, demand.until_next)
        )
        left = netted(waiting, demand.lead_time_days, units_on_hand, incoming).left_units
        up_to = quantile(level, covered.mean, demand.dispersion)
        left = left + _helpful_later(incoming, demand.lead_time_days, covered, level, up_to)
        up_to = np.where(np.isnan(left), np.nan, up_to)
        units = rounded(up_to - left, terms)
        at_risk = covered.expected_units_lost(left)
        return cls(units, up_to, left, np.where(np.isnan(up_to), np.nan, level), at_risk)


def _helpful_later(
    incoming: Incoming, arrival_days: DoubleArray, covered: Demand, level: DoubleArray, up_to: DoubleArray
) -> DoubleArray:
    """What an order can be less by, since more comes after its arrival, shape ``(products,)``.

    Up to the day of a delivery the order, what is left and what came before must do with the service level; so what
    comes late helps less, and what comes with the next order not at all.
    """
    helpful = np.zeros(len(up_to))
    since = incoming.days - arrival_days[:, None]
    is_late = (since > 0) & (since < REVIEW_DAYS) & (incoming.units > 0)
    some = np.flatnonzero(is_late.any(axis=1))
    wanted, came = np.zeros(len(some)), np.zeros(len(some))
    for place in range(incoming.days.shape[1] if len(some) else 0):
        late = is_late[some, place]
        mean = covered.mean[some] * np.where(late, since[some, place], 0.0) / REVIEW_DAYS
        before = quantile(level[some], np.maximum(mean, _LEAST_MEAN), covered.dispersion[some])
        wanted = np.where(late, np.maximum(wanted, before - came), wanted)
        came += np.where(late, incoming.units[some, place], 0.0)
    helpful[some] = up_to[some] - np.maximum(wanted, up_to[some] - came)
    return helpful


def service_levels(terms: OrderTerms, price: DoubleArray) -> DoubleArray:
    """What is stated; else what costs ask for, where both are known: the margin of a lost sale over it and a unit's
    holding for a review period; else ``DEFAULT_SERVICE_LEVEL``.
    """
    margin = np.maximum(price - terms.unit_cost, 0)
    holding = terms.unit_cost * HOLDING_PER_WEEK * REVIEW_DAYS / DAYS_PER_WEEK
    both = np.isfinite(margin) & (margin + holding > 0)
    by_costs = np.divide(margin, margin + holding, out=np.full(len(price), np.nan), where=both)
    by_costs = np.clip(by_costs, LEAST_SERVICE_LEVEL, HIGHEST_SERVICE_LEVEL)
    first_known = np.where(np.isnan(terms.service_level), by_costs, terms.service_level)
    return np.where(np.isnan(first_known), DEFAULT_SERVICE_LEVEL, first_known)


def rounded(units: DoubleArray, terms: OrderTerms) -> DoubleArray:
    """A quantity that can be ordered: 0, or whole packs within the least and the most.

    Packs are rounded up, but less than half a unit is no need: what is expected to be left comes in fractions.
    """
    pack = np.where(np.isnan(terms.pack_size), 1.0, terms.pack_size)
    packs = np.ceil((units - _NO_NEED_UNITS) / pack)
    least = np.ceil(np.nan_to_num(terms.minimum_order_units, nan=0.0) / pack)
    most = np.floor(np.where(np.isnan(terms.maximum_order_units), np.inf, terms.maximum_order_units) / pack)
    wanted = np.minimum(np.maximum(packs, least), most)
    can_be = (packs > 0) & (wanted >= least)
    return np.where(np.isnan(units), np.nan, np.where(can_be, wanted, 0) * pack)
