"""What a planner reads off a run-out curve: the risk until relief, the day it is out by, and what that costs.

Between the ends of two weeks the hazard is taken as the same on each day. Where relief comes after the curve's last
week, what is said of the time until then is said of that until the curve's end: the least that it can be.
"""

from __future__ import annotations  # NumPy's types

from dataclasses import dataclass

import numpy as np

from feature_service.kernel.arrays import DoubleArray, FloatArray
from feature_service.kernel.deliveries import Incoming
from feature_service.kernel.ordering import DAYS_PER_WEEK

EARLIEST, MEDIAN, LATEST = 0.1, 0.5, 0.9
"""Probabilities to be out by the three dates: between the outer two lie 80 %."""

_LEAST = 1e-12


@dataclass(frozen=True)
class UntilRelief:
    """Shape ``(rows,)`` each, NaN where it is not known; up to the end of the curve where relief comes later.

    Attributes:
        probability: To run out before the relief.
        days_out: Mean days that it is out before the relief, if nothing comes sooner.
    """

    probability: DoubleArray
    days_out: DoubleArray


def until_relief(
    curve: FloatArray,
    relief_in_days: DoubleArray,
    incoming: Incoming | None = None,
    units_per_day: DoubleArray | None = None,
) -> UntilRelief:
    """The risk from the end of the ``as_of`` week until relief comes.

    What is out when a delivery comes is in stock again for as many days as that lasts, at most until the next one. What
    the curve has out by the end of the delivery's week counts as out when it comes: it is the stock of before that runs
    out, and mostly not what has just come.

    Args:
        curve: Probability to be out by the end of each week ahead, shape ``(rows, weeks)``.
        relief_in_days: Days until then, at least 0, shape ``(rows,)``.
        incoming: What is on its way; nothing where None.
        units_per_day: Mean demand, shape ``(rows,)``; where None nothing is on its way.
    """
    rows, weeks = curve.shape
    if not weeks:
        return UntilRelief(np.full(rows, np.nan), np.full(rows, np.nan))
    in_stock, days = _in_stock(curve), days_at_risk(curve, relief_in_days)
    # weeks that are wholly before the relief count in full, the week that it falls into for its part
    share = np.clip(days[:, None] / DAYS_PER_WEEK - np.arange(weeks), 0, 1)
    at_start, hazard = in_stock[:, :-1], _weekly_hazard(in_stock)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean_in_stock = np.where(hazard > 0, -np.expm1(-hazard * share) / hazard, share)
    days_out = (share - at_start * mean_in_stock).sum(axis=1) * DAYS_PER_WEEK
    surviving = np.exp(-np.cumsum(hazard * share, axis=1))
    if incoming is not None and units_per_day is not None:
        days_out = days_out - _days_restocked(1 - surviving, days, incoming, units_per_day)
    known = np.isfinite(days) & np.isfinite(curve[:, 0])
    return UntilRelief(np.where(known, 1 - surviving[:, -1], np.nan), np.where(known, np.maximum(days_out, 0), np.nan))


def risk_until_relief(curve: FloatArray, relief_in_days: DoubleArray) -> DoubleArray:
    """What products are ranked by and alerts are raised on, shape ``(rows,)``; NaN where nothing is known.

    Args:
        curve: As :func:`until_relief` takes it, of at least one week.
        relief_in_days: Days until then, at least 0, shape ``(rows,)``.
    """
    return until_relief(curve, relief_in_days).probability


def days_at_risk(curve: FloatArray, relief_in_days: DoubleArray) -> DoubleArray:
    """Days that the risk until relief is told of, shape ``(rows,)``: none after the curve's last week."""
    days: DoubleArray = np.minimum(relief_in_days, curve.shape[1] * DAYS_PER_WEEK)
    return days


def _days_restocked(
    out: DoubleArray, relief_in_days: DoubleArray, incoming: Incoming, units_per_day: DoubleArray
) -> DoubleArray:
    """Mean days that what was out is in stock again by what came before relief, shape ``(rows,)``.

    Of each delivery the week is taken, its own or a later one, at whose end it has helped most: what has come sooner
    helps no less.

    Args:
        out: Probability to be out by the end of each week, or by relief, shape ``(rows, weeks)``.
        relief_in_days: As :func:`until_relief` takes it, like the others.
        incoming: What comes.
        units_per_day: Mean demand.
    """
    restocked, most = np.zeros(len(out)), incoming.days.shape[1]
    week_ends = DAYS_PER_WEEK * (1 + np.arange(out.shape[1]))
    for place in range(most):
        came = incoming.days[:, place, None]
        until = relief_in_days if place + 1 == most else np.minimum(incoming.days[:, place + 1], relief_in_days)
        with np.errstate(divide="ignore", invalid="ignore"):
            lasts = np.nan_to_num(incoming.units[:, place] / units_per_day)
        days = np.maximum(until[:, None] - np.maximum(came, week_ends - DAYS_PER_WEEK + 1), 0)
        helped = np.where(came <= week_ends, out * np.minimum(days, lasts[:, None]), 0)
        restocked += np.nan_to_num(helped).max(axis=1)
    return restocked


def days_until(curve: FloatArray, probability: float) -> DoubleArray:
    """The day by whose end it is out with that probability, 1 for the first after the ``as_of`` week.

    Args:
        curve: As :func:`until_relief` takes it.
        probability: Above 0 and below 1.
    Returns:
        Shape ``(rows,)``; NaN where the curve does not reach it.
    """
    rows, weeks = curve.shape
    if not weeks:
        return np.full(rows, np.nan)
    reached = curve.astype(np.float64) >= probability
    week = np.argmax(reached, axis=1)
    in_stock = _in_stock(curve)
    at_start, hazard = (each[np.arange(rows), week] for each in (in_stock, _weekly_hazard(in_stock)))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(hazard > 0, np.log(at_start / (1 - probability)) / hazard, 0.0)
    day = np.ceil(np.round(DAYS_PER_WEEK * (week + np.clip(share, 0, 1)), 9))
    return np.where(reached.any(axis=1), np.maximum(day, 1), np.nan)


def _in_stock(curve: FloatArray) -> DoubleArray:
    """The probability to be in stock still, at the beginning and at each week's end, shape ``(rows, weeks + 1)``."""
    ends = np.maximum(1 - curve.astype(np.float64), _LEAST)
    return np.column_stack([np.ones(len(curve)), ends])


def _weekly_hazard(in_stock: DoubleArray) -> DoubleArray:
    """The hazard of each week in continuous time, a week as its unit, shape ``(rows, weeks)``."""
    hazard: DoubleArray = np.log(in_stock[:, :-1] / in_stock[:, 1:])
    return np.maximum(hazard, 0)
