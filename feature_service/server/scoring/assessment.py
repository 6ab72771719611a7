"""What a snapshot's assessor answers of some products."""

from dataclasses import dataclass

import numpy as np

from feature_service.kernel.arrays import BoolArray, DoubleArray, RowNumbers
from feature_service.kernel.ordering import DAYS_PER_WEEK
from feature_service.kernel.run_out import days_at_risk
from feature_service.server.scoring.planner import Figures
from feature_service.server.scoring.scorer import Scorer, Scores


@dataclass(frozen=True)
class Assessment:
    """The answers of some products in one week.

    Attributes:
        rows: The snapshot's rows, shape ``(rows,)`` like everything in it.
        column: The week.
        scores: State, probability and curve of each.
        figures: What follows for a planner.
        scorer: The model that they are of.
        recorded: Which rest on a recorded count.
        as_published: Which are as the snapshot was published: of its model, its newest week, its own stock and
            lead time.
        with_reasons: Whether the stored reasons belong to these answers.
    """

    rows: RowNumbers
    column: int
    scores: Scores
    figures: Figures
    scorer: Scorer
    recorded: BoolArray
    as_published: BoolArray
    with_reasons: bool = False

    @property
    def alerts(self) -> BoolArray:
        """Where an alert is raised."""
        reached: BoolArray = self.alert_risks >= self.scorer.alert_line.threshold
        return reached

    @property
    def alert_risks(self) -> DoubleArray:
        """What alerts are raised on; NaN where there is no probability."""
        if self._is_until_relief:
            return self.figures.relief_probability
        return self.scores.probabilities.astype(np.float64)

    @property
    def alert_days(self) -> DoubleArray:
        """Days from the end of the week that this is the risk of; NaN as there."""
        if self._is_until_relief:
            return days_at_risk(self.scores.run_out, self.figures.relief_in_days)
        days = self.scorer.contract.label.horizon_weeks * DAYS_PER_WEEK
        return np.where(np.isnan(self.scores.probabilities), np.nan, float(days))

    @property
    def at_risk(self) -> tuple[DoubleArray, DoubleArray]:
        """Mean units that are lost in these days, and the revenue with them; NaN where they are not known."""
        if self._is_until_relief:
            return self.figures.units_lost_before_relief, self.figures.revenue_at_risk_before_relief
        return self.figures.expected_units_lost, self.figures.revenue_at_risk

    @property
    def _is_until_relief(self) -> bool:
        return self.scorer.alert_line.until_relief and self.scores.run_out.shape[1] > 0
