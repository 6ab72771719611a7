"""Choose a recipe by backtest: estimator, parameters and features, all on the development origins.

No locked origin and no later row is used. A trial is fitted and predicts as the backtest does, with fewer fits. The
same rows and seed give the same recipe.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import optuna

from feature_service.kernel.arrays import IntArray
from training.backtest.origins import BacktestSettings, Calendar, calendar_of
from training.budget import sample_rows
from training.dataset import TrainingRows
from training.estimators import IMPORTANCE_ROWS, FittedModel, LearningRows
from training.metrics.ranking import average_precision
from training.outcomes import check_both_outcomes
from training.recipes import Recipe, recipe_for

SEARCH_FILE = "search.json"
FEATURE_COUNTS = (40, 20, 10)
"""Numbers of features that feature selection compares with all of them; those that weigh most are kept."""

_FITS = 2


def _of_trees(trial: optuna.Trial) -> dict[str, Any]:
    return {
        "num_iterations": trial.suggest_int("num_iterations", 100, 600, step=100),
        "learning_rate": trial.suggest_float("learning_rate", 0.01, 0.1, log=True),
        "num_leaves": trial.suggest_int("num_leaves", 7, 63, log=True),
        "min_child_samples": trial.suggest_int("min_child_samples", 20, 200, log=True),
        "extra_trees": trial.suggest_categorical("extra_trees", [True, False]),
    }


def _of_xgboost(trial: optuna.Trial) -> dict[str, Any]:
    return {
        "num_boost_round": trial.suggest_int("num_boost_round", 100, 500, step=100),
        "learning_rate": trial.suggest_float("eta", 0.01, 0.1, log=True),
        "max_depth": trial.suggest_int("max_depth", 3, 7),
        "min_child_weight": trial.suggest_float("min_child_weight", 1.0, 30.0, log=True),
    }


def _of_forest(trial: optuna.Trial) -> dict[str, Any]:
    return {"max_depth": trial.suggest_int("forest_depth", 6, 14)}


def _of_line(trial: optuna.Trial) -> dict[str, Any]:
    return {"C": trial.suggest_float("C", 1e-3, 1.0, log=True)}


SPACES: Mapping[str, Callable[[optuna.Trial], dict[str, Any]]] = {
    "lightgbm": _of_trees,
    "xgboost": _of_xgboost,
    "random_forest": _of_forest,
    "logistic_regression": _of_line,
}
"""The search space of each estimator; the label's own recipe is always measured, too."""


@dataclass(frozen=True)
class RecipeResult:
    """A recipe and its average precision on the development origins."""

    recipe: Recipe
    average_precision: float


def choose_recipe(rows: TrainingRows, settings: BacktestSettings, trials: int, seed: int, to: Path) -> Recipe:
    """The label's own recipe, or the best of it and of a search.

    Args:
        rows: The training table.
        settings: The origins of the backtest that follows.
        trials: How many recipes to try; with 0 nothing is searched.
        seed: Of every random choice.
        to: An existing folder; ``search.json`` lists the recipes and their results.
    Raises:
        TrainingHistoryError, OneSidedOutcomeError: If there are too few rows to search on.
    """
    default = recipe_for(rows.label.name)
    if not trials:
        return default
    bench = _Bench(rows, settings, seed)
    results = [bench.measure(default), *_search(bench, trials, seed)]
    best = max(results, key=lambda each: each.average_precision)
    results += bench.with_fewer_features(best)
    best = max(results, key=lambda each: each.average_precision)
    (to / SEARCH_FILE).write_text(json.dumps([asdict(each) for each in results], indent=2) + "\n", encoding="utf-8")
    return best.recipe


def _search(bench: "_Bench", trials: int, seed: int) -> list[RecipeResult]:
    """Seeded trials; the estimators take turns, so that each of them is searched."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    names, results = tuple(SPACES), list[RecipeResult]()

    def objective(trial: optuna.Trial) -> float:
        name = names[trial.number % len(names)]
        results.append(bench.measure(Recipe(name, SPACES[name](trial))))
        return results[-1].average_precision

    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    study.optimize(objective, n_trials=trials)
    return results


class _Bench:
    """The development origins, and how well a recipe ranks on them."""

    def __init__(self, rows: TrainingRows, settings: BacktestSettings, seed: int) -> None:
        self._rows, self._row_budget, self._seed = rows, settings.row_budget, seed
        self._week = rows.week
        self._has_outcome = np.isfinite(rows.outcome)
        self._calendar: Calendar = calendar_of(self._week[self._has_outcome], rows.outcome_weeks, settings)

    def measure(self, recipe: Recipe) -> RecipeResult:
        """Average precision over the development origins, with two fits."""
        calendar, rows = self._calendar, self._rows
        probability = np.full(len(rows), np.nan)
        origins = np.arange(calendar.first, calendar.first_locked)
        for block in np.array_split(origins, min(_FITS, len(origins))):
            model = self._fit(recipe, int(block[0]))
            in_block = self._has_outcome & (self._week >= block[0]) & (self._week <= block[-1])
            probability[in_block] = model.predict(rows.features(in_block))
        has_prediction = np.isfinite(probability)
        check_both_outcomes("development", rows.outcome[has_prediction])
        score = probability[has_prediction].astype(np.float32)
        return RecipeResult(recipe, average_precision(rows.outcome[has_prediction], score))

    def with_fewer_features(self, best: RecipeResult) -> list[RecipeResult]:
        """The recipe with only the features that weigh most in its first fit; none if it has no contributions."""
        rows = self._rows
        past: IntArray = np.flatnonzero(
            self._has_outcome & self._calendar.has_outcome_at(self._calendar.first, self._week)
        )
        model = self._fit(best.recipe, self._calendar.first)
        contributions = model.contributions(rows.features(past[-IMPORTANCE_ROWS:]))
        if contributions is None:
            return []
        heaviest = np.argsort(-np.abs(contributions).mean(axis=0), kind="stable")
        return [
            self.measure(replace(best.recipe, features=tuple(rows.feature_names[i] for i in sorted(heaviest[:count]))))
            for count in FEATURE_COUNTS
            if count < len(heaviest)
        ]

    def _fit(self, recipe: Recipe, origin: int) -> FittedModel:
        rows = self._rows
        past = self._has_outcome & self._calendar.has_outcome_at(origin, self._week)
        check_both_outcomes("training", rows.outcome[past])
        sample = sample_rows(past, rows.outcome, self._week, self._row_budget, self._seed)
        learned = LearningRows(rows.features(sample.rows), rows.outcome[sample.rows], sample.weights)
        return recipe.fit(rows.feature_names, learned, self._seed)
