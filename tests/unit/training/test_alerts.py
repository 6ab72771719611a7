"""A policy applied to out-of-fold predictions; what must come out is counted here by hand, with pandas."""

import pandas as pd
import pytest

from tests.support.training_fixtures import Trained
from training.alerts import AlertRisks, alert_rule, risks_of_question
from training.backtest.predictions import read_predictions
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
