"""Which rows a model is fitted on where there are more than it needs: a seeded sample, weighted to stand for all.

Beyond some rows more of them teach nothing (ARCHITECTURE.md shows the curves), but each costs time and memory. Rows of
the rarer outcome come first, up to half of the budget; of the others the newer weeks, half as likely every
``HALF_LIFE_WEEKS`` further back. Each row weighs the inverse of its chance to be drawn, so that the weighted rows have
the outcomes and the weeks of all rows, and probabilities mean what they would have meant.
"""

from dataclasses import dataclass

import numpy as np

from feature_service.kernel.arrays import BoolArray, DoubleArray, FloatArray, IntArray

ROW_BUDGET = 150_000
"""Rows that a model is fitted on at most, but for chance."""

LEAST_ROW_BUDGET = 1_000
HALF_LIFE_WEEKS = 26


@dataclass(frozen=True)
class Sample:
    """Some rows, and how much each weighs.

    Attributes:
        rows: Indices, ascending.
        weights: Of these rows, 1 on average; None where these are all rows, each weighing the same.
    """

    rows: IntArray
    weights: DoubleArray | None


def sample_rows(candidates: BoolArray, outcome: FloatArray, week: IntArray, budget: int, seed: int) -> Sample:
    """All candidates, or a sample of about ``budget`` rows of them.

    Args:
        candidates: Which rows may be taken, shape ``(rows,)``.
        outcome: 1 or 0 for these, shape ``(rows,)``.
        week: Week number of each row, shape ``(rows,)``.
        budget: Rows, at least 1.
        seed: Of the draw; the same rows and seed give the same sample.
    """
    rows: IntArray = np.flatnonzero(candidates)
    if len(rows) <= budget:
        return Sample(rows, None)
    chance = _chances(outcome[rows], week[rows], budget)
    drawn = np.random.default_rng(seed).random(len(rows)) < chance
    weights = 1 / chance[drawn]
    return Sample(rows[drawn], weights / weights.mean())


def _chances(outcome: FloatArray, week: IntArray, budget: int) -> DoubleArray:
    """The chance of each row to be drawn, shape ``(rows,)``; they add up to the budget."""
    is_rarer = outcome == (0 if np.count_nonzero(outcome == 1) * 2 > len(outcome) else 1)
    rarer = min(int(np.count_nonzero(is_rarer)), budget // 2)
    recency = 0.5 ** ((week.max() - week) / HALF_LIFE_WEEKS)
    chance = _scaled(recency, ~is_rarer, budget - rarer)
    return np.where(is_rarer, _scaled(np.ones(len(week)), is_rarer, rarer), chance)


def _scaled(size: DoubleArray, among: BoolArray, total: int) -> DoubleArray:
    """Chances in proportion to ``size``, 1 at most, that add up to ``total`` over the rows ``among``."""
    sizes, of_row, count = np.unique(size[among], return_inverse=True, return_counts=True)
    chance = np.zeros(len(sizes))
    open_sizes = np.ones(len(sizes), dtype=np.bool_)
    while open_sizes.any():
        left = total - count[~open_sizes].sum()
        chance[open_sizes] = sizes[open_sizes] * left / (sizes * count)[open_sizes].sum()
        beyond = open_sizes & (chance > 1)
        if not beyond.any():
            break
        chance[beyond], open_sizes = 1.0, open_sizes & ~beyond
    result = np.zeros(len(size))
    result[among] = chance[of_row]
    return result
