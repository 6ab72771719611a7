"""The inputs of every figure: how rows turned out, and what a scorer gave for them."""

from dataclasses import dataclass

import numpy as np

from data.weeks import WeekNumbers
from feature_service.kernel.arrays import BoolArray, FloatArray, IntArray

BASE_RATE = "base rate"
"""Name of the scorer that gives every row the share of positive outcomes known by then; skill is relative to it."""


@dataclass(frozen=True)
class Truth:
    """The outcomes of rows, and the groups that they belong to; every array of shape ``(rows,)``.

    Attributes:
        outcome: 1 or 0.
        product: Index of the product, 0 and up.
        week: Index of the ``as_of`` week; neighbouring weeks have neighbouring numbers.
        onset: Whether the row is an onset; None where the label knows nothing of stock.
        selling: Whether something was sold in the four weeks up to ``as_of``.
        segment: Index into ``segments``.
        segments: Names.
    """

    outcome: FloatArray
    product: IntArray
    week: WeekNumbers
    onset: BoolArray | None
    selling: BoolArray
    segment: IntArray
    segments: tuple[str, ...]

    def take(self, rows: IntArray | BoolArray) -> "Truth":
        """Some of the rows; a bootstrap then draws from their products alone."""
        _, product = np.unique(self.product[rows], return_inverse=True)
        return Truth(
            outcome=self.outcome[rows],
            product=product.astype(np.int64),
            week=self.week[rows],
            onset=None if self.onset is None else self.onset[rows],
            selling=self.selling[rows],
            segment=self.segment[rows],
            segments=self.segments,
        )


@dataclass(frozen=True)
class ScorerOutput:
    """What a scorer, be it a model or a rule, gives each row: higher means riskier; shape ``(rows,)``."""

    values: FloatArray
    is_probability: bool

    def take(self, rows: IntArray | BoolArray) -> "ScorerOutput":
        """Some of the rows."""
        return ScorerOutput(self.values[rows], self.is_probability)
