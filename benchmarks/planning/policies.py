"""What a store may order by: the product's own suggestion, the challenge's benchmark, and what people use."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from benchmarks.planning.simulation import HOLDING, SHORTAGE, Policy
from data.panel import Panel
from feature_service.kernel import Demand, forecast_demand, forecast_wanted
from feature_service.kernel.arrays import BoolArray, DoubleArray, FloatArray, IntArray
from feature_service.kernel.deliveries import Incoming
from feature_service.kernel.demand import demand_field, was_out
from feature_service.kernel.negative_binomial import quantile
from feature_service.kernel.ordering import DAYS_PER_WEEK, DemandToCover, Orders, OrderTerms
from feature_service.kernel.season import Market

LEAD_TIME_WEEKS = 2
SERVICE_LEVEL = SHORTAGE / (SHORTAGE + HOLDING)
_AVERAGE_WEEKS, _COVERED_WEEKS = 13, 4
_WEEK_NUMBERS = 53


@dataclass(frozen=True)
class Case:
    """A history to order on.

    Attributes:
        panel: Of its products.
    """

    panel: Panel

    @cached_property
    def units(self) -> DoubleArray:
        """What left the shelf, NaN where not known, shape ``(products, weeks)``."""
        return self.panel.fields[demand_field(self.panel.fields)].astype(np.float64)

    @cached_property
    def out(self) -> BoolArray:
        """Weeks out of stock: what was wanted then, nobody knows."""
        out = was_out(self.panel.fields, slice(None))
        return np.zeros(self.units.shape, np.bool_) if out is None else out

    @cached_property
    def wanted(self) -> DoubleArray:
        """Units of the weeks in stock, NaN elsewhere."""
        return np.where(self.out, np.nan, self.units)

    @cached_property
    def fields_with_all_weeks(self) -> Mapping[str, FloatArray]:
        """As if nobody had told which weeks were out of stock."""
        name = demand_field(self.panel.fields)
        return {name: self.panel.fields[name]}

    def counts(self, after_launch_weeks: int) -> BoolArray:
        """Where demand is known, and an order of the first week in which the product was known could have arrived."""
        known = np.isfinite(self.units)
        old_enough = np.cumsum(known, axis=1) > after_launch_weeks
        return np.isfinite(self.wanted) & old_enough


def suggestion(
    case: Case, *, service_level: float = SERVICE_LEVEL, with_out_weeks: bool = False, with_season: bool = True
) -> Policy:
    """The product's own: the very functions that the server calls.

    Args:
        case: The history.
        service_level: By default what the costs ask for.
        with_out_weeks: Learn from weeks out of stock as if nothing more had been wanted.
        with_season: Let the year before tell of the weeks ahead.
    """
    fields = case.fields_with_all_weeks if with_out_weeks else case.panel.fields
    products, market = len(case.units), Market.of(fields)
    terms = OrderTerms.stated(products, service_level=service_level)
    lead_time = np.full(products, float(LEAD_TIME_WEEKS * DAYS_PER_WEEK))
    most = LEAD_TIME_WEEKS + 1

    def order(week: int, on_hand: DoubleArray, on_order: DoubleArray) -> DoubleArray:
        ahead = market.weeks_ahead(week, most) if with_season else np.arange(most + 1.0)
        demand = DemandToCover.ahead(forecast_wanted(fields, week), ahead, lead_time)
        coming = Incoming.at_once(on_order)
        return np.nan_to_num(Orders.suggested(demand, on_hand, coming, terms, np.full(products, np.nan)).units)

    return order


def all_weeks_quantile(case: Case) -> Policy:
    """The textbook's: a quantile of the demand of all weeks up to the next arrival, by the forecast of the figures."""

    def order(week: int, on_hand: DoubleArray, on_order: DoubleArray) -> DoubleArray:
        demand: Demand = forecast_demand(case.fields_with_all_weeks, week)
        level = np.full(len(on_hand), SERVICE_LEVEL)
        up_to = np.nan_to_num(quantile(level, demand.expected_units(LEAD_TIME_WEEKS + 1), demand.dispersion))
        return _missing(up_to, on_hand, on_order)

    return order


def days_of_cover(case: Case, least_weeks: int, most_weeks: int) -> Policy:
    """(s, S): with ``least_weeks`` of mean demand left, order up to ``most_weeks``."""

    def order(week: int, on_hand: DoubleArray, on_order: DoubleArray) -> DoubleArray:
        mean = np.nan_to_num(forecast_demand(case.fields_with_all_weeks, week).mean)
        position = on_hand + on_order
        return np.where(position <= least_weeks * mean, _missing(most_weeks * mean, on_hand, on_order), 0)

    return order


def seasonal_average(case: Case) -> Policy:
    """The challenge's benchmark: up to four weeks of a 13-week average, seasonal by the market's week of the year."""
    numbers = np.array([week.isocalendar().week for week in case.panel.weeks.tolist()])
    market = np.array([np.nanmean(column) if np.isfinite(column).any() else np.nan for column in case.wanted.T])

    def order(week: int, on_hand: DoubleArray, on_order: DoubleArray) -> DoubleArray:
        season = _season(market[: week + 1], numbers[: week + 1])
        weeks = slice(max(week + 1 - _AVERAGE_WEEKS, 0), week + 1)
        level = _known_mean(case.wanted[:, weeks] / season[numbers[weeks]])
        monday = case.panel.weeks[week].item()
        ahead = [(monday + dt.timedelta(weeks=each)).isocalendar().week for each in range(1, _COVERED_WEEKS + 1)]
        return _missing(level * season[ahead].sum(), on_hand, on_order)

    return order


def known_ahead(case: Case) -> Policy:
    """The floor: who knows all that will be wanted."""

    def order(week: int, on_hand: DoubleArray, on_order: DoubleArray) -> DoubleArray:
        ahead = np.nan_to_num(case.wanted[:, week + 1 : week + LEAD_TIME_WEEKS + 2])
        return _missing(ahead.sum(axis=1), on_hand, on_order)

    return order


def _missing(up_to: DoubleArray, on_hand: DoubleArray, on_order: DoubleArray) -> DoubleArray:
    """In whole units."""
    units: DoubleArray = np.maximum(np.rint(up_to - on_hand - on_order), 0)
    return units


def _season(market: DoubleArray, numbers: IntArray) -> DoubleArray:
    """By week of the year, once a year is known; 1 where that week never was."""
    season = np.ones(_WEEK_NUMBERS + 1)
    if len(market) >= _WEEK_NUMBERS - 1:
        for number in np.unique(numbers):
            season[number] = np.nanmean(market[numbers == number])
        season[np.unique(numbers)] /= season[np.unique(numbers)].mean()
    return season


def _known_mean(values: DoubleArray) -> DoubleArray:
    known = np.isfinite(values)
    total = np.where(known, values, 0).sum(axis=1)
    mean: DoubleArray = total / np.maximum(known.sum(axis=1), 1)
    return mean
