import dataclasses
import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.panel import PRICE_MEAN, UNITS_ON_HAND, UNITS_SOLD, Panel
from feature_service.kernel import forecast_demand
from feature_service.server.planner import FARTHEST_DAYS, Given, Plan, Planner
from feature_service.server.questions import Stock
from tests.support.snapshots import synthetic_panel

LAST_DAY = dt.date(2018, 8, 26)
PLAIN = synthetic_panel(products=40)
COLUMN = len(PLAIN.weeks) - 1
EVERY = slice(None)


def stocked(units: float, panel: Panel = PLAIN) -> Panel:
    on_hand = np.full_like(panel.fields[UNITS_SOLD], np.float32(units))
    return dataclasses.replace(panel, fields={**panel.fields, UNITS_ON_HAND: on_hand})


def plans(panel: Panel, given: Given | None = None) -> list[Plan]:
    return Planner(panel, horizon_weeks=1).figures(EVERY, COLUMN, given).plans(EVERY, LAST_DAY)


def all_given(units: float | None, days: int | None = None) -> Given:
    return Given.of([Stock(units, days)] * len(PLAIN.product_ids))


def test_without_stock_nothing_is_known_but_the_demand() -> None:
    for plan in plans(PLAIN):
        assert plan == Plan(expected_demand_units=plan.expected_demand_units)
        assert plan.expected_demand_units is not None


def test_the_callers_stock_gives_what_the_snapshots_own_would() -> None:
    assert plans(PLAIN, all_given(5.0)) == plans(stocked(5.0))
    assert plans(stocked(3.0), all_given(5.0)) == plans(stocked(5.0))
    assert plans(stocked(3.0), all_given(None)) == plans(stocked(3.0))


def test_dates_follow_from_cover_and_lead_time() -> None:
    for plan in plans(stocked(2.0), all_given(None, 3)):
        assert plan.weeks_of_cover is not None
        days = int(plan.weeks_of_cover * 7)
        if days > FARTHEST_DAYS:
            assert (plan.expected_stockout_date, plan.reorder_by_date) == (None, None)
        else:
            assert plan.expected_stockout_date == LAST_DAY + dt.timedelta(days=days)
            assert plan.reorder_by_date == LAST_DAY + dt.timedelta(days=days - 3)


def test_revenue_at_risk_is_lost_units_at_the_last_price_that_was_paid() -> None:
    prices = PLAIN.fields[PRICE_MEAN]
    for plan, row in zip(plans(stocked(0.0)), prices, strict=True):
        paid = row[row > 0]
        assert plan.expected_units_lost is not None
        if len(paid):
            assert plan.revenue_at_risk == pytest.approx(plan.expected_units_lost * float(paid[-1]))
        else:
            assert plan.revenue_at_risk is None


def test_an_empty_shelf_loses_the_whole_demand_and_is_out_today() -> None:
    demand = forecast_demand(PLAIN.fields, COLUMN)
    for plan, mean in zip(plans(stocked(0.0)), demand.mean, strict=True):
        assert plan.expected_units_lost == pytest.approx(float(mean))
        assert plan.expected_stockout_date == LAST_DAY


@given(st.floats(0, 1e6), st.floats(0, 1e6))
@settings(max_examples=30, deadline=None)
def test_more_stock_never_loses_more_or_lasts_shorter(first: float, second: float) -> None:
    less, more = (plans(PLAIN, all_given(units)) for units in sorted((first, second)))
    for little, much in zip(less, more, strict=True):
        assert little.expected_units_lost is not None
        assert much.expected_units_lost is not None
        assert much.expected_units_lost <= little.expected_units_lost + 1e-9
        assert (much.weeks_of_cover or 0) >= (little.weeks_of_cover or 0)
