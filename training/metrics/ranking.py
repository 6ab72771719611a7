"""How well a score ranks the rows: average precision and AUC, ties taken together."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from feature_service.kernel.arrays import DoubleArray, FloatArray, IntArray


class Ranking:
    """Rows in the order of a score.

    Args:
        outcome: 1 or 0, shape ``(rows,)``.
        score: Higher ranks first, shape ``(rows,)``.
    """

    def __init__(self, outcome: FloatArray, score: FloatArray) -> None:
        order = np.argsort(-score, kind="stable")
        descending = score[order]
        place = np.cumsum(np.append(False, descending[1:] != descending[:-1]))
        self._place: IntArray = np.empty(len(order), dtype=np.int64)
        self._place[order] = place
        self._places = int(place[-1]) + 1
        self._outcome = outcome

    def by_unit(self, unit: IntArray, most_places: int | None = None) -> "RankedUnits":
        """What each unit has at each place of the ranking.

        Args:
            unit: Which each row belongs to, 0 and up, shape ``(rows,)``.
            most_places: Of more places than these, neighbours are put together; None for all.
        """
        place, places = self._place, self._places
        if most_places is not None and places > most_places:
            place, places = place * most_places // places, most_places
        shape = (places, int(unit.max()) + 1)
        of_kind = [rows.astype(np.float64) for rows in (self._outcome == 1, self._outcome == 0)]
        positives, negatives = (csr_array((each, (place, unit)), shape) for each in of_kind)
        return RankedUnits(positives, negatives)


@dataclass(frozen=True)
class RankedUnits:
    """Positive and negative rows by place and unit, shape ``(places, units)`` both."""

    positives: csr_array
    negatives: csr_array

    def figures(self, weights: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
        """Average precision and AUC for each weighting of the units, shape ``(weightings,)`` both.

        Args:
            weights: Whole numbers, shape ``(weightings, units)``; units beyond the last that has a row do not matter.
        Returns:
            NaN where no positive row has a weight; of the AUC, where no negative row has one, too.
        """
        by_unit = np.ascontiguousarray(weights.T[: self.positives.shape[1]])
        hit, missed = self.positives @ by_unit, self.negatives @ by_unit
        hits, misses = np.cumsum(hit, axis=0), np.cumsum(missed, axis=0)
        with np.errstate(invalid="ignore"):
            precision = hits / np.maximum(hits + misses, 1e-12)
            average_precision = (hit * precision).sum(axis=0) / hits[-1]
            above = hits - hit / 2
            auc = (missed * above).sum(axis=0) / (hits[-1] * misses[-1])
        return average_precision, auc


def average_precision(outcome: FloatArray, score: FloatArray) -> float:
    """Average precision where all rows weigh the same."""
    units = Ranking(outcome, score).by_unit(np.zeros(len(outcome), dtype=np.int64))
    return float(units.figures(np.ones((1, 1)))[0][0])
