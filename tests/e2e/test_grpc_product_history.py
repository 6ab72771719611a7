"""What is known of one product over the wire: as the seller's files have it, unset where they say nothing."""

import asyncio
import datetime as dt
from collections.abc import Iterator
from itertools import pairwise

import grpc
import numpy as np
import polars as pl
import pytest
from stockout.v1.risk_service_pb2 import GetProductHistoryRequest
from stockout.v1.risk_service_pb2_grpc import RiskServiceStub

from data.weeks import monday_of
from feature_service.client import AsyncRiskClient, ProductHistory, RefusedError, RiskClient
from feature_service.kernel import forecast_demand
from feature_service.kernel.negative_binomial import probability_of_at_least
from tests.support.servers import RunningServer
from tests.support.serving_fixtures import Published
from tests.support.shops import AS_OF_WEEK, FIRST_WEEK, WEEKS, Shops, counts_of
from tests.support.snapshots import product_id

SOME = 25
MONDAYS = [FIRST_WEEK + dt.timedelta(weeks=number) for number in range(WEEKS)]


@pytest.fixture(scope="module")
def client(shops: Shops) -> Iterator[RiskClient]:
    with RiskClient(shops.target) as connected:
        yield connected


@pytest.fixture(scope="module")
def histories(shops: Shops, client: RiskClient) -> dict[str, ProductHistory]:
    return {each: client.product_history(each) for each in shops.panel.product_ids[:SOME]}


def test_the_weeks_are_those_of_the_sellers_files(shops: Shops, histories: dict[str, ProductHistory]) -> None:
    folder = shops.root.parent / "in"
    sales = pl.read_csv(folder / "sales.csv", try_parse_dates=True).with_columns(
        week=pl.col("sold_at").cast(pl.Date).dt.truncate("1w")
    )
    units = {key: each["quantity"].sum() for key, each in sales.group_by(["product_id", "week"])}
    counts, seen = counts_of(shops), {"out": 0, "in": 0, "sold": 0}
    for product, history in histories.items():
        assert [each.week for each in history.weeks] == MONDAYS
        first_count = min(day for day, on_hand in counts[product] if on_hand > 0)
        launch = min([monday_of(first_count), *(week for of, week in units if of == product)])
        for each in history.weeks:
            sunday = each.week + dt.timedelta(days=6)
            before = [(day, on_hand) for day, on_hand in counts[product] if day <= sunday]
            if each.week >= launch:
                assert each.units_sold == units.get((product, each.week), 0)
                assert (each.mean_price is None) == (each.units_sold == 0)
                seen["sold"] += 1
            assert (each.units_on_hand is None) == (not before)
            if before:
                day, on_hand = before[-1]
                assert (each.units_on_hand, each.count_age_days) == (max(on_hand, 0), (sunday - day).days)
                rises = [now - then for (_, then), (day, now) in pairwise(before) if now > then and day >= each.week]
                assert (each.units_received or 0) == pytest.approx(sum(rises))
                of_week = [on_hand for day, on_hand in before if day >= each.week] or [on_hand]
                assert each.out_of_stock == (min(of_week) <= 0)
                seen["out" if each.out_of_stock else "in"] += 1
            assert each.in_stock is None
    assert min(seen.values()) > SOME


def test_the_forecast_is_the_demand_of_the_risk_as_far_as_the_model_reaches(
    shops: Shops, client: RiskClient, histories: dict[str, ProductHistory]
) -> None:
    dispersion = shops_dispersion(shops)
    for risk in client.assess(list(histories)).results:
        history = histories[risk.product_id]
        assert [each.week for each in history.forecast] == [
            AS_OF_WEEK + dt.timedelta(weeks=ahead) for ahead in range(1, 10)
        ]
        if risk.expected_demand_units is not None:
            assert history.forecast[0].demand.mean_units == risk.expected_demand_units
        for ahead, each in enumerate(history.forecast, 1):
            assert each.demand == history.forecast[0].demand
            assert each.demand_until.mean_units == pytest.approx(ahead * each.demand.mean_units)
            for band in (each.demand, each.demand_until):
                of = np.array([band.mean_units]), np.array([dispersion[risk.product_id]])
                for end, share in ((band.low_units, 0.1), (band.high_units, 0.9)):
                    more, as_much = (probability_of_at_least(np.array([end + step]), *of)[0] for step in (1, 0))
                    assert more <= 1 - share < as_much


def shops_dispersion(shops: Shops) -> dict[str, float]:
    found = forecast_demand(shops.panel.fields, WEEKS - 1).dispersion
    return dict(zip(shops.panel.product_ids, found.tolist(), strict=True))


def test_a_product_without_a_risk_has_a_history_and_an_id_without_a_row_says_why(
    shops: Shops, client: RiskClient
) -> None:
    results = client.assess(shops.panel.product_ids).results
    gone = next(each for each in results if each.error and each.error.reason == "OUT_OF_STOCK")
    history = client.product_history(gone.product_id, weeks=3)
    assert [each.week for each in history.weeks] == MONDAYS[-3:]
    assert history.weeks[-1].out_of_stock
    row = shops.panel.product_ids.index(gone.product_id)
    assert (history.category, history.lead_time_days) == (
        shops.panel.categories[row],
        shops.panel.lead_time_days[row],
    )
    with pytest.raises(RefusedError, match="no such product in the snapshot") as refused:
        client.product_history("nobody")
    assert (refused.value.code, refused.value.reason) == ("NOT_FOUND", "UNKNOWN_PRODUCT")


def test_what_sales_alone_do_not_tell_is_unset_and_never_none(
    server: RunningServer, channel: grpc.Channel, published: Published
) -> None:
    service, unknown = RiskServiceStub(channel), 0
    for row in range(SOME):
        answer = service.GetProductHistory(GetProductHistoryRequest(product_id=product_id(row)), timeout=10)
        sold = published.panel.fields["units_sold"][row]
        assert len(answer.weeks) == len(sold)
        for week, units in zip(answer.weeks, sold, strict=True):
            fields = {field.name for field, _ in week.ListFields()}
            assert fields <= {"week", "units_sold", "mean_price"}
            assert week.HasField("units_sold") == bool(np.isfinite(units))
            assert week.HasField("mean_price") == bool(units > 0)
            unknown += not week.HasField("units_sold")
    assert unknown
    for excluded, reason in (("cancelled-only", "EXCLUDED_PRODUCT"), ("next-year", "NOT_LAUNCHED")):
        with RiskClient(server.target) as client, pytest.raises(RefusedError) as refused:
            client.product_history(excluded)
        assert (refused.value.code, refused.value.reason) == ("FAILED_PRECONDITION", reason)


def test_the_asyncio_client_answers_the_same(shops: Shops, histories: dict[str, ProductHistory]) -> None:
    async def ask() -> list[ProductHistory]:
        async with AsyncRiskClient(shops.target, question="inventory") as other:
            return [await other.product_history(each) for each in histories]

    assert asyncio.run(ask()) == list(histories.values())
