"""A policy applied to out-of-fold predictions; what must come out is counted here by hand, with pandas."""

import numpy as np
import pandas as pd
import pytest

from tests.support.training_fixtures import Trained
from training.alerts import AlertRisks, alert_rule, risks_of_question, risks_until_relief
from training.backtest.predictions import read_predictions
from training.backtest.run_out_file import RunOutPredictions
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
