"""Why a probability is what it is: the features that moved it most, with their values, in words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from data.snapshots import Reasons
from feature_service.kernel import Feature, FloatArray
from feature_service.kernel.arrays import RowNumbers


@dataclass(frozen=True, slots=True)
class FeatureReason:
    """What one feature adds to the log-odds."""

    feature: str
    value: float
    contribution: float
    text: str


class ReasonTable:
    """The reasons of every product for the newest week, but of those whose rows are ``outdated``."""

    def __init__(
        self,
        features: Sequence[Feature],
        reasons: Reasons,
        values: FloatArray,
        outdated: frozenset[int] = frozenset(),
    ) -> None:
        self._features, self._reasons, self._values, self._outdated = features, reasons, values, outdated

    @staticmethod
    def values(reasons: Reasons, rows: slice, features: FloatArray) -> FloatArray:
        """Of the features that are reasons: shape ``(rows, reasons)``, out of ``(rows, features)``."""
        which = np.maximum(reasons.feature[rows], 0).astype(np.intp)
        values: FloatArray = np.take_along_axis(features, which, axis=1)
        return values

    def of(self, row: int) -> tuple[FeatureReason, ...]:
        """The strongest first."""
        if row in self._outdated:
            return ()
        columns = zip(
            self._reasons.feature[row].tolist(),
            self._values[row].tolist(),
            self._reasons.contribution[row].tolist(),
            strict=True,
        )
        return tuple(self._reason(*each) for each in columns if each[0] >= 0)

    def without(self, rows: RowNumbers) -> "ReasonTable":
        """The same, but for rows whose features have changed since."""
        outdated = self._outdated.union(rows.tolist())
        return ReasonTable(self._features, self._reasons, self._values, outdated)

    def _reason(self, index: int, value: float, contribution: float) -> FeatureReason:
        feature = self._features[index]
        return FeatureReason(feature.name, value, contribution, feature.in_words(value))
