"""A product's weeks, past and to come, as one series: what the chart draws and the table beside it says."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from feature_service.client import DemandBand, ForecastWeek, ProductHistory, ProductWeek


@dataclass(frozen=True)
class Band:
    """The middle of an expectation, and between which it lies in 8 of 10 cases; in units."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Week:
    """One week; what is not known, or not of such a week, is None.

    Attributes:
        monday: Its first day.
        is_past: Whether it is over, so that figures are known and not expected.
        sold: Units.
        mean_price: Of a unit.
        on_hand: Units at its end.
        out_of_stock: On any day of it.
        demand: Expected in it.
        stock: Expected at its end, if nothing comes in.
        run_out: Probability to be out by its end.
    """

    monday: dt.date
    is_past: bool
    sold: float | None = None
    mean_price: float | None = None
    on_hand: float | None = None
    out_of_stock: bool | None = None
    demand: Band | None = None
    stock: Band | None = None
    run_out: float | None = None


def timeline(history: ProductHistory, units_on_hand: float | None, run_out: Sequence[float]) -> list[Week]:
    """The weeks of a product, oldest first.

    Args:
        history: What is known of it, and the demand forecast.
        units_on_hand: From which the stock goes on, be it the caller's; None where none is known.
        run_out: The run-out curve of that stock; empty where the model has none.
    """
    ahead = [_ahead(each, units_on_hand) for each in history.forecast]
    curve = [*run_out, *[None] * len(ahead)]
    return [
        *map(_past, history.weeks),
        *(replace(week, run_out=probability) for week, probability in zip(ahead, curve, strict=False)),
    ]


def chart_data(weeks: Sequence[Week], units_on_hand: float | None) -> dict[str, Any]:
    """The columns that the chart draws, a value for each week and null where there is none.

    The stock to come begins with the one on hand, at the last week that is over.
    """
    last = max((number for number, week in enumerate(weeks) if week.is_past), default=-1)
    expected = [week.stock for week in weeks]
    if units_on_hand is not None and last >= 0 and len(weeks) > last + 1:
        expected[last] = Band(units_on_hand, units_on_hand, units_on_hand)
    return {
        "weeks": [week.monday.isoformat() for week in weeks],
        "sold": [week.sold for week in weeks],
        "on_hand": [week.on_hand for week in weeks],
        "out_of_stock": [week.out_of_stock for week in weeks],
        "demand": _columns([week.demand for week in weeks]),
        "stock": _columns(expected),
        "run_out": [week.run_out for week in weeks],
    }


def _past(week: ProductWeek) -> Week:
    return Week(
        monday=week.week,
        is_past=True,
        sold=week.units_sold,
        mean_price=week.mean_price,
        on_hand=week.units_on_hand,
        out_of_stock=week.out_of_stock,
    )


def _ahead(week: ForecastWeek, units_on_hand: float | None) -> Week:
    stock = None if units_on_hand is None else _left_of(units_on_hand, week.demand_until)
    demand = Band(week.demand.mean_units, week.demand.low_units, week.demand.high_units)
    return Week(week.week, is_past=False, demand=demand, stock=stock)


def _left_of(units_on_hand: float, demand: DemandBand) -> Band:
    """High demand leaves little."""
    mean, low, high = (
        max(units_on_hand - units, 0.0) for units in (demand.mean_units, demand.high_units, demand.low_units)
    )
    return Band(mean, low, high)


def _columns(bands: Sequence[Band | None]) -> dict[str, list[float | None]]:
    return {name: [getattr(band, name) if band else None for band in bands] for name in ("mean", "low", "high")}
