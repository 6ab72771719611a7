"""The walk over the origins: a fit where one is due, and the predictions of every origin until the next fit.

The fits know nothing of each other, so several run at a time, each in a thread of its own with one core: what they
give is the same however many there are.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from feature_service.kernel.arrays import DoubleArray, IntArray
from training.backtest.origins import Calendar, monday, week_number
from training.baselines.rules import fit_logistic_rule
from training.budget import Sample, sample_rows
from training.cores import cores, one_core_for_algebra
from training.dataset import TrainingRows
from training.estimators import FittedModel, LearningRows
from training.outcomes import check_both_outcomes
from training.recipes import Recipe

_ROWS_PER_PREDICTION = 50_000


@dataclass(frozen=True)
class WalkOutput:
    """Predictions from the walk over the origins; NaN where a row was not predicted; shape ``(rows of the table,)``."""

    raw: DoubleArray
    base_rate: DoubleArray
    logistic: DoubleArray
    fold: IntArray


@dataclass(frozen=True)
class _Fold:
    """One fit: the origins that it predicts, the rows that were known by then, and those that it learns from."""

    number: int
    origins: range
    share: float
    sample: Sample


class Walk:
    """The origins of one backtest; recipes are walked through them one after the other.

    Args:
        rows: The training table.
        calendar: The weeks.
        row_budget: Rows that a model is fitted on at most.
        seed: Of every random choice.
        inputs: Of the logistic rule, shape ``(rows, 3)``.
    Raises:
        OneSidedOutcomeError: If the rows of a fit hold one outcome only.
    """

    def __init__(self, rows: TrainingRows, calendar: Calendar, row_budget: int, seed: int, inputs: DoubleArray) -> None:
        self._rows, self._calendar, self._seed, self._inputs = rows, calendar, seed, inputs
        self._week, self._has_outcome = week_number(rows.as_of_week), np.isfinite(rows.outcome)
        self._folds = [
            self._fold(number, origins, row_budget) for number, origins in enumerate(calendar.origins_by_fit())
        ]
        self._learned: IntArray = np.unique(np.concatenate([fold.sample.rows for fold in self._folds]))
        self._features = rows.features(self._learned)

    def predict(self, recipe: Recipe) -> WalkOutput:
        """Fit the recipe and the logistic rule wherever a fit is due, and predict every origin's rows."""
        count = len(self._rows)
        raw, base_rate, logistic = (np.full(count, np.nan) for _ in range(3))
        output = WalkOutput(raw, base_rate, logistic, np.full(count, -1, dtype=np.int64))
        with one_core_for_algebra(), ThreadPoolExecutor(cores()) as threads:
            # what they return is nothing; taking it brings an error of theirs here
            list(threads.map(lambda fold: self._predict_fold(fold, recipe, output), self._folds))
        return output

    def _fold(self, number: int, origins: range, row_budget: int) -> _Fold:
        past = self._has_outcome & self._calendar.has_outcome_at(origins.start, self._week)
        outcome = self._rows.outcome[past]
        check_both_outcomes(f"training ({monday(origins.start)})", outcome)
        sample = sample_rows(past, self._rows.outcome, self._week, row_budget, self._seed)
        return _Fold(number, origins, float(outcome.mean()), sample)

    def _predict_fold(self, fold: _Fold, recipe: Recipe, output: WalkOutput) -> None:
        """Each fold writes into rows of its own."""
        model, line = self._fit(fold, recipe)
        inside = self._has_outcome & (self._week >= fold.origins.start) & (self._week < fold.origins.stop)
        to_predict = np.flatnonzero(inside)
        for first in range(0, len(to_predict), _ROWS_PER_PREDICTION):
            rows = to_predict[first : first + _ROWS_PER_PREDICTION]
            output.raw[rows] = model.predict(self._rows.features(rows))
            output.logistic[rows] = line(self._inputs[rows])
        output.base_rate[to_predict], output.fold[to_predict] = fold.share, fold.number

    def _fit(self, fold: _Fold, recipe: Recipe) -> tuple[FittedModel, Callable[[DoubleArray], DoubleArray]]:
        rows, weights = fold.sample.rows, fold.sample.weights
        outcome = self._rows.outcome[rows]
        features = self._features[np.searchsorted(self._learned, rows)]
        model = recipe.fit(self._rows.feature_names, LearningRows(features, outcome, weights), self._seed)
        return model, fit_logistic_rule(self._inputs[rows], outcome, weights)


def final_fit(rows: TrainingRows, recipe: Recipe, row_budget: int, seed: int) -> tuple[FittedModel, Sample]:
    """The model of the next origin, fitted on rows of every week whose outcome is known; and which rows these were."""
    has_outcome = np.isfinite(rows.outcome)
    check_both_outcomes("training", rows.outcome[has_outcome])
    sample = sample_rows(has_outcome, rows.outcome, week_number(rows.as_of_week), row_budget, seed)
    learned = LearningRows(rows.features(sample.rows), rows.outcome[sample.rows], sample.weights)
    return recipe.fit(rows.feature_names, learned, seed), sample
