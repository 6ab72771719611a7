"""A policy applied to out-of-fold predictions; what must come out is counted here by hand, with pandas."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest

from feature_service.kernel.run_out import risk_until_relief
from tests.support.shops import Shops
from tests.support.training_fixtures import Trained
from training.alerts import AlertRisks, alert_rule, read_alert_risks, risks_of_question, risks_until_relief
from training.backtest.predictions import read_predictions
from training.backtest.run_out_file import RUN_OUT_FILE, RunOutPredictions, read_run_out
from training.errors import SettingError
from training.policy import AlertPolicy


@pytest.fixture(scope="module")
def risks(trained: Trained) -> AlertRisks:
    return risks_of_question(read_predictions(trained.predictions))


@pytest.fixture(scope="module")
def rows(trained: Trained) -> pd.DataFrame:
    return pd.read_parquet(trained.predictions)


def test_a_budget_gives_about_as_many_alerts_a_week(risks: AlertRisks, rows: pd.DataFrame) -> None:
    rule = alert_rule(risks, AlertPolicy("budget", alert_budget=20))
    free = rows[~rows.locked]
    a_week = (free.probability >= rule.threshold).sum() / free.as_of_week.nunique()
    assert a_week == pytest.approx(20, abs=3)
    assert a_week <= 20


def test_costs_alert_as_soon_as_it_pays(risks: AlertRisks) -> None:
    rule = alert_rule(risks, AlertPolicy("cost", cost_of_miss=9))
    assert rule.threshold == pytest.approx(0.1)


def test_a_recall_is_reached_before_the_locked_origins(risks: AlertRisks, rows: pd.DataFrame) -> None:
    rule = alert_rule(risks, AlertPolicy("recall", target_recall=0.7))
    positive = rows[~rows.locked & (rows.actual == 1)]
    assert (positive.probability >= rule.threshold).mean() >= 0.7


def test_a_fixed_probability_is_the_threshold(risks: AlertRisks) -> None:
    assert alert_rule(risks, AlertPolicy("probability", alert_probability=0.3)).threshold == 0.3


def test_the_figures_of_a_rule_are_those_of_the_locked_weeks(risks: AlertRisks, rows: pd.DataFrame) -> None:
    rule = alert_rule(risks, AlertPolicy(alert_budget=15))
    locked = rows[rows.locked]
    alerts = locked[locked.probability >= rule.threshold]
    assert rule.policy == "budget 15"
    assert rule.alerts_per_week == pytest.approx(len(alerts) / locked.as_of_week.nunique())
    assert rule.precision == pytest.approx(alerts.actual.mean())
    assert rule.recall == pytest.approx(alerts.actual.sum() / locked.actual.sum())
    assert [pd.Timestamp(each) for each in rule.measured_on] == [
        pd.Timestamp(each) for each in (locked.as_of_week.min(), locked.as_of_week.max())
    ]


@pytest.mark.parametrize(
    ("policy", "name"),
    [
        (AlertPolicy(), "budget 50"),
        (AlertPolicy("cost", cost_of_miss=20), "cost 20:1"),
        (AlertPolicy("recall"), "recall 0.9"),
        (AlertPolicy("probability", alert_probability=0.25), "probability 0.25"),
    ],
)
def test_a_policy_is_named_with_the_numbers_that_it_goes_by(policy: AlertPolicy, name: str) -> None:
    assert policy.name == name


def test_a_number_that_the_policy_does_not_go_by_is_refused_and_not_ignored() -> None:
    with pytest.raises(
        SettingError, match=r"--target-recall is 0\.95; it must be left away where alerts are chosen by b"
    ):
        AlertPolicy(target_recall=0.95)


def curves_of(times: list[float], weeks_known: list[int], product: list[int], week: list[int]) -> RunOutPredictions:
    rows = len(times)
    rising = np.array([[0.1, 0.3, 0.6]], dtype=np.float32) * np.linspace(0.5, 1, rows, dtype=np.float32)[:, None]
    return RunOutPredictions(
        product_ids=("a", "b", "c"),
        product=np.array(product),
        week=np.array(week, dtype=np.int32),
        times=np.array(times, dtype=np.float32),
        weeks_known=np.array(weeks_known),
        locked=np.array(week) >= 2,
        curve=rising,
        rules={},
    )


def test_the_risk_until_relief_is_the_curve_at_each_products_own_lead_time() -> None:
    curves = curves_of([2, -3, -2, 2], [3, 3, 2, 3], [0, 1, 2, 0], [0, 0, 0, 1])
    found = risks_until_relief(curves, {"a": 7, "b": 300, "c": None}, default_days=10)
    assert found.until_relief
    np.testing.assert_allclose(found.risk[[0, 3]], curves.curve[[0, 3], 1], rtol=1e-6)
    assert found.risk[1] == curves.curve[1, 2], "relief comes after the end of the curve"
    assert curves.curve[2, 1] < found.risk[2] < curves.curve[2, 2], "17 days: within the third week"
    np.testing.assert_array_equal(found.outcome, np.array([1, 0, np.nan, 1], dtype=np.float32))


def test_what_ran_out_in_the_week_of_the_relief_counts_and_what_is_not_over_does_not() -> None:
    curves = curves_of([3, 1, -2], [3, 2, 2], [2, 2, 2], [0, 1, 1])
    found = risks_until_relief(curves, {"c": 10}, default_days=0)
    np.testing.assert_array_equal(found.outcome, np.array([1, np.nan, np.nan], dtype=np.float32))


def test_a_budget_counts_all_weeks_and_figures_are_of_those_that_are_over() -> None:
    def risks(locked_outcomes: list[float]) -> AlertRisks:
        outcome = np.array([1, 0, np.nan, 0, *locked_outcomes], dtype=np.float32)
        risk = np.array([0.9, 0.8, 0.7, 0.1, 0.9, 0.2], dtype=np.float32)
        week, locked = np.array([0, 0, 1, 1, 2, 2], dtype=np.int32), np.arange(6) >= 4
        return AlertRisks(risk, outcome, week, locked, until_relief=True)

    policy = AlertPolicy(alert_budget=1)
    rule = alert_rule(risks([1, 0]), policy)
    assert rule.until_relief
    assert rule.threshold == pytest.approx(0.8), "two in two weeks, the one that is not over among those of the next"
    assert (rule.alerts_per_week, rule.precision, rule.recall) == (1, 1, 1)
    assert rule.measured_on[0] == rule.measured_on[1]
    early = alert_rule(risks([np.nan, 0]), policy)
    assert (early.alerts_per_week, early.precision, early.recall) == (1, 0.5, 1), "of all weeks that are over"
    assert early.measured_on[0] < early.measured_on[1]


@pytest.mark.parametrize("alert_budget", [1, 3, 5, 10, 20, 40])
def test_who_is_at_the_threshold_has_an_alert_from_what_is_published(alert_budget: int) -> None:
    """A server takes the risk from the curve again, as it is published."""
    random, rows = np.random.default_rng(alert_budget), 400
    curves = replace(
        curves_of(np.where(random.random(rows) < 0.3, 1, -3).tolist(), [3] * rows, [0] * rows, [0, 1, 2, 3] * 100),
        curve=np.cumsum(random.uniform(0, 0.3, (rows, 3)), axis=1).astype(np.float32),
    )
    rule = alert_rule(risks_until_relief(curves, {}, default_days=4), AlertPolicy(alert_budget=alert_budget))
    free = ~curves.locked
    answered = risk_until_relief(curves.curve[free], np.full(free.sum(), 11.0))
    assert (answered >= rule.threshold).sum() == 2 * alert_budget


@pytest.fixture
def counted(shops: Shops) -> Trained:
    return Trained.of(shops.panel, shops.root.parent / "training")


def test_the_alerts_of_a_model_with_curves_are_chosen_on_its_risks_until_relief(counted: Trained) -> None:
    run_out = counted.backtest / RUN_OUT_FILE
    panel = replace(counted.panel, lead_time_days=(None, 21, *counted.panel.lead_time_days[2:]))
    found = read_alert_risks(counted.predictions, run_out, panel, 3)
    curves = read_run_out(run_out)
    days = dict(zip(panel.product_ids, panel.lead_time_days, strict=True)) | {panel.product_ids[0]: 3}
    relief = [7.0 + (days[curves.product_ids[each]] or 0) for each in curves.product]
    assert found.until_relief
    np.testing.assert_array_equal(found.risk, risk_until_relief(curves.curve, np.array(relief)))


@pytest.mark.parametrize("without", ["curves", "a run-out that is known before the locked origins"])
def test_without_a_run_out_before_relief_the_alerts_are_chosen_on_the_question(
    counted: Trained, without: str, tmp_path: Path
) -> None:
    run_out: Path | None = None
    if without != "curves":
        run_out = tmp_path / RUN_OUT_FILE
        written = pl.read_parquet(counted.backtest / RUN_OUT_FILE)
        survived = pl.when("locked").then("run_out").otherwise(-pl.col("run_out").abs()).cast(pl.Float32)
        told = written.with_columns(run_out=survived).to_arrow()
        kept = pq.read_schema(counted.backtest / RUN_OUT_FILE).metadata
        pq.write_table(told.replace_schema_metadata(kept), run_out)
    found = read_alert_risks(counted.predictions, run_out, counted.panel, 7)
    of_question = risks_of_question(read_predictions(counted.predictions))
    assert not found.until_relief
    assert alert_rule(found, AlertPolicy()) == alert_rule(of_question, AlertPolicy())
