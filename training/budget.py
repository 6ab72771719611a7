"""Which rows a model is fitted on where there are more than it needs: a seeded sample, weighted to stand for all.

Beyond some rows more of them teach nothing (ARCHITECTURE.md shows the curves), but each costs time and memory. Rows of
the rarer outcome come first, up to half of the budget; of the others the newer weeks, half as likely every
``HALF_LIFE_WEEKS`` further back. Each row weighs the inverse of its chance to be drawn, so that the weighted rows have
the outcomes and the weeks of all rows, and probabilities mean what they would have meant.
"""

from dataclasses import dataclass

import numpy as np

from data.weeks import WeekNumbers
from feature_service.kernel.arrays import BoolArray, DoubleArray, FloatArray, IntArray

ROW_BUDGET = 150_000
"""Rows that a model is fitted on at most, but for chance."""

LEAST_ROW_BUDGET = 1_000
HALF_LIFE_WEEKS = 26
_ROWS_AT_A_TIME = 1_000_000


@dataclass(frozen=True)
class Sample:
    """Some rows, and how much each weighs.

    Attributes:
        rows: Indices, ascending.
        weights: Of these rows, 1 on average; None where these are all rows, each weighing the same.
    """

    rows: IntArray
    weights: DoubleArray | None


def sample_rows(candidates: BoolArray, outcome: FloatArray, week: WeekNumbers, budget: int, seed: int) -> Sample:
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
    random, parts = np.random.default_rng(seed), []
    chances = _Chances(outcome[rows], week[rows], budget)
    for first in range(0, len(rows), _ROWS_AT_A_TIME):
        some = rows[first : first + _ROWS_AT_A_TIME]
        chance = chances.of(outcome[some], week[some])
        drawn = random.random(len(some)) < chance
        parts.append((some[drawn], 1 / chance[drawn]))
    taken, weights = (np.concatenate(each) for each in zip(*parts, strict=True))
    return Sample(taken, weights / weights.mean())


class _Chances:
    """The chance of a row to be drawn, by its outcome and week; over all rows they add up to the budget."""

    def __init__(self, outcome: FloatArray, week: WeekNumbers, budget: int) -> None:
        self._rarer_outcome = 0 if np.count_nonzero(outcome == 1) * 2 > len(outcome) else 1
        self._first = int(week.min())
        is_rarer = outcome == self._rarer_outcome
        rarer, budget_of_rarer = int(np.count_nonzero(is_rarer)), budget // 2
        self._of_rarer = _scaled(np.ones(1), np.array([rarer]), min(rarer, budget_of_rarer))[0] if rarer else 0.0
        counts = np.bincount(week[~is_rarer] - self._first)
        weeks = np.flatnonzero(counts)
        recency = 0.5 ** ((int(week.max()) - self._first - weeks) / HALF_LIFE_WEEKS)
        self._of_week = np.zeros(len(counts))
        self._of_week[weeks] = _scaled(recency, counts[weeks], budget - min(rarer, budget_of_rarer))

    def of(self, outcome: FloatArray, week: WeekNumbers) -> DoubleArray:
        """Shape ``(rows,)``."""
        is_rarer = outcome == self._rarer_outcome
        place = np.where(is_rarer, 0, week - self._first)
        return np.where(is_rarer, self._of_rarer, self._of_week[place])


def _scaled(size: DoubleArray, count: IntArray, total: int) -> DoubleArray:
    """Chances in proportion to ``size``, 1 at most, that add up to ``total`` over ``count`` rows of each size."""
    chance = np.zeros(len(size))
    open_sizes = np.ones(len(size), dtype=np.bool_)
    while open_sizes.any():
        left = total - count[~open_sizes].sum()
        chance[open_sizes] = size[open_sizes] * left / (size * count)[open_sizes].sum()
        beyond = open_sizes & (chance > 1)
        if not beyond.any():
            break
        chance[beyond], open_sizes = 1.0, open_sizes & ~beyond
    return chance
