"""From distances to states: which columns are alarming in a week, and which have been for two weeks running.

Everything is told anew from the weeks themselves, so that a run that was missed changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from feature_service.kernel.arrays import BoolArray, DoubleArray
from monitoring.drift.alarm.usual import Usual, discoveries
from monitoring.drift.columns.column import (
    OLDEST_REFERENCE_WEEKS,
    Column,
    Distances,
    Weeks,
    distance_at,
    distances,
    reference_weeks,
)
from monitoring.drift.statistics.kinds import GAP_WEEKS

STEADY, WATCH, DRIFTED, UNKNOWN = "steady", "watch", "drifted", "unknown"


@dataclass(frozen=True)
class Alarms:
    """What became of every column in every week; shape ``(columns, weeks)`` each.

    Attributes:
        distances: From the reference weeks.
        p: The chance of such a distance in a usual week; NaN where it is not known.
        usual: The mean of the usual distances.
        weeks: How many usual weeks there were.
        is_alarming: Where the distance is above the floor and told apart from chance.
        is_second: Where it was so in the week before, too, and the same way.
    """

    distances: Distances
    p: DoubleArray
    usual: DoubleArray
    weeks: DoubleArray
    is_alarming: BoolArray
    is_second: BoolArray

    def states(self, week: int) -> list[str]:
        """The state of every column in a week."""
        of_week = (self.p[:, week], self.is_alarming[:, week], self.is_second[:, week])
        return [
            UNKNOWN if np.isnan(p) else DRIFTED if second else WATCH if alarming else STEADY
            for p, alarming, second in zip(*of_week, strict=True)
        ]

    def reference(self, column: int, week: int) -> Weeks:
        """The weeks that a week of a column is held against."""
        return reference_weeks(~self.is_alarming[column], week)

    def since(self, column: int, week: int) -> int:
        """The first of the alarming weeks that end with this one, in a row; the week itself if it is none."""
        first = week
        while first > 0 and self.is_second[column, first]:
            first -= 1
        return first


def alarms(columns: Sequence[Column], weights: DoubleArray) -> Alarms:
    """Go through the weeks, each judged by those before it; an alarming week is none of the usual ones later.

    Args:
        columns: What is watched.
        weights: How often each cluster is drawn, shape ``(draws, CLUSTERS)``.
    """
    walk = _Walk(columns, weights)
    for week in range(1, walk.distances.values.shape[1]):
        walk.judge(week)
    return walk.result()


class _Walk:
    def __init__(self, columns: Sequence[Column], weights: DoubleArray) -> None:
        self._columns, self._weights = columns, weights
        self._floors = np.array([each.statistic.floor for each in columns])
        self._is_signed = np.array([each.statistic.is_signed for each in columns])
        self.distances = distances(columns, weights)
        shape = self.distances.values.shape
        self._p, self._usual, self._weeks = (np.full(shape, np.nan) for _ in range(3))
        self._alarming = np.zeros(shape, dtype=np.bool_)

    def judge(self, week: int) -> None:
        """Judge a week when those before it are judged."""
        self._look_past_alarms(week)
        values, noise = self.distances.values, self.distances.noise
        known = Usual(values[:, :week], noise[:, :week], ~self._alarming[:, :week])
        p = known.p_values(values[:, week], noise[:, week], self._is_signed)
        with np.errstate(invalid="ignore"):
            beyond = values[:, week] - known.mean
            far = np.minimum(np.abs(values[:, week]), np.abs(beyond)) >= self._floors
            same_way = np.sign(beyond) == np.sign(values[:, week])
        self._alarming[:, week] = discoveries(p) & far & same_way
        self._p[:, week], self._usual[:, week], self._weeks[:, week] = p, known.mean, known.weeks

    def _look_past_alarms(self, week: int) -> None:
        """Hold columns that were out of the ordinary against weeks in which they were not."""
        lately = self._alarming[:, max(0, week - GAP_WEEKS - OLDEST_REFERENCE_WEEKS) : max(0, week - GAP_WEEKS)]
        of_weeks = (self.distances.values, self.distances.noise, self.distances.is_enough)
        for place in np.flatnonzero(lately.any(axis=1)).tolist():
            reference = reference_weeks(~self._alarming[place], week)
            found = distance_at(self._columns[place], self._weights, week, reference)
            for of_all, of_week in zip(of_weeks, found, strict=True):
                of_all[place, week] = of_week

    def result(self) -> Alarms:
        """Of all weeks that were judged."""
        values, alarming = self.distances.values, self._alarming
        second = np.zeros_like(alarming)
        second[:, 1:] = alarming[:, 1:] & alarming[:, :-1] & (np.sign(values[:, 1:]) == np.sign(values[:, :-1]))
        return Alarms(self.distances, self._p, self._usual, self._weeks, alarming, second)
