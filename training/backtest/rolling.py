"""Rolling-origin backtest: what the recipe would have predicted each week from what was known by then.

At every origin the model is fitted on rows whose outcome is over. Its probabilities are calibrated on its predictions
at earlier origins, which lie after the weeks of those fits. The newest origins are the locked block.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.panel import UNITS_SOLD, Panel
from data.weeks import WeekNumbers, monday, week_number
from feature_service.bundle import Calibration
from feature_service.kernel.arrays import DoubleArray, FloatArray, IntArray
from training.backtest.calibration import fit_calibration
from training.backtest.origins import BacktestSettings, Calendar, calendar_of
from training.backtest.out_of_fold import SEGMENTS, Backtest
from training.backtest.store import PredictionStore, key_of_calibration
from training.backtest.walk import Walk, WalkOutput
from training.baselines.past import trailing_sum
from training.baselines.past_rows import PanelRows
from training.baselines.rules import LOGISTIC, logistic_inputs, rules_for
from training.dataset import TrainingRows
from training.labels import STOCK_AWARE
from training.metrics.truth import BASE_RATE, ScorerOutput, Truth
from training.outcomes import check_both_outcomes
from training.recipes import Recipe

_SEGMENT_FROM = (0.5, 2.0)
_SEGMENT_WEEKS = 8
_SELLING_WEEKS = 4


def backtest(
    rows: TrainingRows,
    panel: Panel,
    recipe: Recipe,
    settings: BacktestSettings,
    seed: int,
    beside: Mapping[str, Recipe] | None = None,
    kept: Path | None = None,
) -> Backtest:
    """Predict at every origin, calibrate, and score every rule on the same rows.

    Args:
        rows: The training table.
        panel: What it was made from.
        recipe: How a model is made.
        settings: How many origins, and how often the model is fitted.
        seed: Of every random choice.
        beside: Other recipes by name, fitted and calibrated in the same way; they stand among the rules.
        kept: Folder of predictions of earlier backtests, and of this one's; see :mod:`training.backtest.store`.
    Raises:
        TrainingHistoryError: If the history is too short.
        OneSidedOutcomeError: If the rows of the first fit, of a calibration or of the origins hold one outcome only.
        TrainingFileError: If the panel is not the one that the table was made from.
    """
    rows.check_panel(panel)
    calendar = calendar_of(rows.week[np.isfinite(rows.outcome)], rows.outcome_weeks, settings)

    def panel_rows(chosen: IntArray) -> PanelRows:
        return PanelRows(panel, rows.product[chosen], rows.week[chosen] - int(week_number(panel.weeks[:1])[0]))

    def inputs_of(chosen: IntArray) -> DoubleArray:
        return panel_rows(chosen).take(logistic_inputs)

    store = PredictionStore(kept)
    walk = Walk(rows, calendar, settings.row_budget, seed, inputs_of, store)
    output = walk.predict(recipe)
    predicted = _Predicted(
        rows.outcome[walk.first_row :], rows.week[walk.first_row :], calendar, settings.calibration_weeks, store
    )
    inside = np.flatnonzero(np.isfinite(predicted.outcome) & (predicted.week >= calendar.first))
    row = inside + walk.first_row
    check_both_outcomes("backtest", rows.outcome[row])
    probability = predicted.calibrated(output.raw)[inside]
    of_panel = panel_rows(row)
    rules = _rule_scores(panel, of_panel, output, inside)
    for name, other in (beside or {}).items():
        values = predicted.calibrated(walk.predict(other).raw)[inside]
        rules[name] = ScorerOutput(values.astype(np.float32), True)
    return Backtest(
        row=row,
        truth=truth_of(rows, of_panel, row),
        raw=output.raw[inside].astype(np.float32),
        probability=probability.astype(np.float32),
        fold=output.fold[inside],
        rules=rules,
        calendar=calendar,
        calibration=predicted.calibration_at(calendar.last + calendar.outcome_weeks, output.raw),
    )


def truth_of(rows: TrainingRows, of_panel: PanelRows, row: IntArray) -> Truth:
    """Outcomes and groups of some rows.

    The segments go by the mean weekly units of eight weeks; before its launch a product sold nothing.
    """
    units = of_panel.take(lambda panel: trailing_sum(panel.fields[UNITS_SOLD], _SEGMENT_WEEKS))
    outcome = rows.outcome[row]
    selling = of_panel.take(lambda panel: trailing_sum(panel.fields[UNITS_SOLD], _SELLING_WEEKS)) > 0
    return Truth(
        outcome=outcome,
        product=rows.product[row].astype(np.int64),
        week=rows.week[row],
        onset=(outcome == 1) & selling if rows.label.evidence == STOCK_AWARE else None,
        selling=selling,
        segment=np.digitize(units / _SEGMENT_WEEKS, _SEGMENT_FROM).astype(np.int64),
        segments=SEGMENTS,
    )


@dataclass(frozen=True)
class _Predicted:
    """Outcome and week of the rows from the first predicted one on, and how their predictions are calibrated."""

    outcome: FloatArray
    week: WeekNumbers
    calendar: Calendar
    calibration_weeks: int
    store: PredictionStore

    def calibrated(self, raw: DoubleArray) -> DoubleArray:
        """The raw predictions of the evaluated origins, each calibrated by what was known then; NaN elsewhere."""
        probability = np.full(len(raw), np.nan)
        for origin in range(self.calendar.first, self.calendar.last + 1):
            at_origin = np.flatnonzero(np.isfinite(self.outcome) & (self.week == origin))
            probability[at_origin] = self.calibration_at(origin, raw).apply(raw[at_origin])
        return probability

    def calibration_at(self, origin: int, raw: DoubleArray) -> Calibration:
        """The calibration at an origin: fitted on earlier predictions whose outcome is known by then."""
        block = (
            (self.week > origin - self.calendar.outcome_weeks - self.calibration_weeks)
            & self.calendar.has_outcome_at(origin, self.week)
            & np.isfinite(raw)
            & np.isfinite(self.outcome)
        )
        raw, outcome = raw[block], self.outcome[block]
        check_both_outcomes(f"calibration ({monday(origin)})", outcome)
        key = key_of_calibration(raw, outcome)
        points = self.store.find(key)
        if points is None:
            fitted = fit_calibration(raw, outcome)
            self.store.keep(key, np.array([fitted.raw, fitted.calibrated]))
            return fitted
        return Calibration(raw=tuple(points[0].tolist()), calibrated=tuple(points[1].tolist()))


def _rule_scores(panel: Panel, of_panel: PanelRows, output: WalkOutput, row: IntArray) -> dict[str, ScorerOutput]:
    base = output.base_rate[row]
    outputs = {BASE_RATE: ScorerOutput(base.astype(np.float32), True)}
    for rule in rules_for(panel):
        scores = of_panel.take(rule.score)
        fallback = base if rule.is_probability else np.full(len(scores), np.nanmin(scores, initial=0.0))
        values = np.where(np.isnan(scores), fallback, scores)
        outputs[rule.name] = ScorerOutput(values.astype(np.float32), rule.is_probability)
    outputs[LOGISTIC] = ScorerOutput(output.logistic[row].astype(np.float32), True)
    return outputs
