"""The probability that a product sells nothing, from its own past pooled with its category's.

Sales of a week are taken as Poisson with a rate of each product's own, and the rates of a category as Gamma(a, b): few
weeks of a product's own say little, then the category speaks; many weeks speak for themselves. After S units in n weeks
no unit over the next h weeks has the probability ((b + n) / (b + n + h)) ** (a + S).

The prior is fitted anew for every week, from what was known by then, by the method of moments: S has mean n*m and
variance n*m + (n*m)**2 / a, so a = m**2 * sum(n**2) / (sum((S - n*m)**2) - m * sum(n)) and b = a / m.
"""

from collections.abc import Sequence

import numpy as np

from feature_service.kernel.arrays import DoubleArray, FloatArray

PAST_WEEKS = 8
"""Rates change, so only so many weeks back count: of 8, 13, 26, 52 and all, 8 came closest to what happened."""

FEWEST_PRODUCTS = 20
"""A category with fewer products known by then is too small for a prior of its own and takes that of all products."""

_LEAST_SHAPE, _LARGEST_SHAPE = 1e-3, 1e6
_LEAST_MEAN = 1e-6


def zero_probability(units_sold: FloatArray, categories: Sequence[str], horizon_weeks: int) -> DoubleArray:
    """Probability of no sale in the weeks after each week, as seen at its end; shape ``(products, weeks)``.

    Args:
        units_sold: Units per week, shape ``(products, weeks)``, NaN before launch.
        categories: Each product's.
        horizon_weeks: Weeks ahead.
    Returns:
        NaN before a product's launch; column t is made of columns up to t only.
    """
    weeks = _trailing(np.isfinite(units_sold).astype(np.float64))
    units = _trailing(np.nan_to_num(units_sold).astype(np.float64))
    shape, rate = _priors(units, weeks, categories)
    chance = ((rate + weeks) / (rate + weeks + horizon_weeks)) ** (shape + units)
    return np.where(np.isfinite(units_sold), chance, np.nan)


def _trailing(values: DoubleArray) -> DoubleArray:
    """Sums over the last ``PAST_WEEKS`` weeks, or as many as there are."""
    total = np.cumsum(values, axis=1)
    # copied first: the difference is taken against the running sums as they were
    total[:, PAST_WEEKS:] = total[:, PAST_WEEKS:] - total[:, :-PAST_WEEKS].copy()
    return total


def _priors(units: DoubleArray, weeks: DoubleArray, categories: Sequence[str]) -> tuple[DoubleArray, DoubleArray]:
    """Shape and rate of each product's prior in every week, shape ``(products, weeks)`` each."""
    _, group = np.unique(np.array(categories, dtype=object).astype(str), return_inverse=True)
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))

    def by_category(values: DoubleArray) -> DoubleArray:
        sums: DoubleArray = np.add.reduceat(values[order], starts, axis=0)
        return sums

    moments = [by_category(each) for each in (units, weeks, units**2, units * weeks, weeks**2)]
    product_counts = by_category((weeks > 0).astype(np.float64))
    of_all = [np.where(product_counts < FEWEST_PRODUCTS, each.sum(axis=0), each) for each in moments]
    shape, rate = _fit(*of_all)
    return shape[group], rate[group]


def _fit(
    units: DoubleArray, weeks: DoubleArray, units_2: DoubleArray, both: DoubleArray, weeks_2: DoubleArray
) -> tuple[DoubleArray, DoubleArray]:
    """Shape and rate by moments, from the sums of S, n, S², S*n and n² over products."""
    mean = units / np.maximum(weeks, 1)
    between = units_2 - 2 * mean * both + mean**2 * weeks_2 - mean * weeks
    # rates that differ no more than chance would have them: one rate for all, the limit of a large shape
    shape = mean**2 * weeks_2 / np.where(between > 0, between, np.inf)
    shape = np.clip(np.where(between > 0, shape, _LARGEST_SHAPE), _LEAST_SHAPE, _LARGEST_SHAPE)
    return shape, shape / np.maximum(mean, _LEAST_MEAN)
