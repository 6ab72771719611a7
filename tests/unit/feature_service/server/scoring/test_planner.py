import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.panel import PRICE_MEAN, UNITS_ON_HAND, UNITS_SOLD, Panel
from feature_service.kernel import forecast_demand
from feature_service.server.scoring.newer_stock import NewerStock
from feature_service.server.scoring.planner import FARTHEST_DAYS, Figures, Planner
from tests.support.answers import given_to_all
from tests.support.snapshots import synthetic_panel

PLAIN = synthetic_panel(products=40)
COLUMN = len(PLAIN.weeks) - 1
EVERY = slice(None)
NO_CURVE = np.empty((len(PLAIN.product_ids), 0), dtype=np.float32)


def stocked(units: float, panel: Panel = PLAIN) -> Panel:
    on_hand = np.full_like(panel.fields[UNITS_SOLD], np.float32(units))
    return dataclasses.replace(panel, fields={**panel.fields, UNITS_ON_HAND: on_hand})


def figures(panel: Panel, given: NewerStock | None = None) -> Figures:
    return Planner(panel, horizon_weeks=1).figures(EVERY, COLUMN, NO_CURVE, given)


def assert_same(ours: Figures, others: Figures) -> None:
    for field in dataclasses.fields(Figures):
        np.testing.assert_array_equal(getattr(ours, field.name), getattr(others, field.name))


def all_given(units: float | None, days: int | None = None) -> NewerStock:
    return given_to_all(len(PLAIN.product_ids), units, days)


def test_without_stock_nothing_is_known_but_the_demand() -> None:
    known = {name: np.isfinite(each) for name, each in vars(figures(PLAIN)).items()}
    assert known.pop("expected_demand_units").all()
    assert not any(each.any() for each in known.values())


def test_the_callers_stock_gives_what_the_snapshots_own_would() -> None:
    assert_same(figures(PLAIN, all_given(5.0)), figures(stocked(5.0)))
    assert_same(figures(stocked(3.0), all_given(5.0)), figures(stocked(5.0)))
    assert_same(figures(stocked(3.0), all_given(None)), figures(stocked(3.0)))


def test_dates_follow_from_cover_and_lead_time() -> None:
    answer = figures(stocked(2.0), all_given(None, 3))
    days = np.ceil(answer.weeks_of_cover * 7)
    near = days <= FARTHEST_DAYS
    assert near.any()
    np.testing.assert_array_equal(answer.stockout_in_days, np.where(near, days, np.nan))
    np.testing.assert_array_equal(answer.reorder_in_days, np.where(near, days - 3, np.nan))


def test_revenue_at_risk_is_lost_units_at_the_last_price_that_was_paid() -> None:
    answer = figures(stocked(0.0))
    for row, prices in enumerate(PLAIN.fields[PRICE_MEAN]):
        paid = prices[prices > 0]
        if len(paid):
            assert answer.revenue_at_risk[row] == pytest.approx(answer.expected_units_lost[row] * float(paid[-1]))
        else:
            assert np.isnan(answer.revenue_at_risk[row])


def test_a_stock_is_used_up_on_the_day_on_which_its_last_unit_goes() -> None:
    weekly = forecast_demand(PLAIN.fields, COLUMN).mean
    for days, expected in ((0.2, 1), (1.0, 1), (1.1, 2), (7.0, 7), (7.01, 8)):
        caller = NewerStock(weekly / 7 * days, np.full(len(weekly), 3.0))
        answer = figures(PLAIN, caller)
        assert (answer.stockout_in_days == expected).all(), days
        assert (answer.reorder_in_days == expected - 3).all()


def test_an_empty_shelf_loses_the_whole_demand_and_is_out_today() -> None:
    answer = figures(stocked(0.0))
    np.testing.assert_allclose(answer.expected_units_lost, forecast_demand(PLAIN.fields, COLUMN).mean)
    assert not answer.stockout_in_days.any()


@given(st.floats(0, 1e6), st.floats(0, 1e6))
@settings(max_examples=30)
def test_more_stock_never_loses_more_or_lasts_shorter(first: float, second: float) -> None:
    less, more = (figures(PLAIN, all_given(units)) for units in sorted((first, second)))
    assert (more.expected_units_lost <= less.expected_units_lost + 1e-9).all()
    assert (more.weeks_of_cover >= less.weeks_of_cover).all()
