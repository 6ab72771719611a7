import dataclasses
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from feature_service.bundle import Bundle
from feature_service.kernel import feature_set, features_at
from tests.support.training_fixtures import SEED, Trained, run_training_stages, training_panel
from training.backtest.origins import BacktestSettings
from training.backtest.predictions import PREDICTIONS_FILE, read_predictions
from training.backtest.record import run_backtest
from training.budget import LEAST_ROW_BUDGET
from training.dataset import read_training_table
from training.estimators import FittedModel, LearningRows
from training.estimators.forest import Forest
from training.recipes import ORIGINAL, RECIPES, Recipe
from training.training_record import read_training_record

WEEKLY = BacktestSettings(refit_every=1, origins=10)


@pytest.mark.parametrize("back", [1, 3])
def test_data_cut_off_at_a_week_give_the_predictions_that_the_full_data_give_for_it(tmp_path: Path, back: int) -> None:
    panel = training_panel(products=80, weeks=45)
    full = run_training_stages(panel, tmp_path / "full", backtest=WEEKLY)
    end = len(panel.weeks) - 1 - back
    cut_fields = {name: values[:, : end + 1] for name, values in panel.fields.items()}
    cut = dataclasses.replace(panel, weeks=panel.weeks[: end + 1], fields=cut_fields)
    model = Bundle.load(run_training_stages(cut, tmp_path / "cut", backtest=WEEKLY).bundle_dir)
    features = features_at(feature_set("seed-18"), cut.fields, end)
    predictions = read_predictions(full.predictions)
    there = predictions.as_of_week == panel.weeks[end]
    rows = [
        panel.product_ids.index(product_id)
        for product_id, now in zip(predictions.product_ids.to_pylist(), there, strict=True)
        if now
    ]
    assert len(rows) > 30
    np.testing.assert_allclose(model.predict(features[rows]), predictions.model.values[there], atol=1e-5)


def test_a_model_never_sees_a_row_whose_outcome_is_not_over(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, fitted_on = read_training_table(trained.table), list[int]()
    real = Recipe.fit

    def fit(recipe: Recipe, names: tuple[str, ...], learned: LearningRows, seed: int) -> FittedModel:
        fitted_on.append(len(learned.outcome))
        return real(recipe, names, learned, seed)

    monkeypatch.setattr(Recipe, "fit", fit)
    run_training_stages(trained.panel, tmp_path)
    known = np.isfinite(rows.outcome)
    weeks, counts = np.unique(rows.as_of_week[known], return_counts=True)
    # rows come week by week, so each fit must end with a whole week, and the last is the final fit on all of them
    assert set(fitted_on) <= set(np.cumsum(counts))
    assert fitted_on[-1] == known.sum()
    assert len(weeks) > 12


def test_however_many_fits_run_at_a_time_the_predictions_are_the_same(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.backtest.walk.cores", lambda: 1)
    alone = run_training_stages(trained.panel, tmp_path)
    assert alone.predictions.read_bytes() == trained.predictions.read_bytes()


def test_fits_on_a_sample_keep_their_probabilities_right(tmp_path: Path) -> None:
    panel = training_panel(products=600, weeks=60)
    whole = run_training_stages(panel, tmp_path / "whole")
    settings = BacktestSettings(row_budget=LEAST_ROW_BUDGET * 5)
    sampled = run_training_stages(panel, tmp_path / "sampled", backtest=settings)
    record = read_training_record(sampled.candidate)
    assert record.rows < 1.1 * settings.row_budget < record.rows_known / 3
    assert read_training_record(whole.candidate).rows == record.rows_known
    # before calibration, which would hide weights that are wrong
    mean, of_sample = (read_predictions(each.predictions).raw.mean() for each in (whole, sampled))
    assert of_sample == pytest.approx(mean, abs=0.01)


def test_the_predictions_have_the_columns_that_are_promised(trained: Trained) -> None:
    table = pq.read_table(trained.predictions)
    promised = ["product_id", "as_of_week", "target_week_start", "horizon_weeks", "label", "eligible", "actual"]
    assert table.column_names[: len(promised)] == promised
    rules = {"rule_base_rate", "rule_no_sale_last_week", "rule_exp_4_week_rate", "rule_gamma_poisson_zero", "rule_tsb"}
    assert {"probability", "model", "fold", "rule_same_week_last_year", *rules} <= set(table.column_names)
    frame = table.to_pandas()
    assert frame["as_of_week"].nunique() == 12
    assert frame["probability"].between(0, 1).all()
    assert not frame.duplicated(["product_id", "as_of_week"]).any()
    assert frame.drop(columns="onset").notna().all().all()


def test_the_actual_outcomes_are_those_of_the_weeks_that_followed(trained: Trained) -> None:
    frame = pq.read_table(trained.predictions).to_pandas()
    units = trained.panel.fields["units_sold"]
    column = {week: index for index, week in enumerate(trained.panel.weeks.astype(str))}
    row = {product_id: index for index, product_id in enumerate(trained.panel.product_ids)}
    for product_id, target, actual in zip(
        frame["product_id"], frame["target_week_start"], frame["actual"], strict=True
    ):
        assert actual == (units[row[product_id], column[str(target)[:10]]] == 0)


def test_features_that_a_recipe_leaves_out_change_nothing(trained: Trained) -> None:
    rows = read_training_table(trained.table)
    known = np.isfinite(rows.outcome)
    recipe = Recipe("lightgbm", {"num_iterations": 20}, features=("sales_qtd_lag_1", "sales_qtd_roll_mean_4"))
    model = recipe.fit(rows.feature_names, LearningRows(rows.features(known), rows.outcome[known]), 1)
    left_out = [name not in recipe.features for name in rows.feature_names]
    changed = rows.features()
    changed[:, left_out] = 99
    np.testing.assert_array_equal(model.predict(rows.features()), model.predict(changed))


def test_every_proven_recipe_can_be_fitted_and_gives_probabilities(trained: Trained) -> None:
    rows = read_training_table(trained.table)
    known = np.isfinite(rows.outcome)
    for recipe in RECIPES.values():
        small = {name: 5 for name in recipe.parameters if name == "num_iterations"}
        quick = dataclasses.replace(recipe, parameters={**recipe.parameters, **small})
        fitted = quick.fit(rows.feature_names, LearningRows(rows.features(known), rows.outcome[known]), 1)
        probabilities = fitted.predict(rows.features())
        assert ((probabilities >= 0) & (probabilities <= 1)).all()


def test_another_recipe_is_measured_beside_the_model_as_it_is_measured_as_the_model_itself(tmp_path: Path) -> None:
    panel, other = training_panel(products=80, weeks=45), Recipe("lightgbm", {"num_iterations": 5})
    alone = run_training_stages(panel, tmp_path / "alone", recipe=other)
    rows = read_training_table(alone.table)
    (tmp_path / "beside").mkdir()
    run_backtest(rows, panel, ORIGINAL, BacktestSettings(), SEED, tmp_path / "beside", {"other": other})
    measured = read_predictions(tmp_path / "beside" / PREDICTIONS_FILE)
    np.testing.assert_array_equal(measured.rules["other"].values, read_predictions(alone.predictions).model.values)
    assert measured.rules["other"].is_probability
    assert measured.estimator == "random_forest"
    assert not np.array_equal(measured.model.values, measured.rules["other"].values)


def test_the_originals_model_has_100_trees_of_depth_10() -> None:
    features = np.random.default_rng(1).random((3000, 4), dtype=np.float32)
    outcome = (np.random.default_rng(2).random(3000) < features[:, 0]).astype(np.float32)
    forest = ORIGINAL.fit(("a", "b", "c", "d"), LearningRows(features, outcome), SEED)
    assert isinstance(forest, Forest)
    trees = forest.pipeline[-1].estimators_
    assert len(trees) == 100
    assert max(tree.get_depth() for tree in trees) == 10
