"""Bootstrap over products: how much a figure would move with other products; all figures share the same draws.

The weeks of a product are correlated, so products are drawn, not rows. Drawing with replacement is the same as giving
every product a whole-number weight, and weighted figures need no copy of the rows.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from feature_service.kernel.arrays import BoolArray, DoubleArray, IntArray
from training.metrics.ranking import Ranking

MOST_UNITS = 50_000
"""Products that are drawn by themselves."""

MOST_SCORES = 50_000
"""Different scores that are told apart on a draw."""

_DRAWS_AT_A_TIME = 20
LOW, HIGH = 2.5, 97.5
"""Percentiles of the draws between which an interval lies."""


@dataclass(frozen=True)
class Interval:
    """A figure with the range that it moves in.

    Attributes:
        value: On the rows as they are.
        low: 2.5th percentile of the draws; equal to ``value`` where nothing was drawn.
        high: 97.5th percentile.
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.4f} [{self.low:.4f}, {self.high:.4f}]"


@dataclass(frozen=True)
class Draws:
    """One figure, on the rows as they are and on every draw.

    Attributes:
        value: On the rows as they are.
        samples: On each draw, shape ``(draws,)``; NaN where a draw has no figure, as without a positive outcome.
    """

    value: float
    samples: DoubleArray

    def interval(self) -> Interval:
        """The figure with its 95 % interval."""
        finite = self.samples[np.isfinite(self.samples)]
        if not len(finite):
            return Interval(self.value, self.value, self.value)
        low, high = np.percentile(finite, [LOW, HIGH])
        return Interval(self.value, float(low), float(high))

    def minus(self, other: "Draws") -> "Draws":
        """The difference on each draw, so that what moves both cancels out."""
        return Draws(self.value - other.value, self.samples - other.samples)

    def over(self, other: "Draws") -> "Draws":
        """The ratio on each draw."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return Draws(float(np.divide(self.value, other.value)), self.samples / other.samples)


class Bootstrap:
    """Draws of products, the same for every figure that is asked for.

    Args:
        product: Index of each row's product, shape ``(rows,)``. Of more than ``MOST_UNITS`` products, groups are drawn
            that are put together at random: what their figures vary by is the same, and there are no more of them.
        draws: How many.
        seed: Of the groups and the draws.
    """

    def __init__(self, product: IntArray, draws: int, seed: int) -> None:
        products = int(product.max()) + 1
        self._unit = product if products <= MOST_UNITS else _groups(products, seed)[product]
        self._weights = draw_products(min(products, MOST_UNITS), draws, seed)

    def of_ranking(self, ranking: Ranking) -> tuple[Draws, Draws]:
        """Average precision and AUC. On the draws, neighbouring scores count as one where there are too many."""
        exactly, coarsely = ranking.by_unit(self._unit), ranking.by_unit(self._unit, MOST_SCORES)
        values = exactly.figures(np.ones((1, self._weights.shape[1])))
        parts = np.array_split(self._weights, max(1, len(self._weights) // _DRAWS_AT_A_TIME))
        samples = [coarsely.figures(part) for part in parts]
        precision, auc = (np.concatenate([each[figure] for each in samples]) for figure in range(2))
        return Draws(float(values[0][0]), precision), Draws(float(values[1][0]), auc)

    def of_sums(
        self,
        combine: Callable[..., DoubleArray],
        terms: tuple[npt.NDArray[np.generic], ...],
        rows: BoolArray | None = None,
    ) -> Draws:
        """A figure made of sums over rows, such as recall: summed once per product, then weighted.

        Args:
            combine: From the sums, each of shape ``(any,)``, to the figure of each.
            terms: What is summed, each of shape ``(rows,)``.
            rows: Which rows the terms are of; all where None.
        """
        unit, units = self._unit if rows is None else self._unit[rows], self._weights.shape[1]
        sums = np.stack([np.bincount(unit, term.astype(np.float64), units) for term in terms])
        with np.errstate(divide="ignore", invalid="ignore"):
            value = combine(*sums.sum(axis=1)[:, None])
            return Draws(float(value[0]), combine(*(sums @ self._weights.T)))

    def of_quantile(self, share: float, values: DoubleArray, rows: BoolArray) -> Draws:
        """The least of the values of some rows that at least this share of them does not exceed, such as a median.

        Args:
            share: Above 0 and at most 1.
            values: Of the rows, shape ``(of these rows,)``.
            rows: Which rows they are of.
        """
        order = np.argsort(values, kind="stable")
        weights = np.concatenate([np.ones((1, len(values))), self._weights[:, self._unit[rows]][:, order]])
        running = np.cumsum(weights, axis=1)
        place = (running < share * running[:, -1:]).sum(axis=1)
        found = np.where(running[:, -1] > 0, values[order][np.minimum(place, len(values) - 1)], np.nan)
        return Draws(float(found[0]), found[1:])


def draw_products(products: int, draws: int, seed: int) -> DoubleArray:
    """How often each product is drawn in each draw, shape ``(draws, products)``; rows sum to ``products``."""
    random = np.random.default_rng(seed)
    counts = np.empty((draws, products))
    for draw, sample in enumerate(random.integers(0, products, size=(draws, products))):
        counts[draw] = np.bincount(sample, minlength=products)
    return counts


def _groups(products: int, seed: int) -> IntArray:
    """The group of each product, ``MOST_UNITS`` groups of as many products each, but for one."""
    groups: IntArray = np.random.default_rng(seed).permutation(products) % MOST_UNITS
    return groups
