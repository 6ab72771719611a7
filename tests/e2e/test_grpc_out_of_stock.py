"""A product that is out of stock says since when and what it loses, over the wire; the truth is made of the files."""

import datetime as dt
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from google.rpc import error_details_pb2
from stockout.v1.feature_service_pb2 import GetFeaturesRequest
from stockout.v1.feature_service_pb2_grpc import FeatureServiceStub
from stockout.v1.provenance_pb2 import Evidence
from stockout.v1.risk_service_pb2 import (
    AssessmentItem,
    AssessStockoutRisksRequest,
    ListStockoutRisksRequest,
    Order,
    OutOfStock,
    RankedStockoutRisk,
    StockoutRiskResult,
    StreamStockoutRisksRequest,
)
from stockout.v1.risk_service_pb2_grpc import RiskServiceStub

from data.panel import COUNT_AGE_DAYS, IN_STOCK, UNITS_ON_HAND
from data.snapshots import publish
from feature_service.client import ListFilter, RiskClient
from tests.support.answers import reason_of
from tests.support.servers import channel_to, running_server
from tests.support.shell import shell
from tests.support.shops import AS_OF_WEEK, LAST_DAY, WEEKS, Shops, counts_of
from tests.support.snapshots import MODEL

HALF_LIFE_WEEKS = 4


def out_of_stock_of(result: StockoutRiskResult) -> tuple[dict[str, str], OutOfStock]:
    info, own = error_details_pb2.ErrorInfo(), OutOfStock()
    assert result.error.details[0].Unpack(info)
    assert result.error.details[1].Unpack(own)
    return dict(info.metadata), own


def out_since(counts: list[tuple[dt.date, float]]) -> dt.date | None:
    """The first day of the counts of 0 or less that end the row of counts."""
    since = None
    for day, units in reversed(counts):
        if units > 0:
            return since
        since = day
    return since


def demand_of(counts: list[tuple[dt.date, float]], until: dt.date = LAST_DAY) -> float:
    """Units a week, by the falls of the weeks in which a count was above 0."""
    weeks: dict[int, list[float]] = {}
    stocked = set()
    for (_, before), (day, units) in zip([(None, None), *counts], counts, strict=False):
        week = (until - day).days // 7
        weeks.setdefault(week, []).append(0.0 if before is None else max(before - units, 0.0))
        stocked |= {week} if units > 0 else set()
    newest = min(stocked)
    keep: float = 0.5 ** (1 / HALF_LIFE_WEEKS)
    parts = [(keep ** (week - newest), sum(falls)) for week, falls in weeks.items() if week in stocked]
    return (sum(weight * units for weight, units in parts) + 0.5 * 0.2) / (sum(weight for weight, _ in parts) + 0.5)


def last_prices(shops: Shops) -> dict[str, float]:
    sales = pl.read_csv(shops.root.parent / "in" / "sales.csv", try_parse_dates=True)
    week = pl.col("sold_at").dt.date().dt.truncate("1w").alias("week")
    weekly = sales.group_by("product_id", week).agg(
        price=(pl.col("quantity") * pl.col("unit_price")).sum() / pl.col("quantity").sum()
    )
    return dict(weekly.sort("week").group_by("product_id").agg(pl.col("price").last()).iter_rows())


def test_what_is_out_of_stock_says_since_when_and_what_it_loses_a_week(shops: Shops) -> None:
    counts, prices = counts_of(shops), last_prices(shops)
    results = {each.product_id: each for each in shops.ask().results}
    out = {product: since for product, rows in counts.items() if product in results and (since := out_since(rows))}
    assert {product for product, each in results.items() if reason_of(each) == "OUT_OF_STOCK"} == set(out)
    assert len(out) > 5
    categories = dict(zip(shops.panel.product_ids, shops.panel.categories, strict=True))
    for product, since in out.items():
        metadata, own = out_of_stock_of(results[product])
        assert dt.date(own.since.year, own.since.month, own.since.day) == since
        assert own.units_lost_per_week == pytest.approx(demand_of(counts[product]), rel=1e-5)
        assert own.HasField("revenue_lost_per_week") == (product in prices)
        if product in prices:
            lost = own.units_lost_per_week * prices[product]
            assert own.revenue_lost_per_week == pytest.approx(lost, rel=1e-5)
            assert float(metadata["revenue_lost_per_week"]) == own.revenue_lost_per_week
        assert metadata["since"] == str(since)
        assert float(metadata["units_lost_per_week"]) == own.units_lost_per_week
        assert own.category == categories[product]
        assert f"out of stock since {since}" in results[product].error.message


def test_a_stream_and_the_answer_for_a_past_week_say_the_same_of_their_weeks(shops: Shops) -> None:
    streamed = chain.from_iterable(
        part.results for part in shops.service.StreamStockoutRisks(StreamStockoutRisksRequest())
    )
    assert list(streamed) == list(shops.ask().results)
    sunday = LAST_DAY - dt.timedelta(weeks=3)
    request = AssessStockoutRisksRequest(product_ids=shops.panel.product_ids)
    request.as_of.year, request.as_of.month, request.as_of.day = sunday.timetuple()[:3]
    counts = counts_of(shops, sunday)
    seen = 0
    for each in shops.service.AssessStockoutRisks(request).results:
        if reason_of(each) == "OUT_OF_STOCK":
            metadata, own = out_of_stock_of(each)
            assert metadata["since"] == str(out_since(counts[each.product_id]))
            assert own.units_lost_per_week == pytest.approx(demand_of(counts[each.product_id], sunday), rel=1e-5)
            seen += 1
    assert seen > 5


def test_features_are_given_for_it_and_are_not_eligible(shops: Shops) -> None:
    ids = [each.product_id for each in shops.ask().results if reason_of(each) == "OUT_OF_STOCK"]
    with running_server(shops.root) as server, channel_to(server) as channel:
        answer = FeatureServiceStub(channel).GetFeatures(GetFeaturesRequest(product_ids=ids))
    assert all(each.HasField("features") and not each.features.eligible for each in answer.results)


def test_a_callers_stock_ends_it_or_begins_it(shops: Shops) -> None:
    before = shops.ask().results
    out = next(each.product_id for each in before if reason_of(each) == "OUT_OF_STOCK")
    risky = next(each.product_id for each in before if each.HasField("risk"))
    items = [AssessmentItem(product_id=out, units_on_hand=9), AssessmentItem(product_id=risky, units_on_hand=0)]
    own_days = shops.panel.lead_time_days[shops.panel.product_ids.index(out)]
    items += [AssessmentItem(product_id=out, units_on_hand=0), AssessmentItem(product_id=out, lead_time_days=own_days)]
    ended, begun, known, same = shops.service.AssessStockoutRisks(AssessStockoutRisksRequest(items=items)).results
    assert ended.HasField("risk")
    metadata, own = out_of_stock_of(begun)
    assert "since" not in metadata
    assert not own.HasField("since")
    assert own.units_lost_per_week > 0
    assert known == same == next(each for each in before if each.product_id == out)


def listed(risks: RiskServiceStub, **asked: object) -> list[RankedStockoutRisk]:
    request = ListStockoutRisksRequest(page_size=7, **asked)  # type: ignore[arg-type]
    found: list[RankedStockoutRisk] = []
    while True:
        answer = risks.ListStockoutRisks(request)
        found += answer.risks
        request.page_token = answer.next_page_token
        if not request.page_token:
            assert len(found) == answer.total_size
            return found


@pytest.mark.parametrize("order", [Order.ORDER_PROBABILITY, Order.ORDER_REORDER_BY_DATE])
def test_a_list_holds_them_on_top_where_asked(shops: Shops, order: Order.ValueType) -> None:
    plain = listed(shops.service, order=order)
    both = listed(shops.service, order=order, include_out_of_stock=True)
    out = both[: len(both) - len(plain)]
    assert [each.rank for each in both] == list(range(1, len(both) + 1))
    assert [(each.product_id, each.risk) for each in both[len(out) :]] == [
        (each.product_id, each.risk) for each in plain
    ]
    asked = {each.product_id: each for each in shops.ask().results if reason_of(each) == "OUT_OF_STOCK"}
    assert {each.product_id: each.out_of_stock for each in out} == {
        product: out_of_stock_of(each)[1] for product, each in asked.items()
    }
    assert not any(each.HasField("risk") for each in out)
    known = [
        each.out_of_stock.revenue_lost_per_week for each in out if each.out_of_stock.HasField("revenue_lost_per_week")
    ]
    assert known == sorted(known, reverse=True)
    assert all(each.out_of_stock.HasField("revenue_lost_per_week") for each in out[: len(known)])


def test_they_pass_the_filters_of_a_list_but_those_of_probability(shops: Shops) -> None:
    both = [each for each in listed(shops.service, include_out_of_stock=True) if each.HasField("out_of_stock")]
    category = both[0].out_of_stock.category
    for asked in ({"minimum_probability": 1.0}, {"alert_only": True}, {"evidence": Evidence.EVIDENCE_STOCK_AWARE}):
        found = listed(shops.service, include_out_of_stock=True, **asked)
        assert [each.product_id for each in found if each.HasField("out_of_stock")] == [
            each.product_id for each in both
        ]
    found = listed(shops.service, include_out_of_stock=True, category=category)
    assert [each.product_id for each in found if each.HasField("out_of_stock")] == [
        each.product_id for each in both if each.out_of_stock.category == category
    ]
    assert not listed(shops.service, include_out_of_stock=True, evidence=Evidence.EVIDENCE_SALES_ONLY)


@pytest.mark.parametrize("flags", [True, False])
def test_flags_say_it_by_the_week_and_an_old_count_of_none_does_not(shops: Shops, tmp_path: Path, flags: bool) -> None:
    """The shops' panel with its counts aged beyond use, with and without flags of its own."""
    fields = dict(shops.panel.fields)
    fields[COUNT_AGE_DAYS] = np.full_like(fields[COUNT_AGE_DAYS], 29)
    in_stock = np.ones_like(fields[UNITS_ON_HAND])
    in_stock[0, -3:] = 0
    if flags:
        fields[IN_STOCK] = in_stock
        fields = {name: matrix for name, matrix in fields.items() if name != "out_spell_days"}
    panel = replace(shops.panel, fields=fields)
    bundle = shops.root / shops.snapshot_id / "bundle"
    publish(panel, np.zeros_like(in_stock, dtype=np.bool_), bundle, MODEL, tmp_path)
    with running_server(tmp_path) as server, channel_to(server) as channel:
        request = AssessStockoutRisksRequest(product_ids=panel.product_ids)
        results = RiskServiceStub(channel).AssessStockoutRisks(request).results
    reasons = [reason_of(each) for each in results]
    if flags:
        metadata, _ = out_of_stock_of(results[0])
        assert metadata["since"] == str(AS_OF_WEEK - dt.timedelta(weeks=2))
    assert reasons == ["OUT_OF_STOCK" if flags else "NOT_ELIGIBLE", *["NOT_ELIGIBLE"] * (len(reasons) - 1)]
    assert panel.fields[UNITS_ON_HAND].shape[1] == WEEKS


def test_the_client_lists_them_on_top_with_what_they_lose(shops: Shops) -> None:
    with RiskClient(shops.target) as client:
        answer = client.list_risks(ListFilter(include_out_of_stock=True), limit=1000)
    gone = [each for each in answer.results if each.out_of_stock is not None]
    asked = {each.product_id for each in shops.ask().results if reason_of(each) == "OUT_OF_STOCK"}
    assert {each.risk.product_id for each in gone} == asked
    assert answer.results[: len(gone)] == gone
    printed = shell("list", "--include-out-of-stock", "--limit", "1000", "--target", shops.target).stdout
    table = printed[printed.index("out of stock already") :]
    for each in gone:
        out = each.out_of_stock
        assert out is not None
        assert f"{out.units_lost_per_week:.1f}" in table
        assert str(out.since) in table
