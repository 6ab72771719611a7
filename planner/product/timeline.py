"""A product's weeks, past and to come, as one series: what the chart draws and the table beside it says."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from feature_service.client import DemandBand, ForecastWeek, ProductHistory, ProductWeek

_DAYS_PER_WEEK = 7


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
        received: Units that came in.
        coming: Units that are expected to come in.
        stock: Expected at its end, if nothing else comes in.
        run_out: Probability to be out by its end.
    """

    monday: dt.date
    is_past: bool
    sold: float | None = None
    mean_price: float | None = None
    on_hand: float | None = None
    out_of_stock: bool | None = None
    received: float | None = None
    coming: float = 0.0
    demand: Band | None = None
    stock: Band | None = None
    run_out: float | None = None


@dataclass(frozen=True)
class Arrival:
    """Units that are expected on a day."""

    day: dt.date
    units: float


def timeline(
    history: ProductHistory,
    units_on_hand: float | None,
    run_out: Sequence[float],
    arrivals: Sequence[Arrival] = (),
    demand_factor: float = 1.0,
) -> list[Week]:
    """The weeks of a product, oldest first.

    Args:
        history: What is known of it, and the demand forecast.
        units_on_hand: From which the stock goes on, be it the caller's; None where none is known.
        run_out: The run-out curve of that stock; empty where the model has none.
        arrivals: What is on its way.
        demand_factor: What all demand to come is taken times.
    """
    ahead = _ahead(history.forecast, units_on_hand, arrivals, demand_factor)
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
        received=week.units_received,
    )


def _ahead(
    forecast: Sequence[ForecastWeek], units_on_hand: float | None, arrivals: Sequence[Arrival], demand_factor: float
) -> list[Week]:
    coming = [
        sum(each.units for each in arrivals if 0 <= (each.day - week.week).days < _DAYS_PER_WEEK) for week in forecast
    ]
    until = [_band(week.demand_until, demand_factor) for week in forecast]
    stocks: list[Band | None] = [None] * len(forecast)
    if units_on_hand is not None:  # high demand leaves little
        low, mean, high = (
            _left_of(units_on_hand, [getattr(band, name) for band in until], coming) for name in ("high", "mean", "low")
        )
        stocks = [Band(*each) for each in zip(mean, low, high, strict=True)]
    return [
        Week(week.week, is_past=False, coming=comes, demand=_band(week.demand, demand_factor), stock=stock)
        for week, comes, stock in zip(forecast, coming, stocks, strict=True)
    ]


def _left_of(units_on_hand: float, demand_until: Sequence[float], coming: Sequence[float]) -> list[float]:
    """At each week's end; what nothing is there for is lost, and what comes in a week is there at its end."""
    left, found = units_on_hand, []
    for before, until, comes in zip([0.0, *demand_until], demand_until, coming, strict=False):
        left = max(left - (until - before), 0.0) + comes
        found.append(left)
    return found


def _band(band: DemandBand, factor: float) -> Band:
    return Band(band.mean_units * factor, band.low_units * factor, band.high_units * factor)


def _columns(bands: Sequence[Band | None]) -> dict[str, list[float | None]]:
    return {name: [getattr(band, name) if band else None for band in bands] for name in ("mean", "low", "high")}
