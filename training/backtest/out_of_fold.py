"""What a backtest gives; apart from what makes it, so that its files are read without loading any model's library."""

from collections.abc import Mapping
from dataclasses import dataclass

from feature_service.bundle import Calibration
from feature_service.kernel.arrays import BoolArray, FloatArray, IntArray
from training.backtest.origins import Calendar
from training.metrics.truth import ScorerOutput, Truth

SEGMENTS = ("under 0.5 a week", "0.5 to 2 a week", "2 a week and more")


@dataclass(frozen=True)
class Backtest:
    """Out-of-fold predictions of the evaluated origins, ordered by week, then product; arrays of shape ``(rows,)``.

    Attributes:
        row: Index of each row in the training table.
        truth: Outcomes and groups.
        raw: The model's probability before calibration.
        probability: After it.
        fold: Number of the fit that predicted, from 0.
        rules: Output of each rule by its name.
        calendar: The weeks.
        calibration: Fitted on the newest origins, for the model that is fitted on all rows.
    """

    row: IntArray
    truth: Truth
    raw: FloatArray
    probability: FloatArray
    fold: IntArray
    rules: Mapping[str, ScorerOutput]
    calendar: Calendar
    calibration: Calibration

    @property
    def locked(self) -> BoolArray:
        """Which rows lie in the locked block."""
        inside: BoolArray = self.truth.week >= self.calendar.first_locked
        return inside
