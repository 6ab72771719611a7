"""Past and expected weeks of a product as one series."""

import dataclasses

from planner.product.timeline import Arrival, Band, chart_data, timeline
from tests.support.product_histories import HISTORY, ON_ITS_WAY, week


def test_the_stock_to_come_goes_on_from_the_one_on_hand_and_never_below_none() -> None:
    weeks = timeline(HISTORY, 9.0, (0.1, 0.6))
    assert [each.stock for each in weeks] == [None, None, Band(5, 1, 8), Band(1, 0, 6)]
    assert [each.run_out for each in weeks] == [None, None, 0.1, 0.6]
    data = chart_data(weeks, 9.0)
    assert data["weeks"] == [week(number).isoformat() for number in range(4)]
    assert data["stock"]["mean"] == [None, 9, 5, 1]
    assert data["sold"] == [None, 4, None, None]
    assert data["demand"]["high"] == [None, None, 8, 8]


def test_an_unknown_stock_is_not_drawn_and_a_model_without_a_curve_draws_none() -> None:
    weeks = timeline(HISTORY, None, ())
    assert {each.stock for each in weeks} == {None}
    assert set(chart_data(weeks, None)["stock"]["mean"]) == {None}
    assert {each.run_out for each in weeks} == {None}
    alone = dataclasses.replace(HISTORY, forecast=())
    assert chart_data(timeline(alone, 3.0, ()), 3.0)["stock"]["mean"] == [None, None]


def test_what_comes_is_there_at_the_end_of_its_week_and_lost_demand_does_not_wait_for_it() -> None:
    weeks = timeline(HISTORY, 2.0, (), [Arrival(ON_ITS_WAY.expected_on, 5.0)])
    assert [each.coming for each in weeks] == [0, 0, 5, 0]
    assert [each.stock for each in weeks[2:]] == [Band(5, 5, 6), Band(1, 0, 4)]


def test_more_demand_leaves_less() -> None:
    weeks = timeline(HISTORY, 9.0, (), demand_factor=2.0)
    assert weeks[2].demand == Band(8, 2, 16)
    assert [each.stock for each in weeks[2:]] == [Band(1, 0, 7), Band(0, 0, 3)]
