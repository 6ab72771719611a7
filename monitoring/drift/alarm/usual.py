"""How sure it is that a week's distance is none of the usual ones: a p-value for every column of a week.

Usual is how the same distance was spread over past weeks. Season, trend and noise that moved past weeks against *their*
reference weeks are part of that spread; so is the chance of which products there happen to be, by which the spread is
never held to be smaller than it is over resampled products. Distances of successive weeks hang together, above all of
features that look back over weeks: then so many weeks tell less than as many would by themselves.
"""

import numpy as np
from scipy.special import stdtr

from feature_service.kernel.arrays import BoolArray, DoubleArray

LEAST_USUAL_WEEKS, MOST_USUAL_WEEKS = 6, 39
FALSE_DISCOVERY_RATE = 0.05

_HIGHEST_CORRELATION = 0.95
_LEAST_INDEPENDENT_WEEKS = 1.5


class Usual:
    """What was usual of some columns before a week.

    Args:
        values: Their distances in the weeks before, shape ``(columns, weeks)``.
        noise: Standard deviations over resampled products, of the same shape.
        is_usual: Which of these weeks were none of a drift.
    """

    def __init__(self, values: DoubleArray, noise: DoubleArray, is_usual: BoolArray) -> None:
        newest = slice(-MOST_USUAL_WEEKS, None)
        values, noise = values[:, newest], noise[:, newest]
        chosen = is_usual[:, newest] & np.isfinite(values)
        self.weeks = chosen.sum(axis=1)
        with np.errstate(all="ignore"):
            self.mean: DoubleArray = np.where(chosen, values, 0).sum(axis=1) / self.weeks
            rest = np.where(chosen, values - self.mean[:, None], 0)
            self._noise = np.where(chosen, noise**2, 0).sum(axis=1) / self.weeks
            self._spread_over(rest, chosen)

    def _spread_over(self, rest: DoubleArray, chosen: BoolArray) -> None:
        """Variance, independent weeks and degrees of freedom of a series in which successive weeks are alike."""
        weeks = self.weeks.astype(np.float64)
        squares = (rest**2).sum(axis=1)
        pairs = (chosen[:, 1:] & chosen[:, :-1]).sum(axis=1)
        alike = (rest[:, 1:] * rest[:, :-1]).sum(axis=1) / pairs / (squares / weeks)
        alike = alike + (1 + 4 * alike) / weeks  # of few weeks it comes out too low by as much
        alike = np.clip(np.nan_to_num(alike), 0, _HIGHEST_CORRELATION)
        self._independent = np.maximum(weeks * (1 - alike) / (1 + alike), _LEAST_INDEPENDENT_WEEKS)
        too_low = np.maximum(1 - (weeks / self._independent - 1) / (weeks - 1), 0.1)
        self._variance = squares / (weeks - 1) / too_low
        self._freedom = np.maximum(weeks * (1 - alike**2) / (1 + alike**2) - 1, 1)

    def p_values(self, values: DoubleArray, noise: DoubleArray, is_signed: BoolArray) -> DoubleArray:
        """The chance of a distance at least as unusual in a usual week, shape ``(columns,)``.

        Args:
            values: The week's distances.
            noise: Their standard deviations over resampled products.
            is_signed: Where either way is unusual; else only farther away.
        Returns:
            NaN where the distance is not known, or too few weeks say what is usual.
        """
        with np.errstate(all="ignore"):
            now = noise**2
            variance = np.maximum(self._variance, self._noise) + np.maximum(now - self._noise, 0)
            score = (values - self.mean) / np.sqrt(variance * (1 + 1 / self._independent))
            score = np.where((variance == 0) & (values == self.mean), 0, score)
            p = stdtr(self._freedom, -np.where(is_signed, np.abs(score), score))
        p = np.where(is_signed, 2 * p, p)
        return np.where(np.isfinite(values) & (self.weeks >= LEAST_USUAL_WEEKS), p, np.nan)


def discoveries(p: DoubleArray) -> BoolArray:
    """Which of many columns are told apart from chance, by Benjamini and Hochberg; never one whose p-value is NaN.

    A p-value of 1 is that of a column that never moved at all: it is none of the many.
    """
    order = np.argsort(p)  # NaN comes last
    count = (p < 1).sum()
    below = p[order[:count]] <= FALSE_DISCOVERY_RATE * np.arange(1, count + 1) / max(count, 1)
    found = np.zeros(len(p), dtype=np.bool_)
    if below.any():
        found[order[: np.flatnonzero(below)[-1] + 1]] = True
    return found
