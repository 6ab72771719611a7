"""Run-out curves of shelves that are counted, out of fold, and in the bundle that is trained after them."""

import dataclasses
import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from data.ingest.generic import ingest_generic
from data.panel import Panel
from data.panel.build import build_panel
from data.synthetic.shops import write_synthetic_generic
from feature_service.bundle import CONTRACT_FILE, Bundle, BundleError
from tests.support.training_fixtures import Trained, run_training_stages
from training.backtest.origins import BacktestSettings
from training.backtest.out_of_fold import Backtest
from training.backtest.rolling import backtest
from training.backtest.run_out import RunOutBacktest, backtest_run_out, reach_of
from training.backtest.run_out_file import RUN_OUT_FILE, read_run_out, write_run_out
from training.backtest.store import PredictionStore
from training.dataset import TrainingRows, read_training_table
from training.errors import TrainingFileError
from training.evaluation.figures import read_evaluation
from training.labels.run_out import known_at, weeks_known
from training.recipes import Recipe

FIRST_WEEK, WEEKS = dt.date(2024, 1, 1), 26
RECIPE = Recipe("logistic_regression")
SETTINGS = BacktestSettings()


@dataclass(frozen=True)
class Shelves:
    trained: Trained
    rows: TrainingRows
    of_label: Backtest
    curves: RunOutBacktest


def curves_of(rows: TrainingRows, panel: Panel, of_label: Backtest, kept: Path | None = None) -> RunOutBacktest:
    found = backtest_run_out(rows, panel, of_label, SETTINGS.row_budget, 1, PredictionStore(kept))
    assert found is not None
    return found


@pytest.fixture(scope="module")
def shelves(tmp_path_factory: pytest.TempPathFactory) -> Shelves:
    folder = tmp_path_factory.mktemp("shelves")
    write_synthetic_generic(folder / "in", seed=5, products=200, weeks=WEEKS, first_week=FIRST_WEEK)
    ingested = ingest_generic(folder / "in", quarantine_file=folder / "quarantine.parquet")
    panel = build_panel(ingested, as_of_week=FIRST_WEEK + dt.timedelta(weeks=WEEKS - 1))
    trained = run_training_stages(panel, folder / "out", recipe=RECIPE, label="inventory", feature_set="stock-1")
    rows = read_training_table(trained.table)
    of_label = backtest(rows, panel, RECIPE, SETTINGS, 1)
    return Shelves(trained, rows, of_label, curves_of(rows, panel, of_label))


def test_curves_begin_with_the_labels_own_probability_and_never_fall(shelves: Shelves) -> None:
    curves = shelves.curves
    assert curves.reach_weeks == reach_of(shelves.of_label.calendar) == 9
    np.testing.assert_array_equal(curves.curve[:, 0], shelves.of_label.probability)
    assert (np.diff(curves.curve, axis=1) >= 0).all()
    assert curves.curve.max() <= 1


def test_what_comes_after_a_fit_does_not_touch_what_it_predicts(shelves: Shelves) -> None:
    rows, calendar = shelves.rows, shelves.of_label.calendar
    assert rows.run_out is not None
    origins = next(each for each in calendar.origins_by_fit() if each[-1] >= calendar.first)
    known = known_at(rows.run_out, weeks_known(rows.week, origins.start, rows.outcome_weeks))
    # what is not known yet is the opposite of what happened
    lied = np.where(np.isnan(known) | (known != rows.run_out), -np.sign(rows.run_out) * 12, rows.run_out)
    again = curves_of(dataclasses.replace(rows, run_out=lied), shelves.trained.panel, shelves.of_label)
    inside = np.isin(rows.week[shelves.curves.row], list(origins))
    assert inside.any()
    np.testing.assert_array_equal(again.curve[inside], shelves.curves.curve[inside])
    assert (again.curve[~inside] != shelves.curves.curve[~inside]).any()


def test_predictions_of_an_earlier_backtest_are_taken_over(shelves: Shelves, tmp_path: Path) -> None:
    parts = (shelves.rows, shelves.trained.panel, shelves.of_label)
    first = curves_of(*parts, kept=tmp_path / "kept")
    files = {path.name for path in (tmp_path / "kept").iterdir()}
    again = curves_of(*parts, kept=tmp_path / "kept")
    for one in (first, again):
        np.testing.assert_array_equal(one.curve, shelves.curves.curve)
    assert files == {path.name for path in (tmp_path / "kept").iterdir()} != set()


def test_where_nothing_runs_out_later_there_is_no_curve(shelves: Shelves) -> None:
    rows = dataclasses.replace(shelves.rows, run_out=np.full(len(shelves.rows), -12, dtype=np.float32))
    assert backtest_run_out(rows, shelves.trained.panel, shelves.of_label, 1000, 1, PredictionStore(None)) is None
    rows = dataclasses.replace(shelves.rows, run_out=None)
    assert backtest_run_out(rows, shelves.trained.panel, shelves.of_label, 1000, 1, PredictionStore(None)) is None


def test_a_small_budget_still_gives_probabilities_that_add_up(shelves: Shelves) -> None:
    few = backtest_run_out(shelves.rows, shelves.trained.panel, shelves.of_label, 1500, 1, PredictionStore(None))
    assert few is not None
    last = few.curve[:, -1].astype(np.float64)
    assert abs(last.mean() - shelves.curves.curve[:, -1].mean()) < 0.1


def test_the_file_holds_the_curves(shelves: Shelves, tmp_path: Path) -> None:
    path = tmp_path / RUN_OUT_FILE
    write_run_out(shelves.curves, shelves.rows, shelves.trained.panel.product_ids, path)
    found = read_run_out(path)
    np.testing.assert_array_equal(found.curve, shelves.curves.curve)
    np.testing.assert_array_equal(found.times, shelves.curves.times)
    assert list(found.rules) == list(shelves.curves.rules)
    for name, rule in found.rules.items():
        np.testing.assert_allclose(rule.scores, shelves.curves.rules[name].scores, rtol=1e-6, atol=1e-12)
    with pytest.raises(TrainingFileError, match="run the backtest again"):
        read_run_out(tmp_path / "none.parquet")


def test_the_model_is_measured_beside_every_rule_at_every_week_ahead(shelves: Shelves) -> None:
    figures = read_evaluation(shelves.trained.evaluation).run_out
    assert figures is not None
    assert [week.weeks_ahead for week in figures.weeks] == list(range(1, 10))
    assert [week.origins for week in figures.weeks] == list(range(12, 3, -1))
    rules = {"base rate", "Poisson first passage", "negative binomial first passage", "units on hand", "days of cover"}
    for week in figures.weeks:
        assert set(week.figures) == rules | {"model"}
        assert week.figures["model"]["average_precision"].value > week.base_rate
    scores = figures.ranked_probability_score
    assert scores["model"].value < scores["base rate"].value
    page = (shelves.trained.evaluation / "report.html").read_text(encoding="utf-8")
    assert "The run-out curve, week by week" in page


def test_the_bundle_reaches_as_far_as_its_backtest_and_answers_each_row_alike(shelves: Shelves) -> None:
    bundle = Bundle.load(shelves.trained.bundle_dir)
    assert bundle.contract.reach_weeks == 9
    assert "run_out_average_precision_9" in bundle.contract.metrics
    features = shelves.rows.features()[-500:]
    run_out = bundle.predict_run_out(features)
    assert run_out.shape == (500, 9)
    np.testing.assert_array_equal(run_out[:, 0], bundle.predict(features))
    assert (np.diff(run_out, axis=1) >= 0).all()
    np.testing.assert_array_equal(bundle.predict_run_out(features[7:8]), run_out[7:8])
    assert bundle.predict_run_out(features[:0]).shape == (0, 9)


def test_a_contract_that_reaches_further_than_its_graph_is_refused(shelves: Shelves, tmp_path: Path) -> None:
    for path in shelves.trained.bundle_dir.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    contract = json.loads((tmp_path / CONTRACT_FILE).read_text())
    (tmp_path / CONTRACT_FILE).write_text(json.dumps(contract | {"reach_weeks": 12}))
    with pytest.raises(BundleError, match="the graph reaches 9 weeks ahead, its contract 12"):
        Bundle.load(tmp_path)


def test_a_label_that_rests_on_sales_has_no_curve(trained: Trained) -> None:
    assert read_training_table(trained.table).run_out is None
    bundle = Bundle.load(trained.bundle_dir)
    assert bundle.contract.reach_weeks == 1
    features = read_training_table(trained.table).features()[:5]
    np.testing.assert_array_equal(bundle.predict_run_out(features), bundle.predict(features)[:, None])
    assert not (trained.backtest / RUN_OUT_FILE).exists()
