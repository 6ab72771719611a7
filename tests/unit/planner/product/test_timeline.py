"""Past and expected weeks of a product as one series."""

import dataclasses
import datetime as dt

from feature_service.client import DemandBand, ForecastWeek, ProductHistory, ProductWeek, Provenance
from planner.product.timeline import Band, chart_data, timeline

MONDAY = dt.date(2024, 5, 6)


def week(number: int) -> dt.date:
    return MONDAY + dt.timedelta(weeks=number)


PUBLISHED_AT = dt.datetime(2024, 5, 20, tzinfo=dt.UTC)
PROVENANCE = Provenance("m", "1", "f", "inventory", 0.5, "s", MONDAY, 1, "STOCK_AWARE", PUBLISHED_AT, stale=False)
HISTORY = ProductHistory(
    provenance=PROVENANCE,
    product_id="a",
    category="",
    lead_time_days=7,
    weeks=(
        ProductWeek(week(0), None, None, None, None, None, None),
        ProductWeek(week(1), 4.0, 2.5, 9.0, 0, None, out_of_stock=False),
    ),
    forecast=(
        ForecastWeek(week(2), DemandBand(4, 1, 8), DemandBand(4, 1, 8)),
        ForecastWeek(week(3), DemandBand(4, 1, 8), DemandBand(8, 3, 15)),
    ),
)


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
