"""Figures of past weeks, by hand."""

import numpy as np
import pytest

from data.snapshots.scorer_record import FIGURES
from data.snapshots.track_record import AlertFates
from monitoring.outcomes.performance import Performance
from monitoring.outcomes.rows import Rows
from tests.support.outcome_rows import FEW, FIRST, HIT, IN_VAIN, MISS, RECEIVED, WEEK, rows


def performance(made: Rows) -> Performance:
    return Performance(made, set(), FEW)


def test_the_figures_of_a_week_are_those_of_its_rows() -> None:
    made = rows(HIT, MISS, MISS, IN_VAIN, RECEIVED, {}, {})
    period = performance(made).over([WEEK])
    model = period.model
    assert (period.first_week, period.last_week, period.weeks) == (FIRST, FIRST, 1)
    assert (period.product_weeks, period.positives, period.product_weeks_unknown) == (7, 3, 0)
    assert period.fates == AlertFates(came_true=1, did_not=1, received=1)
    assert model.alerts == 3
    values = {name: figure.value for name in FIGURES if (figure := getattr(model, name)) is not None}
    assert values.pop("average_precision") == pytest.approx((1 + 3 / 5 * 2) / 3)
    errors = [0.1, 0.7, 0.7, 0.6, 0.7, 0.1, 0.1]
    assert values.pop("brier") == pytest.approx(np.mean(np.square(errors)))
    assert values == pytest.approx(
        {
            "precision": 1 / 3,
            "precision_undisturbed": 1 / 2,
            "recall": 1 / 3,
            "warning_days": 3,
            "units_lost_after_alert": 4,
            "units_lost_without_alert": 2,
            "revenue_lost_after_alert": 40,
            "revenue_lost_without_alert": 0,
        }
    )
    assert model.warning_days_quartiles == pytest.approx((3, 3))
    intervals = [
        getattr(model, name) for name in ("precision", "recall", "average_precision", "units_lost_after_alert")
    ]
    assert all(each.low <= each.value <= each.high for each in intervals)
    assert any(each.low < each.high for each in intervals)


def test_what_there_is_not_enough_for_is_unset_and_never_0() -> None:
    nothing_happened = performance(rows(IN_VAIN, {}, {"outcome": np.nan})).over([WEEK])
    unset = {name for name in FIGURES if getattr(nothing_happened.model, name) is None}
    assert unset == {"recall", "average_precision", "calibration_error", "warning_days"}
    assert nothing_happened.product_weeks_unknown == 1
    no_alert = performance(rows(MISS, {})).over([WEEK]).model
    assert (no_alert.precision, no_alert.precision_undisturbed, no_alert.alerts) == (None, None, 0)
    assert no_alert.recall is not None
    assert no_alert.recall.value == 0  # something happened, and nobody was warned
    sales_only = performance(rows(HIT | {"units_lost": np.nan, "revenue_lost": np.nan, "out_day": 0})).over([WEEK])
    assert sales_only.model.units_lost_after_alert is None
    assert sales_only.model.warning_days is None
    nothing_known = performance(rows({"outcome": np.nan, "alert": True})).over([WEEK])
    assert (nothing_known.product_weeks, nothing_known.model.alerts) == (0, 0)
    assert nothing_known.fates == AlertFates(unknown=1)


def test_a_rule_gets_as_many_alerts_in_each_week_as_the_model() -> None:
    made = rows(
        HIT | {"rule": 0.1},
        IN_VAIN | {"rule": np.nan},
        MISS | {"rule": 5.0},
        {"rule": 2.0},
        {"week": 1, "product": 0, "rule": 9.0},
        {"week": 1, "product": 1, "outcome": 1, "alert": True, "rule": 1.0},
    )
    of_both = performance(made).over([WEEK, WEEK + 1])
    rule = of_both.rules["rule"]
    assert (rule.alerts, of_both.model.alerts) == (3, 3)
    assert rule.precision is not None
    assert rule.precision.value == pytest.approx(1 / 3)  # 5 and 2 in the first week, 9 in the second
    assert (rule.brier, rule.calibration_error, rule.is_probability) == (None, None, False)


def test_an_alert_that_somebody_acted_upon_is_counted_apart_and_in_no_figure() -> None:
    acted_upon = [IN_VAIN | {"acknowledged": True}, HIT | {"acknowledged": True}]
    period = performance(rows(HIT, MISS, *acted_upon)).over([WEEK])
    assert period.fates == AlertFates(came_true=1, acknowledged=2, acknowledged_came_true=1)
    assert (period.product_weeks, period.model.alerts) == (2, 1)
    assert period.model.precision is not None
    assert period.model.precision.value == 1


def test_the_warning_counts_from_the_first_alert_of_an_episode_and_once() -> None:
    standing = [{"product": 0, "week": week, "alert": True} for week in range(3)]
    came_true = HIT | {"product": 0, "week": 3, "out_day": 2}
    made = rows(*standing, came_true, {"product": 1, "week": 3, "outcome": 1, "alert": True, "out_day": 5})
    warned = performance(made).over(range(WEEK, WEEK + 4)).model
    assert warned.warning_days_quartiles == pytest.approx((5, 23))
    only_last = performance(made).over([WEEK + 3]).model
    assert only_last.warning_days_quartiles == pytest.approx((5, 23))
    assert performance(made).over([WEEK]).model.warning_days is None


def test_an_alert_that_is_not_over_is_in_no_figure_of_alerts_but_ranks_all_the_same() -> None:
    until_relief = {"alert_days": 21, "alert_outcome": 1}
    not_over = {"alert": True, "alert_is_over": False, "alert_outcome": np.nan, "probability": 0.8, "rule": 9.0}
    made = rows(
        {"alert": True, "out_day": 17, "rule": 1.0} | until_relief,
        {"rule": 2.0} | until_relief,
        {"outcome": 1, "probability": 0.9, "rule": 3.0} | until_relief,
        not_over,
    )
    period = performance(made).over([WEEK])
    model, rule = period.model, period.rules["rule"]
    assert period.fates == AlertFates(came_true=1)
    assert (period.product_weeks, period.positives) == (4, 1), "of the question"
    assert (model.alerts, rule.alerts) == (1, 1)
    assert model.precision is not None
    assert model.recall is not None
    assert model.average_precision is not None
    assert (model.precision.value, model.recall.value) == pytest.approx((1, 1 / 3))
    assert model.average_precision.value == pytest.approx(1), "the question's own, by its own outcome"
    assert model.warning_days_quartiles == pytest.approx((17, 17))
    assert rule.precision is not None
    assert rule.precision.value == pytest.approx(1), "the rule's alert is the highest of those that are over"
    waiting = performance(rows(not_over, {"alert_is_over": False, "alert_outcome": np.nan})).over([WEEK]).model
    unset = (waiting.precision, waiting.recall, waiting.units_lost_after_alert, waiting.units_lost_without_alert)
    assert unset == (None, None, None, None)
