"""A stock and what comes to it against demand, day by day: a delivery helps from its day on, and not before."""

from dataclasses import dataclass

import numpy as np

from feature_service.kernel.arrays import DoubleArray, IntArray
from feature_service.kernel.deliveries import Incoming
from feature_service.kernel.demand import Demand

_DAYS_PER_WEEK = 7
_LEAST_MEAN = 1e-9  # no days, no demand


@dataclass(frozen=True)
class Netted:
    """What demand leaves and lacks over some days, shape ``(rows,)`` each, NaN where the stock is not known.

    Attributes:
        left_units: Expected to be there in the last evening.
        lost_units: Expected to be wanted when there is nothing.
    """

    left_units: DoubleArray
    lost_units: DoubleArray


def netted(demand: Demand, days: DoubleArray | int, stock: DoubleArray, incoming: Incoming) -> Netted:
    """From delivery to delivery: what is expected to be left of one stretch of days meets the next one's demand.

    Args:
        demand: Of all these days together, spread evenly over them.
        days: How many, at least 0, shape ``(rows,)`` or one number for all.
        stock: Units at the beginning, shape ``(rows,)``.
        incoming: What comes.
    """
    last = np.broadcast_to(np.asarray(days, dtype=np.float64), stock.shape)
    left, lost, begun = np.maximum(stock, 0).astype(np.float64), np.zeros(len(stock)), np.zeros(len(stock))
    for place in range(incoming.days.shape[1] + 1):
        is_end = place == incoming.days.shape[1]
        # on its own day it is there
        until = last if is_end else np.clip(incoming.days[:, place] - 1, begun, last)
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.where(last > 0, (until - begun) / last, 0.0)
        some = np.flatnonzero((share > 0) & np.isfinite(left))
        stretch = Demand(np.maximum(demand.mean[some] * share[some], _LEAST_MEAN), demand.dispersion[some])
        missed = stretch.expected_units_lost(left[some])
        left[some] = np.maximum(left[some] - (stretch.mean - missed), 0)
        lost[some] += missed
        begun = until
        if not is_end:
            left = left + np.where(incoming.days[:, place] <= last, incoming.units[:, place], 0)
    if incoming.days.shape[1]:
        # what is left is a mean, and means forget how far a level may lie off: no less is lost than if all were here
        here = np.maximum(stock, 0) + np.where(incoming.days <= last[:, None], incoming.units, 0).sum(axis=1)
        least = Demand(np.maximum(demand.mean, _LEAST_MEAN), demand.dispersion).expected_units_lost(here)
        left, lost = left + np.maximum(least - lost, 0), np.maximum(lost, least)
    unknown = np.isnan(stock)
    return Netted(np.where(unknown, np.nan, left), np.where(unknown, np.nan, lost))


def out_probability(demand: Demand, days: IntArray, stock: DoubleArray, incoming: Incoming) -> DoubleArray:
    """The chance that demand up to a delivery, or the last day, uses up the stock and what came before: the greatest.

    Args:
        demand: Of a week.
        days: Up to and including which, ascending, shape ``(ends,)``.
        stock: Units at the beginning, shape ``(rows,)``.
        incoming: What comes. More of it, or sooner, never makes the chance greater.
    Returns:
        Shape ``(rows, ends)``.
    """
    shape = len(stock), len(days)
    units, greatest = np.maximum(stock, 0)[:, None], np.zeros(shape)
    for place in range(incoming.days.shape[1]):
        day = incoming.days[:, place]
        near = np.flatnonzero(day <= days[-1])
        mean = demand.mean[near] * (day[near] - 1) / _DAYS_PER_WEEK
        before = Demand(np.maximum(mean, _LEAST_MEAN), demand.dispersion[near])
        # what stood there the evening before; later ends have all of these units, too
        chance = before.stockout_probability(units[near, -1])
        comes = day[near, None] <= days
        greatest[near] = np.where(comes, np.maximum(greatest[near], chance[:, None]), greatest[near])
        units = units + np.where(day[:, None] <= days, incoming.units[:, place, None], 0)
    until = Demand(demand.mean[:, None] * (days / _DAYS_PER_WEEK), np.broadcast_to(demand.dispersion[:, None], shape))
    return np.maximum(greatest, until.stockout_probability(np.broadcast_to(units, shape)))


def days_until_out(demand: Demand, stock: DoubleArray, incoming: Incoming) -> DoubleArray:
    """Days until mean demand has used up the stock and all that came by then, shape ``(rows,)``.

    Args:
        demand: Of a week.
        stock: Units at the beginning, shape ``(rows,)``.
        incoming: What comes.
    """
    units = np.maximum(stock, 0)
    until = demand.days_until_out(units)
    for place in range(incoming.days.shape[1]):
        in_time = incoming.days[:, place] <= until
        units = units + np.where(in_time, incoming.units[:, place], 0)
        until = np.where(in_time, demand.days_until_out(units), until)
    return until
