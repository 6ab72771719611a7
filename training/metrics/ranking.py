"""How well a score ranks the rows: average precision and AUC, ties taken together."""

import numpy as np

from feature_service.kernel.arrays import DoubleArray, FloatArray


class Ranking:
    """Rows in the order of a score, so that each draw only has to add up."""

    def __init__(self, outcome: FloatArray, score: FloatArray) -> None:
        self._order = np.argsort(-score, kind="stable")
        descending = score[self._order]
        self._last_of_tie = np.flatnonzero(np.append(descending[1:] != descending[:-1], True))
        self._positive = outcome[self._order].astype(np.float64)

    def _counts(self, weights: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
        """Weight of positive and of all rows down to each score, a 0 in front."""
        in_order = weights[self._order]
        hits = np.cumsum(in_order * self._positive)[self._last_of_tie]
        rows = np.cumsum(in_order)[self._last_of_tie]
        return np.append(0.0, hits), np.append(0.0, rows)

    def average_precision(self, weights: DoubleArray) -> float:
        """Area under the precision–recall curve; NaN where no positive row has a weight.

        Args:
            weights: Of each row, shape ``(rows,)``.
        """
        hits, rows = self._counts(weights)
        if hits[-1] == 0:
            return float("nan")
        precision = hits[1:] / np.maximum(rows[1:], 1e-12)
        return float((np.diff(hits) * precision).sum() / hits[-1])

    def auc(self, weights: DoubleArray) -> float:
        """Chance that a positive row ranks above a negative one; NaN where one kind of row has no weight.

        Args:
            weights: Of each row, shape ``(rows,)``.
        """
        hits, rows = self._counts(weights)
        misses = rows - hits
        if hits[-1] == 0 or misses[-1] == 0:
            return float("nan")
        above = hits[:-1] + np.diff(hits) / 2
        return float((np.diff(misses) * above).sum() / (hits[-1] * misses[-1]))


def average_precision(outcome: FloatArray, score: FloatArray) -> float:
    """Average precision where all rows weigh the same."""
    return Ranking(outcome, score).average_precision(np.ones(len(outcome)))
