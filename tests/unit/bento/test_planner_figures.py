"""The planner's figures beside the Bento's own probability."""

import datetime as dt
from dataclasses import replace

import numpy as np

from bento.risks import _alert, _risk
from feature_service.client import ProductRisk, Reason
from tests.support.product_histories import PROVENANCE

PLAN = ProductRisk(
    product_id="a",
    probability=0.1,
    alert=False,
    error=None,
    units_on_hand=0.0,
    weeks_of_cover=0.5,
    reorder_by_date=dt.date(2018, 8, 12),
    reasons=(Reason(feature="margin_weekly", value=float("nan"), contribution=0.8, text="low"),),
)


def test_known_figures_are_given_even_where_they_are_zero_and_unknown_ones_are_null() -> None:
    risk = _risk("a", 0.7, True, PLAN, same_model=True)
    assert (risk.units_on_hand, risk.weeks_of_cover, risk.reorder_by_date) == (0.0, 0.5, dt.date(2018, 8, 12))
    assert (risk.revenue_at_risk, risk.expected_stockout_date, risk.category) == (None, None, None)


def test_that_a_risk_is_the_least_goes_with_it_and_is_not_said_beside_another_model() -> None:
    plan = replace(PLAN, relief_probability=0.8, relief_after_curve=True)
    ours, theirs = (_risk("a", 0.7, True, plan, same_model=each) for each in (True, False))
    assert (ours.relief_probability, ours.relief_after_curve) == (0.8, True)
    assert (theirs.relief_probability, theirs.relief_after_curve) == (None, False)


def test_another_models_alert_goes_by_the_bentos_own_curve_until_the_figures_relief() -> None:
    curve, relief = np.array([0.2, 0.4, 0.7], dtype=np.float32), PROVENANCE.as_of_week + dt.timedelta(days=6 + 14)
    plan, later = (replace(PLAN, relief_date=relief + dt.timedelta(days=days)) for days in (0, 70))
    for threshold, on_question, until_relief, beyond in (
        (0.15, True, True, True),
        (0.3, False, True, True),
        (0.5, False, False, True),
        (0.8, False, False, False),
    ):
        rests_on = replace(PROVENANCE, threshold=threshold)
        with_relief = replace(rests_on, alerts_until_relief=True)
        assert _alert(curve, plan, rests_on) == on_question
        assert _alert(curve, plan, with_relief) == until_relief
        assert _alert(curve, later, with_relief) == beyond
        assert _alert(curve[:1], plan, with_relief) is None, "a model without a curve"
        assert _alert(curve, PLAN, with_relief) is None, "figures of a model without a curve"


def test_another_models_reasons_are_left_out() -> None:
    assert _risk("a", 0.7, True, PLAN, same_model=False).reasons is None
    reasons = _risk("a", 0.7, True, PLAN, same_model=True).reasons
    assert reasons
    assert (reasons[0].text, reasons[0].value) == ("low", None)
