"""Distributions over products, as histograms on a scale that counts and prices share.

The scale is that of ``arcsinh(value / typical value)``: like a logarithm far from 0, so that one product that sells a
thousand times the usual moves little, and a straight line through 0, so that a week without sales has a place on it.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from feature_service.kernel.arrays import BoolArray, DoubleArray, GroupNumbers
from monitoring.drift.statistics.clusters import CLUSTERS

_POINTS = 64
_MOST_POOLED = 200_000
_FEWEST = 30


@dataclass(frozen=True)
class Distribution:
    """The values of the products. Parts: how many of them lie nearest to each point.

    Attributes:
        values: The points as values, rising.
        points: The same on the scale of distances.
    """

    values: DoubleArray
    points: DoubleArray
    floor: float = 0.05
    is_signed: bool = False

    def distance(self, now: DoubleArray, before: DoubleArray) -> DoubleArray:
        """How far the values moved, on average, on the scale (the first Wasserstein distance)."""
        gap = np.cumsum(_shares(now) - _shares(before), axis=-1)[..., :-1]
        moved: DoubleArray = np.abs(gap) @ np.diff(self.points)
        return moved

    def is_enough(self, now: DoubleArray, before: DoubleArray) -> BoolArray:
        """By both."""
        enough: BoolArray = (now.sum(axis=-1) >= _FEWEST) & (before.sum(axis=-1) >= _FEWEST)
        return enough

    def in_words(self, now: DoubleArray, before: DoubleArray) -> str:
        """Which way, both quartiles, and the share of zeros where that changed."""
        moved = float((_shares(now) - _shares(before)) @ self.points)
        way = "higher" if moved > 0 else "lower"
        zero = (_share_of(now, self.values == 0), _share_of(before, self.values == 0))
        zeros = f"; 0 for {zero[0]:.0%}, {zero[1]:.0%} before" if abs(zero[0] - zero[1]) >= 0.01 else ""
        return f"{way}: quartiles {self._quartiles(now)}, before {self._quartiles(before)}{zeros}"

    def median(self, parts: DoubleArray) -> str:
        """As people read it."""
        return _value(self._quantile(parts, 0.5))

    def _quartiles(self, parts: DoubleArray) -> str:
        return ", ".join(_value(self._quantile(parts, share)) for share in (0.25, 0.5, 0.75))

    def _quantile(self, parts: DoubleArray, share: float) -> float:
        return float(self.values[np.searchsorted(np.cumsum(parts), share * parts.sum() - 1e-9)])


def histogram(values: npt.NDArray[np.floating], clusters: GroupNumbers) -> tuple[Distribution, DoubleArray]:
    """The distribution over products of each week.

    Args:
        values: Shape ``(products, weeks)``; NaN is in no histogram.
        clusters: Of each product.
    Returns:
        What is counted, and the counts, shape ``(CLUSTERS, weeks, points)``.
    """
    known = np.isfinite(values)
    points = _points_of(values[known])
    place = np.searchsorted((points[1:] + points[:-1]) / 2, values)
    weeks = values.shape[1]
    cells = (clusters[:, None] * weeks + np.arange(weeks)) * len(points) + place
    counts = np.bincount(cells[known], minlength=CLUSTERS * weeks * len(points))
    typical = np.abs(points[points != 0])
    scale = float(np.median(typical)) if len(typical) else 1.0
    shape = (CLUSTERS, weeks, len(points))
    return Distribution(points, np.arcsinh(points / scale)), counts.reshape(shape).astype(np.float64)


def _points_of(pool: npt.NDArray[np.floating]) -> DoubleArray:
    """Quantiles of all values; a value that many products share is a point by itself."""
    if not len(pool):
        return np.zeros(1)
    some = pool[:: math.ceil(len(pool) / _MOST_POOLED)].astype(np.float64)
    return np.unique(np.quantile(some, np.linspace(0, 1, _POINTS), method="inverted_cdf"))


def _shares(parts: DoubleArray) -> DoubleArray:
    shares: DoubleArray = parts / parts.sum(axis=-1, keepdims=True)
    return shares


def _share_of(parts: DoubleArray, chosen: BoolArray) -> float:
    return float(parts[chosen].sum() / parts.sum())


def _value(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.3g}"
