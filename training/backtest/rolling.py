"""Rolling-origin backtest: what the recipe would have said each week, knowing no more than was known then.

At every origin the model was fitted on rows whose outcome was over, and its probabilities are calibrated on what it had
said at the origins before, which lie after the weeks of those fits. The newest origins are the locked block.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from data.panel import UNITS_SOLD, Panel
from feature_service.bundle import Calibration
from feature_service.kernel.arrays import BoolArray, DoubleArray, FloatArray, IntArray
from training.backtest.calibration import fit_calibration
from training.backtest.origins import BacktestSettings, Calendar, calendar_of, monday, week_number
from training.baselines.past import trailing_sum
from training.baselines.rules import LOGISTIC, fit_logistic, logistic_inputs, rules_for
from training.dataset import Rows
from training.errors import TrainingFileError
from training.estimators import Fitted
from training.metrics.truth import BASE_RATE, ScorerOutput, Truth
from training.outcomes import check_both_outcomes
from training.recipes import Recipe

STOCK_AWARE = "STOCK_AWARE"
SEGMENTS = ("under 0.5 a week", "0.5 to 2 a week", "2 a week and more")
_SEGMENT_FROM = (0.5, 2.0)
_SEGMENT_WEEKS = 8
_SELLING_WEEKS = 4


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


@dataclass(frozen=True)
class _Walked:
    """What the walk over the origins gave; NaN where a row was not predicted; shape ``(rows of the table,)``."""

    raw: DoubleArray
    base_rate: DoubleArray
    logistic: DoubleArray
    fold: IntArray


def backtest(rows: Rows, panel: Panel, recipe: Recipe, settings: BacktestSettings, seed: int) -> Backtest:
    """Walk over the origins.

    Args:
        rows: The training table.
        panel: What it was made from.
        recipe: How a model is made.
        settings: How far back, how often.
        seed: Of every random choice.
    Raises:
        TrainingHistoryError: If the history is too short.
        OneSidedOutcomeError: If the rows of the first fit, of a calibration or of the origins hold one outcome only.
        TrainingFileError: If the panel is not the one that the table was made from.
    """
    if rows.product_ids != panel.product_ids:
        raise TrainingFileError("the training table and the panel hold other products: compute the features again")
    week = week_number(rows.as_of_week)
    known = np.isfinite(rows.outcome)
    calendar = calendar_of(week[known], rows.label.horizon_weeks, settings)
    column = (week - int(week_number(panel.weeks[:1])[0])).astype(np.int64)
    walked = walk(rows, week, calendar, recipe, seed, logistic_inputs(panel)[rows.product, column])
    row = np.flatnonzero(known & (week >= calendar.first))
    check_both_outcomes("backtest", rows.outcome[row])
    probability = np.full(len(rows), np.nan)
    for origin in range(calendar.first, calendar.last + 1):
        now = np.flatnonzero(known & (week == origin))
        table = _calibration_at(origin, rows.outcome, walked.raw, week, calendar, settings)
        probability[now] = table.apply(walked.raw[now])
    return Backtest(
        row=row,
        truth=truth_of(rows, panel, row, week, column),
        raw=walked.raw[row].astype(np.float32),
        probability=probability[row].astype(np.float32),
        fold=walked.fold[row],
        rules=_rule_scores(panel, rows.product[row], column[row], walked, row),
        calendar=calendar,
        calibration=_calibration_at(
            calendar.last + calendar.horizon_weeks, rows.outcome, walked.raw, week, calendar, settings
        ),
    )


def walk(rows: Rows, week: IntArray, calendar: Calendar, recipe: Recipe, seed: int, inputs: DoubleArray) -> _Walked:
    """Fit at the origins where a fit is due, and predict every origin's rows."""
    known = np.isfinite(rows.outcome)
    raw, base_rate, logistic = (np.full(len(rows), np.nan) for _ in range(3))
    fold = np.full(len(rows), -1, dtype=np.int64)
    fits = -1
    for origin in range(calendar.first_prediction, calendar.last + 1):
        if calendar.is_fit_due(origin):
            past = known & calendar.known_at(origin, week)
            check_both_outcomes(f"training ({monday(origin)})", rows.outcome[past])
            model = recipe.fit(rows.feature_names, rows.features[past], rows.outcome[past], seed)
            line = fit_logistic(inputs[past], rows.outcome[past])
            share, fits = float(rows.outcome[past].mean()), fits + 1
        now = known & (week == origin)
        if now.any():
            raw[now], logistic[now] = model.predict(rows.features[now]), line(inputs[now])
            base_rate[now], fold[now] = share, fits
    return _Walked(raw, base_rate, logistic, fold)


def final_fit(rows: Rows, recipe: Recipe, seed: int) -> Fitted:
    """The model of the origin that lies ahead: fitted on every row whose outcome is known."""
    known = np.isfinite(rows.outcome)
    check_both_outcomes("training", rows.outcome[known])
    return recipe.fit(rows.feature_names, rows.features[known], rows.outcome[known], seed)


def truth_of(rows: Rows, panel: Panel, row: IntArray, week: IntArray, column: IntArray) -> Truth:
    """Outcomes and groups of some rows.

    The segments go by the mean weekly units of eight weeks; a product that is not eight weeks old sold nothing before.
    """
    units = panel.fields[UNITS_SOLD]
    at = (rows.product[row], column[row])
    rate = trailing_sum(units, _SEGMENT_WEEKS)[at] / _SEGMENT_WEEKS
    outcome = rows.outcome[row]
    selling = trailing_sum(units, _SELLING_WEEKS)[at] > 0
    return Truth(
        outcome=outcome,
        product=rows.product[row],
        week=week[row],
        onset=(outcome == 1) & selling if rows.label.evidence == STOCK_AWARE else None,
        selling=selling,
        segment=np.digitize(rate, _SEGMENT_FROM).astype(np.int64),
        segments=SEGMENTS,
    )


def _calibration_at(
    origin: int,
    outcome: FloatArray,
    raw: DoubleArray,
    week: IntArray,
    calendar: Calendar,
    settings: BacktestSettings,
) -> Calibration:
    """Fitted on what was said at the origins before and is known by now."""
    block = (
        (week > origin - calendar.horizon_weeks - settings.calibration_weeks)
        & calendar.known_at(origin, week)
        & np.isfinite(raw)
        & np.isfinite(outcome)
    )
    check_both_outcomes(f"calibration ({monday(origin)})", outcome[block])
    return fit_calibration(raw[block], outcome[block])


def _rule_scores(
    panel: Panel, product: IntArray, column: IntArray, walked: _Walked, row: IntArray
) -> dict[str, ScorerOutput]:
    base = walked.base_rate[row]
    scores = {BASE_RATE: ScorerOutput(base.astype(np.float32), True)}
    for rule in rules_for(panel):
        said = rule.score(panel)[product, column]
        fallback = base if rule.is_probability else np.full(len(said), np.nanmin(said, initial=0.0))
        values = np.where(np.isnan(said), fallback, said)
        scores[rule.name] = ScorerOutput(values.astype(np.float32), rule.is_probability)
    scores[LOGISTIC] = ScorerOutput(walked.logistic[row].astype(np.float32), True)
    return scores
