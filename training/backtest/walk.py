"""The walk over the origins: a fit where one is due, and the predictions of every origin until the next fit.

The fits know nothing of each other, so several run at a time, each in a thread of its own with one core: what they
give is the same however many there are. What an earlier backtest predicted from the same rows is taken over, and a fit
of which everything is there is not done.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from data.weeks import monday
from feature_service.kernel.arrays import DoubleArray, FloatArray, IntArray
from training.backtest.origins import Calendar
from training.backtest.store import PredictionStore, key_of, key_of_fit
from training.baselines.rules import fit_logistic_rule
from training.budget import Sample, sample_rows
from training.cores import cores, one_core_for_algebra
from training.dataset import TrainingRows
from training.estimators import FittedModel, LearningRows
from training.outcomes import check_both_outcomes
from training.recipes import Recipe

_ROWS_PER_PREDICTION = 131_072


@dataclass(frozen=True)
class WalkOutput:
    """Predictions from the walk over the origins; NaN where a row was not predicted.

    Each of the shape ``(rows,)`` of the table's rows from ``Walk.first_row`` on.
    """

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
        inputs_of: Of the logistic rule, shape ``(rows, 3)``, of some rows, ascending.
        kept: Predictions of earlier backtests; those of this one are added.

    Attributes:
        first_row: The first row that is predicted; rows are in the order of weeks.

    Raises:
        OneSidedOutcomeError: If the rows of a fit hold one outcome only.
    """

    def __init__(
        self,
        rows: TrainingRows,
        calendar: Calendar,
        row_budget: int,
        seed: int,
        inputs_of: Callable[[IntArray], DoubleArray],
        kept: PredictionStore,
    ) -> None:
        self._rows, self._calendar, self._seed, self._kept = rows, calendar, seed, kept
        self._has_outcome = np.isfinite(rows.outcome)
        self._folds = [
            self._fold(number, origins, row_budget) for number, origins in enumerate(calendar.origins_by_fit())
        ]
        self._learned: IntArray = np.unique(np.concatenate([fold.sample.rows for fold in self._folds]))
        self._features = rows.features(self._learned)
        self.first_row = int(np.searchsorted(rows.week, calendar.first_prediction))
        earlier = self._learned[self._learned < self.first_row]
        self._with_inputs: IntArray = np.concatenate([earlier, np.arange(self.first_row, len(rows))])
        self._inputs = inputs_of(self._with_inputs)

    def predict(self, recipe: Recipe) -> WalkOutput:
        """Fit the recipe and the logistic rule wherever a fit is due, and predict every origin's rows."""
        count = len(self._rows) - self.first_row
        raw, base_rate, logistic = (np.full(count, np.nan) for _ in range(3))
        output = WalkOutput(raw, base_rate, logistic, np.full(count, -1, dtype=np.int64))
        with one_core_for_algebra(), ThreadPoolExecutor(cores()) as threads:
            # what they return is nothing; taking it brings an error of theirs here
            list(threads.map(lambda fold: self._predict_fold(fold, recipe, output), self._folds))
        return output

    def _fold(self, number: int, origins: range, row_budget: int) -> _Fold:
        past = self._has_outcome & self._calendar.has_outcome_at(origins.start, self._rows.week)
        outcome = self._rows.outcome[past]
        check_both_outcomes(f"training ({monday(origins.start)})", outcome)
        sample = sample_rows(past, self._rows.outcome, self._rows.week, row_budget, self._seed)
        return _Fold(number, origins, float(outcome.mean()), sample)

    def _predict_fold(self, fold: _Fold, recipe: Recipe, output: WalkOutput) -> None:
        """Each fold writes into rows of its own."""
        fit = _Fit(self._learning_rows(fold), self._inputs_of(fold.sample.rows), recipe, self._rows, self._seed)
        for rows in self._batches(fold):
            features, inputs = self._rows.features(rows), self._inputs_of(rows)
            key = key_of(fit.key, [features, inputs])
            found = self._kept.find(key)
            if found is None:
                found = fit.predict(features, inputs)
                self._kept.keep(key, found)
            places = rows - self.first_row
            output.raw[places], output.logistic[places] = found
            output.base_rate[places], output.fold[places] = fold.share, fold.number

    def _batches(self, fold: _Fold) -> Iterator[IntArray]:
        """The rows to predict, each origin's for itself, so that they are the same whichever origins follow."""
        for origin in fold.origins:
            to_predict = np.flatnonzero(self._has_outcome & (self._rows.week == origin))
            for first in range(0, len(to_predict), _ROWS_PER_PREDICTION):
                yield to_predict[first : first + _ROWS_PER_PREDICTION]

    def _learning_rows(self, fold: _Fold) -> LearningRows:
        rows, weights = fold.sample.rows, fold.sample.weights
        features = self._features[np.searchsorted(self._learned, rows)]
        return LearningRows(features, self._rows.outcome[rows], weights)

    def _inputs_of(self, rows: IntArray) -> DoubleArray:
        return self._inputs[np.searchsorted(self._with_inputs, rows)]


class _Fit:
    """A recipe and the logistic rule on the rows of one fold, fitted when the first prediction is asked for."""

    def __init__(
        self, learned: LearningRows, inputs: DoubleArray, recipe: Recipe, rows: TrainingRows, seed: int
    ) -> None:
        self._learned, self._inputs, self._recipe, self._seed = learned, inputs, recipe, seed
        self._names = rows.feature_names
        self._fitted: tuple[FittedModel, Callable[[DoubleArray], DoubleArray]] | None = None
        self.key = key_of_fit(recipe, self._names, learned, inputs, seed)

    def predict(self, features: FloatArray, inputs: DoubleArray) -> DoubleArray:
        """The model's and the rule's probabilities, shape ``(2, rows)``."""
        if self._fitted is None:  # no cached_property: before Python 3.12 its lock lets one fold at a time fit
            self._fitted = self._fit()
        model, line = self._fitted
        return np.stack([model.predict(features), line(inputs)])

    def _fit(self) -> tuple[FittedModel, Callable[[DoubleArray], DoubleArray]]:
        model = self._recipe.fit(self._names, self._learned, self._seed)
        return model, fit_logistic_rule(self._inputs, self._learned.outcome, self._learned.weights)


def final_fit(rows: TrainingRows, recipe: Recipe, row_budget: int, seed: int) -> tuple[FittedModel, Sample]:
    """The model of the next origin, fitted on rows of every week whose outcome is known; and which rows these were."""
    has_outcome = np.isfinite(rows.outcome)
    check_both_outcomes("training", rows.outcome[has_outcome])
    sample = sample_rows(has_outcome, rows.outcome, rows.week, row_budget, seed)
    learned = LearningRows(rows.features(sample.rows), rows.outcome[sample.rows], sample.weights)
    return recipe.fit(rows.feature_names, learned, seed), sample
