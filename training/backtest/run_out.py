"""Backtest of the run-out curve: the probability that a product runs out by the end of each week ahead.

The first week is the label's own question, so its probability is the calibrated one of the model that answers it.
Behind it stands the hazard of each later week, fitted at the same origins on the weeks at risk that were known by then;
a product that was still in stock when the data ended counts for the weeks in which it was. Hazards are not calibrated:
their mean is right as it is, and the few weeks before an origin tell less of it than all weeks before them.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from data.panel import Panel
from data.weeks import week_number
from feature_service.kernel.arrays import BoolArray, DoubleArray, FloatArray, IntArray
from training.backtest.origins import Calendar
from training.backtest.out_of_fold import Backtest
from training.backtest.store import PredictionStore, key_of, key_of_hazards
from training.baselines.first_passage import RunOutRule, run_out_rules
from training.budget import sample_rows
from training.cores import cores, one_core_for_algebra
from training.dataset import TrainingRows
from training.errors import TrainingFileError
from training.estimators import LearningRows
from training.estimators.hazard import Hazards, beside, fit_hazards
from training.labels.run_out import FARTHEST_WEEKS, known_at, weeks_at_risk, weeks_known

BASE_CURVE = "base rate"
LEAST_ORIGINS = 4
"""Origins that tell how it turned out, for a week ahead to be in reach."""

_LEAST_RUN_OUTS = 20
_ROWS_PER_PREDICTION = 131_072


@dataclass(frozen=True)
class RunOutBacktest:
    """Out-of-fold curves of the evaluated origins, ordered by week, then product.

    Attributes:
        row: Index of each row in the training table, shape ``(rows,)``.
        times: When it ran out, as :mod:`training.labels.run_out` counts, shape ``(rows,)``.
        weeks_known: Weeks ahead that are over, shape ``(rows,)``: a later one tells nothing.
        curve: The model's probabilities, shape ``(rows, reach_weeks)``.
        rules: Those of each rule by its name; the base rate is what was known by then of all products.
        locked: Which rows lie in the locked block, shape ``(rows,)``.
    """

    row: IntArray
    times: FloatArray
    weeks_known: IntArray
    curve: FloatArray
    rules: dict[str, RunOutRule]
    locked: BoolArray

    @property
    def reach_weeks(self) -> int:
        """The last week ahead."""
        return int(self.curve.shape[1])


def reach_of(calendar: Calendar) -> int:
    """The last week ahead of which enough origins tell how it turned out."""
    return min(FARTHEST_WEEKS, calendar.origins - LEAST_ORIGINS + 1)


def backtest_run_out(
    rows: TrainingRows, panel: Panel, of_label: Backtest, row_budget: int, seed: int, kept: PredictionStore
) -> RunOutBacktest | None:
    """Predict the curve of every row that the label's backtest predicted.

    Args:
        rows: The training table.
        panel: What it was made from.
        of_label: The backtest of the label's own question.
        row_budget: Weeks at risk that a hazard is fitted on at most.
        seed: Of every random choice.
        kept: Predictions of earlier backtests; those of this one are added.
    Returns:
        None where the label does not tell when a product runs out, or where too little is known of the second week
        ahead.
    """
    calendar, reach, times = of_label.calendar, reach_of(of_label.calendar), rows.run_out
    if times is None or reach < 2:
        return None
    folds = [each for each in calendar.origins_by_fit() if each[-1] >= calendar.first]
    learned = [_learned(rows, times, origins.start, reach, row_budget, seed) for origins in folds]
    if min(each.outcome.sum() for each in learned) < _LEAST_RUN_OUTS:
        return None
    row = of_label.row
    hazards, base = (np.full((len(row), reach - 1), np.nan) for _ in range(2))

    def predict(number: int) -> None:
        inside = np.flatnonzero(np.isin(rows.week[row], list(folds[number])))
        fit = _Fit(rows, learned[number], reach, seed, kept)
        for first in range(0, len(inside), _ROWS_PER_PREDICTION):
            some = inside[first : first + _ROWS_PER_PREDICTION]
            hazards[some] = fit.predict(row[some])
        base[inside] = learned[number].shares(reach)

    with one_core_for_algebra(), ThreadPoolExecutor(cores()) as threads:
        list(threads.map(predict, range(len(folds))))
    column = rows.week[row] - int(week_number(panel.weeks[:1])[0])
    rules = run_out_rules(panel, rows.product[row].astype(np.int64), column.astype(np.int64), reach)
    of_all = run_out_by(of_label.rules[BASE_CURVE].values, base)
    return RunOutBacktest(
        row=row,
        times=times[row],
        weeks_known=weeks_known(rows.week[row], calendar.last + calendar.outcome_weeks, calendar.outcome_weeks),
        curve=run_out_by(of_label.probability, hazards).astype(np.float32),
        rules={BASE_CURVE: RunOutRule(of_all, is_probability=True), **rules},
        locked=of_label.locked,
    )


def run_out_by(first: FloatArray | DoubleArray, hazards: DoubleArray) -> DoubleArray:
    """The probability to have run out by the end of each week, shape ``(rows, weeks)``.

    Args:
        first: That of the first week, shape ``(rows,)``.
        hazards: Of the later weeks, shape ``(rows, weeks - 1)``.
    """
    run_out: DoubleArray = 1 - np.cumprod(1 - np.column_stack([first.astype(np.float64), hazards]), axis=1)
    return run_out


def final_hazards(rows: TrainingRows, reach_weeks: int, row_budget: int, seed: int) -> Hazards:
    """The hazards of the next origin, fitted on everything that is known.

    Raises:
        TrainingFileError: If the table does not tell when a product runs out.
    """
    if rows.run_out is None:
        raise TrainingFileError("the training table does not tell when a product runs out: compute the features again")
    last = int(rows.week[np.isfinite(rows.outcome)].max()) + rows.outcome_weeks
    learned = _learned(rows, rows.run_out, last, reach_weeks, row_budget, seed)
    return fit_hazards(learned.learning_rows(rows), reach_weeks, seed)


@dataclass(frozen=True)
class _Learned:
    """The weeks at risk that one fit learns from, shape ``(weeks,)`` each; no weights where all count the same."""

    row: IntArray
    ahead: FloatArray
    outcome: FloatArray
    weights: DoubleArray | None

    def learning_rows(self, rows: TrainingRows) -> LearningRows:
        some, place = np.unique(self.row, return_inverse=True)
        return LearningRows(beside(rows.features(some)[place], self.ahead), self.outcome, self.weights)

    def shares(self, reach_weeks: int) -> DoubleArray:
        """The share that runs out in each week ahead, shape ``(reach_weeks - 1,)``; beyond the last known one, its."""
        weights = np.ones(len(self.row)) if self.weights is None else self.weights
        week = self.ahead.astype(np.int64) - 2
        out, all_of_it = (np.bincount(week, each, reach_weeks - 1) for each in (weights * self.outcome, weights))
        last = int(week.max())
        shares = out / np.maximum(all_of_it, 1e-12)
        shares[last + 1 :] = shares[last]
        return shares


def _learned(
    rows: TrainingRows, times: FloatArray, origin: int, reach_weeks: int, row_budget: int, seed: int
) -> _Learned:
    """The weeks at risk that were known at an origin, or a sample of them."""
    past = np.isfinite(rows.outcome) & (rows.week + rows.outcome_weeks <= origin)
    some = sample_rows(past, rows.outcome, rows.week, row_budget, seed)
    week = rows.week[some.rows]
    known = known_at(times[some.rows], weeks_known(week, origin, rows.outcome_weeks))
    at_risk = weeks_at_risk(known, reach_weeks)
    target = week[at_risk.row] + at_risk.ahead.astype(week.dtype)
    taken = sample_rows(np.ones(len(target), dtype=np.bool_), at_risk.outcome, target, row_budget, seed)
    row = at_risk.row[taken.rows]
    weights = taken.weights
    if some.weights is not None:
        of_rows = some.weights[row]
        weights = of_rows if weights is None else weights * of_rows
        weights = weights / weights.mean()
    return _Learned(some.rows[row], at_risk.ahead[taken.rows], at_risk.outcome[taken.rows], weights)


class _Fit:
    """The hazard of one fold, fitted when the first prediction is asked for."""

    def __init__(
        self, rows: TrainingRows, learned: _Learned, reach_weeks: int, seed: int, kept: PredictionStore
    ) -> None:
        self._rows, self._reach_weeks, self._seed, self._kept = rows, reach_weeks, seed, kept
        self._learned = learned.learning_rows(rows)
        self._key = key_of_hazards(self._learned, reach_weeks, seed)
        self._hazards: Hazards | None = None

    def predict(self, row: IntArray) -> DoubleArray:
        """Of some rows of the table, shape ``(rows, reach_weeks - 1)``."""
        features = self._rows.features(row)
        key = key_of(self._key, [features])
        found = self._kept.find(key, self._reach_weeks - 1)
        if found is not None:
            return found.T
        if self._hazards is None:
            self._hazards = fit_hazards(self._learned, self._reach_weeks, self._seed)
        hazards = self._hazards.predict(features)
        self._kept.keep(key, hazards.T)
        return hazards
