"""The planner's figures beside the Bento's own probability."""

import datetime as dt

from bento.risks import _risk
from feature_service.client import ProductRisk, Reason

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
    risk = _risk("a", 0.7, 0.5, PLAN, same_model=True)
    assert (risk.units_on_hand, risk.weeks_of_cover, risk.reorder_by_date) == (0.0, 0.5, dt.date(2018, 8, 12))
    assert (risk.revenue_at_risk, risk.expected_stockout_date, risk.category) == (None, None, None)


def test_the_probability_and_the_alert_are_the_bentos_own() -> None:
    risk = _risk("a", 0.7, 0.5, PLAN, same_model=True)
    assert (risk.probability, risk.alert) == (0.7, True)


def test_another_models_reasons_are_left_out() -> None:
    assert _risk("a", 0.7, 0.5, PLAN, same_model=False).reasons is None
    reasons = _risk("a", 0.7, 0.5, PLAN, same_model=True).reasons
    assert reasons
    assert (reasons[0].text, reasons[0].value) == ("low", None)
