"""When a product runs out, in weeks ahead, as survival analysis counts: the week of it, or how long there was none.

A time is ``k`` where the product is in stock for ``k - 1`` whole weeks and runs out in the ``k``-th week after
``as_of``; ``-k`` where it is in stock for the ``k`` weeks that are known; NaN where not even the first week is known.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from data.weeks import WeekNumbers
from feature_service.kernel.arrays import DoubleArray, FloatArray, IntArray
from training.labels.interface import STOCK_AWARE, Label

FARTHEST_WEEKS = 12
"""Weeks ahead that a run-out is looked for at most."""


def has_run_out(label: Label) -> bool:
    """Whether a label tells when a product runs out: one that is about stock, week by week."""
    return label.evidence == STOCK_AWARE and label.horizon_weeks == 1


def run_out_times(outcome: FloatArray) -> FloatArray:
    """The times of every product and week.

    Args:
        outcome: Of a label that :func:`has_run_out`, shape ``(products, weeks)``: column t tells of week t+1.
    """
    times = np.full(outcome.shape, np.nan, dtype=np.float32)
    ongoing = np.ones(outcome.shape, dtype=np.bool_)
    for ahead in range(1, min(FARTHEST_WEEKS, outcome.shape[1]) + 1):
        of_week = outcome[:, ahead - 1 :]
        still, there = ongoing[:, : of_week.shape[1]], times[:, : of_week.shape[1]]
        out, in_stock = still & (of_week == 1), still & (of_week == 0)
        there[out], there[in_stock] = ahead, -ahead
        ongoing[:, : of_week.shape[1]] = in_stock
        ongoing[:, of_week.shape[1] :] = False
    return times


def known_at(times: FloatArray, weeks_known: npt.NDArray[np.integer[Any]]) -> FloatArray:
    """The times as they were known when only so many weeks ahead were, shape ``(rows,)`` all."""
    within = np.where(np.abs(times) <= weeks_known, times, -weeks_known)
    known: FloatArray = np.where(np.isnan(times) | (weeks_known < 1), np.nan, within).astype(np.float32)
    return known


def out_by(times: FloatArray, weeks_ahead: int | DoubleArray) -> FloatArray:
    """1 where it runs out by the end of that week, 0 where not, NaN where that is not known; shape ``(rows,)``.

    The week may be another one for each row.
    """
    out, in_stock = (times > 0) & (times <= weeks_ahead), (times > weeks_ahead) | (times <= -weeks_ahead)
    return np.select([out, in_stock], [np.float32(1), np.float32(0)], np.float32(np.nan))


@dataclass(frozen=True)
class WeeksAtRisk:
    """Weeks ahead at whose beginning a product is in stock, and whether it runs out in them; shape ``(weeks,)`` each.

    Attributes:
        row: Of which row's times each is.
        ahead: How many weeks ahead, from 2: the first week is the label's own.
        outcome: 1 or 0.
    """

    row: IntArray
    ahead: FloatArray
    outcome: FloatArray


def weeks_at_risk(times: FloatArray, reach_weeks: int) -> WeeksAtRisk:
    """The weeks at risk of some rows from the second week ahead to the last in reach.

    Args:
        times: Shape ``(rows,)``.
        reach_weeks: The last week ahead.
    """
    last = np.minimum(np.nan_to_num(np.abs(times)), reach_weeks).astype(np.int64)
    count = np.maximum(last - 1, 0)
    row = np.repeat(np.arange(len(times)), count)
    starts = np.repeat(np.cumsum(count) - count, count)
    ahead = (np.arange(len(row)) - starts + 2).astype(np.float32)
    return WeeksAtRisk(row, ahead, (times[row] == ahead).astype(np.float32))


def weeks_known(week: WeekNumbers, origin: int, outcome_weeks: int) -> IntArray:
    """How many weeks after each row's own were known at the end of the origin's week, shape ``(rows,)``.

    Args:
        week: Week number of each row.
        origin: Week number.
        outcome_weeks: Weeks until the outcome of the first week ahead is known.
    """
    known: IntArray = np.maximum(origin - week - outcome_weeks + 1, 0).astype(np.int64)
    return known
