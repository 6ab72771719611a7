"""How far a week's products lie from those of the weeks before: one statistic for each kind of column.

Each is made of sums over products, one number or some numbers a week, its *parts*. So the same statistic of resampled
products is that of a weighted sum, and that of several weeks together is that of their sum.

Distances are of relative size where there is one: 0.1 is as if everything were a tenth larger.
"""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from feature_service.kernel.arrays import BoolArray, DoubleArray

_FEWEST_SUMMED, _FEWEST_COMPARED = 10, 30
_FEWEST_POSITIVES = 2
GAP_WEEKS = 1
"""Between a week and what it is held against, so that the second week of a drift is not held against the first."""

BASE_WEEKS = 13
"""In which a product's own prices are looked for, against which its price is held."""

_HALF = 0.5  # of a unit, so that a sum of nothing has a logarithm


class Statistic(Protocol):
    """A kind of column. ``now`` and ``before`` are parts: of a week, and of a usual week among those before it."""

    @property
    def floor(self) -> float:
        """A distance that is smaller than this is of no interest, however sure it is."""

    @property
    def is_signed(self) -> bool:
        """Whether the distance has a direction; else it is 0 or more."""

    def distance(self, now: DoubleArray, before: DoubleArray) -> DoubleArray:
        """How far apart they are; shape ``(..., parts)`` to ``(...)``."""

    def is_enough(self, now: DoubleArray, before: DoubleArray) -> BoolArray:
        """Whether there are products enough to tell; shape ``(..., parts)`` to ``(...)``."""

    def in_words(self, now: DoubleArray, before: DoubleArray) -> str:
        """What was and what is, of one week; shape ``(parts,)`` both."""


@dataclass(frozen=True)
class Total:
    """A sum over products. Parts: the sum, and how many products have a share in it.

    Attributes:
        fewest: Products that must have a share in it.
        per: What it is a sum of, behind the figure.
    """

    floor: float = math.log(1.1)
    is_signed: bool = True
    fewest: int = _FEWEST_SUMMED
    per: str = ""

    def distance(self, now: DoubleArray, before: DoubleArray) -> DoubleArray:
        """Logarithm of the ratio."""
        return np.log((now[..., 0] + _HALF) / (before[..., 0] + _HALF))

    def is_enough(self, now: DoubleArray, before: DoubleArray) -> BoolArray:  # noqa: ARG002 - none at all is news
        """By the weeks before."""
        return before[..., 1] >= self.fewest

    def in_words(self, now: DoubleArray, before: DoubleArray) -> str:
        """Both sums, and the ratio."""
        if now[0] <= 0:
            return f"none, {_number(before[0])}{self.per} before"
        return f"{_number(now[0])}{self.per}, {_number(before[0])} before ({times(now[0] / max(before[0], _HALF))})"


@dataclass(frozen=True)
class Share:
    """A share of products. Parts: those that have it, and all.

    Attributes:
        only_rises: Whether a fall is no distance.
    """

    floor: float = 0.03
    is_signed: bool = True
    only_rises: bool = False

    def distance(self, now: DoubleArray, before: DoubleArray) -> DoubleArray:
        """Difference."""
        difference: DoubleArray = now[..., 0] / now[..., 1] - before[..., 0] / before[..., 1]
        return np.maximum(difference, 0) if self.only_rises else difference

    def is_enough(self, now: DoubleArray, before: DoubleArray) -> BoolArray:
        """By both."""
        return (now[..., 1] >= _FEWEST_COMPARED) & (before[..., 1] >= _FEWEST_COMPARED)

    def in_words(self, now: DoubleArray, before: DoubleArray) -> str:
        """Both shares."""
        return f"{_percent(now)} of products, {_percent(before)} before"


@dataclass(frozen=True)
class Rate:
    """How often a rare thing comes true. Parts: how often it did, and how often it could have."""

    floor: float = math.log(1.25)
    is_signed: bool = True

    def distance(self, now: DoubleArray, before: DoubleArray) -> DoubleArray:
        """Logarithm of the ratio."""
        return np.log((now[..., 0] + _HALF) / now[..., 1]) - np.log((before[..., 0] + _HALF) / before[..., 1])

    def is_enough(self, now: DoubleArray, before: DoubleArray) -> BoolArray:
        """By both; of the weeks before, also how often it came true."""
        compared = (now[..., 1] >= _FEWEST_COMPARED) & (before[..., 1] >= _FEWEST_COMPARED)
        return compared & (before[..., 0] >= _FEWEST_POSITIVES)

    def in_words(self, now: DoubleArray, before: DoubleArray) -> str:
        """Both rates."""
        return f"{_percent(now)} of products, {_percent(before)} before"


@dataclass(frozen=True)
class Level:
    """Prices against those of the same products before.

    Parts: the logarithms of the ratios added up, and how many there are; as figures, the level on a scale of logarithms
    that all weeks share, and how many.
    """

    floor: float = math.log(1.05)
    is_signed: bool = True

    def figures(self, sums: DoubleArray) -> DoubleArray:
        """From ratios to a quarter before, which a change goes on to enter, to levels that stay where they are.

        Args:
            sums: Shape ``(..., weeks, 2)``.
        """
        with np.errstate(all="ignore"):
            change = sums[..., 0] / sums[..., 1]
        level = np.zeros(change.shape)
        for week in range(1 + GAP_WEEKS, change.shape[-1]):
            base = level[..., max(0, week - GAP_WEEKS - BASE_WEEKS) : week - GAP_WEEKS].mean(axis=-1)
            level[..., week] = base + np.nan_to_num(change[..., week])
        return np.stack([level, sums[..., 1]], axis=-1)

    def distance(self, now: DoubleArray, before: DoubleArray) -> DoubleArray:
        """Difference of the levels."""
        difference: DoubleArray = now[..., 0] - before[..., 0]
        return difference

    def is_enough(self, now: DoubleArray, before: DoubleArray) -> BoolArray:
        """By both."""
        return (now[..., 1] >= _FEWEST_SUMMED) & (before[..., 1] >= _FEWEST_SUMMED)

    def in_words(self, now: DoubleArray, before: DoubleArray) -> str:
        """The ratio."""
        return f"level {times(math.exp(now[0] - before[0]))} of what the same products cost before"


@dataclass(frozen=True)
class Calibration:
    """How often it comes true beside how often it was expected to. Parts: came true, expected, how many products."""

    floor: float = math.log(1.25)
    is_signed: bool = True

    def distance(self, now: DoubleArray, before: DoubleArray) -> DoubleArray:
        """Logarithm of the ratio of the ratios."""
        return np.log(_of_expected(now)) - np.log(_of_expected(before))

    def is_enough(self, now: DoubleArray, before: DoubleArray) -> BoolArray:
        """By what was expected."""
        enough = (now[..., 2] >= _FEWEST_COMPARED) & (now[..., 1] >= _FEWEST_POSITIVES)
        return enough & (before[..., 1] >= _FEWEST_POSITIVES)

    def in_words(self, now: DoubleArray, before: DoubleArray) -> str:
        """Both ratios, and the figures behind the present one."""
        figures = f"{_number(now[0])} came true, {now[1]:,.1f} were expected"
        return f"{figures}: {times(float(_of_expected(now)))}, {times(float(_of_expected(before)))} before"


def times(ratio: float) -> str:
    """``x1.31``."""
    return f"x{ratio:,.2f}" if ratio < 10 else f"x{ratio:,.0f}"


def _of_expected(parts: DoubleArray) -> DoubleArray:
    return (parts[..., 0] + _HALF) / (parts[..., 1] + _HALF)


def _percent(parts: DoubleArray) -> str:
    share = parts[0] / parts[1]
    return f"{share:.1%}" if share < 0.1 else f"{share:.0%}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:,.1f}"
