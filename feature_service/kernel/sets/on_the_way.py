"""Features of what is on the way, kept apart so that any stock and any deliveries can be put in.

Orders are netted by date: a delivery helps from the day on which it comes, and not before.
"""

from collections.abc import Callable
from functools import partial, reduce

import numpy as np

from feature_service.kernel.arrays import DoubleArray
from feature_service.kernel.deliveries import DAYS_AHEAD
from feature_service.kernel.features import Feature, History, StockFormula
from feature_service.kernel.phrases import Phrase, counted, due, enough_for
from feature_service.kernel.series import ratio
from feature_service.kernel.sets.on_hand import margin, noisy

_LEAST_UNITS_PER_DAY = 0.01


def _margin_on(day: int, stock: DoubleArray, history: History) -> DoubleArray:
    """How far what is there and came by then lies above the demand of these days, in standard deviations."""
    return _margin(stock + history["arriving"][..., day - 1], day, history)


def _lowest_margin(days: int, stock: DoubleArray, history: History) -> DoubleArray:
    """The least of each evening, before what comes on that day is there, and of the last evening with it."""
    arriving = history["arriving"]
    before = [_margin(stock + (arriving[..., day - 2] if day > 1 else 0.0), day, history) for day in range(1, days + 1)]
    return reduce(np.minimum, before, _margin_on(days, stock, history))


def _margin(units: DoubleArray, days: int, history: History) -> DoubleArray:
    mean = history["mean_pooled"]
    return margin(units, mean / 7 * days, noisy(mean, history) / 7 * days)


def _per_day(history: History) -> DoubleArray:
    return np.maximum(history["mean_pooled"] / 7, _LEAST_UNITS_PER_DAY)


def _weeks(units: DoubleArray, history: History) -> DoubleArray:
    """Weeks of demand that so many units are, 99 at most."""
    return np.minimum(ratio(units, 7 * _per_day(history)), 99)


def _units_short(stock: DoubleArray, history: History) -> DoubleArray:
    """Units of demand until the first delivery that the stock lacks; below 0 is what will be left."""
    days = np.maximum(history["days_to_delivery"], 1)
    return _per_day(history) * np.where(np.isnan(days), DAYS_AHEAD, days) - stock


def _formula(
    name: str, unit: str, phrase: Phrase, value: Callable[[DoubleArray, History], DoubleArray]
) -> StockFormula:
    return StockFormula(Feature(name, unit, 1, phrase), value)


DELIVERY_FORMULAS: tuple[StockFormula, ...] = (
    _formula("days_to_delivery", "days", due("the next delivery"), lambda _, h: h["days_to_delivery"]),
    _formula(
        "days_to_second_delivery", "days", due("the delivery after the next"), lambda _, h: h["days_to_second_delivery"]
    ),
    _formula(
        "delivery_units", "units", counted("the next delivery brings {}", "unit"), lambda _, h: h["delivery_units"]
    ),
    _formula(
        "delivery_cover",
        "weeks",
        counted("the next delivery lasts {}", "week", 1),
        lambda _, h: _weeks(h["delivery_units"], h),
    ),
    _formula(
        "on_order_cover",
        "weeks",
        counted("all that is on order lasts {}", "week", 1),
        lambda _, h: _weeks(h["on_order_units"], h),
    ),
    _formula(
        "delivery_lateness_days",
        "days",
        counted("its deliveries come {} after the promised day", "day", 1),
        lambda _, h: h["delivery_lateness_days"],
    ),
    _formula(
        "units_short_at_delivery",
        "units",
        counted("demand until the next delivery less the stock is {}", "unit", 1),
        _units_short,
    ),
    *(
        _formula(
            f"margin_on_day_{day}",
            "standard deviations",
            enough_for(f"{day} days need" if day > 1 else "a day needs", "the stock with what comes by then is {}"),
            partial(_margin_on, day),
        )
        for day in (1, 2, 3, 5)
    ),
    *(
        _formula(
            f"lowest_margin_{days}",
            "standard deviations",
            enough_for("is needed", f"at the least, the stock of the next {days} days with what comes is {{}}"),
            partial(_lowest_margin, days),
        )
        for days in (7, 14)
    ),
)
