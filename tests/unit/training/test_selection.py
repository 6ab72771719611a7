import json
from pathlib import Path

import numpy as np
import pytest

from data.weeks import week_number
from tests.support.training_fixtures import training_panel
from training.backtest.origins import BacktestSettings, calendar_of
from training.dataset import TrainingRows, read_training_table
from training.estimators import FittedModel, LearningRows
from training.recipes import Recipe, recipe_for
from training.selection import SPACES, choose_recipe
from training.table import write_training_table

SETTINGS = BacktestSettings(origins=10)


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> TrainingRows:
    table = tmp_path_factory.mktemp("rows") / "table.parquet"
    write_training_table(training_panel(products=60, weeks=40), "zero_sales", "seed-18", table)
    return read_training_table(table)


def fingerprint(rows: TrainingRows, recipe: Recipe) -> bytes:
    known = np.isfinite(rows.outcome)
    return recipe.fit(rows.feature_names, LearningRows(rows.features(known), rows.outcome[known]), 1).to_onnx()


def test_without_trials_the_labels_proven_recipe_is_taken(rows: TrainingRows, tmp_path: Path) -> None:
    assert choose_recipe(rows, SETTINGS, 0, 1, tmp_path) == recipe_for("zero_sales")
    assert not list(tmp_path.iterdir())


def test_the_same_rows_and_seed_give_the_same_model(rows: TrainingRows, tmp_path: Path) -> None:
    first, again = (choose_recipe(rows, SETTINGS, len(SPACES), 1, tmp_path) for _ in range(2))
    assert first == again
    assert fingerprint(rows, first) == fingerprint(rows, again)
    tried = json.loads((tmp_path / "search.json").read_text(encoding="utf-8"))
    assert {each["recipe"]["estimator"] for each in tried} >= set(SPACES)
    best = max(each["average_precision"] for each in tried)
    assert any(each["recipe"]["estimator"] == first.estimator for each in tried if each["average_precision"] == best)


def test_the_search_never_looks_at_a_locked_origin_or_later(
    rows: TrainingRows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    week = week_number(rows.as_of_week)
    known = np.isfinite(rows.outcome)
    locked = known & (week >= calendar_of(week[known], 1, SETTINGS).first_locked)
    seen = list[np.ndarray]()
    real = Recipe.fit

    def fit(recipe: Recipe, names: tuple[str, ...], learned: LearningRows, seed: int) -> FittedModel:
        seen.append(learned.features)
        return real(recipe, names, learned, seed)

    monkeypatch.setattr(Recipe, "fit", fit)
    chosen = choose_recipe(rows, SETTINGS, 1, 1, tmp_path)
    assert max(len(features) for features in seen) <= (~locked & known).sum()
    # and with other outcomes there, the choice is the same
    rows.outcome[locked] = 1 - rows.outcome[locked]
    try:
        assert choose_recipe(rows, SETTINGS, 1, 1, tmp_path) == chosen
    finally:
        rows.outcome[locked] = 1 - rows.outcome[locked]
