"""Bootstrap over products: how much a figure would move with other products; all figures share the same draws.

The weeks of a product are correlated, so products are drawn, not rows. Drawing with replacement is the same as giving
every product a whole-number weight, and weighted figures need no copy of the rows.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from feature_service.kernel.arrays import DoubleArray, FloatArray, IntArray

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


def draw_products(products: int, draws: int, seed: int) -> FloatArray:
    """How often each product is drawn in each draw, shape ``(draws, products)``; rows sum to ``products``."""
    random = np.random.default_rng(seed)
    chosen_products = random.integers(0, products, size=(draws, products))
    counts = np.empty((draws, products), dtype=np.float32)
    for draw, sample in enumerate(chosen_products):
        counts[draw] = np.bincount(sample, minlength=products)
    return counts


def of_rows(statistic: Callable[[DoubleArray], float], product: IntArray, weights: FloatArray) -> Draws:
    """A figure that needs every row, such as average precision.

    Args:
        statistic: From a weight per row to the figure.
        product: Index of each row's product, shape ``(rows,)``.
        weights: As of :func:`draw_products`.
    """
    value = statistic(np.ones(len(product)))
    return Draws(value, np.array([statistic(each[product].astype(np.float64)) for each in weights]))


def of_sums(
    combine: Callable[..., DoubleArray],
    terms: tuple[npt.NDArray[np.generic], ...],
    product: IntArray,
    weights: FloatArray,
) -> Draws:
    """A figure made of sums over rows, such as recall: summed once per product, then weighted.

    Args:
        combine: From the sums, each of shape ``(any,)``, to the figure of each.
        terms: What is summed, each of shape ``(rows,)``.
        product: Index of each row's product, shape ``(rows,)``.
        weights: As of :func:`draw_products`.
    """
    by_product = [np.bincount(product, term.astype(np.float64), weights.shape[1]) for term in terms]
    with np.errstate(divide="ignore", invalid="ignore"):
        value = combine(*(np.array([each.sum()]) for each in by_product))
        return Draws(float(value[0]), combine(*(weights @ each for each in by_product)))
