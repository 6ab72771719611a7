import dataclasses
import datetime as dt
import math

import numpy as np
import pytest
from google.protobuf.message import Message
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stockout.v1.feature_service_pb2 import GetFeaturesResponse, ProductFeaturesResult, StreamFeaturesResponse
from stockout.v1.risk_service_pb2 import (
    AssessStockoutRisksResponse,
    RankedStockoutRisk,
    StockoutRisk,
    StockoutRiskResult,
    StreamStockoutRisksResponse,
    SuggestedOrder,
    WatchStockoutRisksResponse,
)

from data.snapshots import Snapshot
from feature_service.server.scoring.assessment import Assessment
from feature_service.server.scoring.assessor import Assessor
from feature_service.server.scoring.newer_stock import NewerStock
from feature_service.server.scoring.planner import Figures
from feature_service.server.scoring.queries import FeatureQuery, RiskQuery
from feature_service.server.scoring.reasons import FeatureReason
from feature_service.server.serving import encoder, responses
from feature_service.server.serving.entries import risk_entries
from feature_service.server.serving.messages import date_message
from feature_service.server.serving.snapshot import ServingSnapshot
from feature_service.server.statuses import status_of
from tests.support.snapshots import AS_OF_WEEK, EXCLUDED, product_id

IDS = st.one_of(
    st.integers(0, 199).map(product_id),
    st.sampled_from(sorted(EXCLUDED)),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40),
)
STOCKS = st.tuples(st.just(math.nan) | st.floats(0, 1e6), st.just(math.nan) | st.integers(0, 365))
AMOUNTS = ("units_on_hand", "expected_demand_units", "expected_units_lost", "revenue_at_risk", "weeks_of_cover")


def plain_risk(serving: ServingSnapshot, answers: Assessment, position: int) -> StockoutRisk:
    """One message object, field by field."""
    figures, week = answers.figures, serving.assessor.week(answers.column)
    amounts = {name: getattr(figures, name)[position] for name in AMOUNTS}
    days = {
        "expected_stockout_date": figures.stockout_in_days[position],
        "reorder_by_date": figures.reorder_in_days[position],
    }
    order = plain_order(answers.figures, position)
    last_day = week + dt.timedelta(days=6)
    dates = {name: last_day + dt.timedelta(days=int(each)) for name, each in days.items() if each == each}
    return StockoutRisk(
        probability=answers.scores.probabilities[position],
        alert=answers.alerts[position],
        category=serving.assessor.panel.categories[answers.rows[position]],
        suggested_order=order,
        **{name: amount for name, amount in amounts.items() if amount == amount},
        **{name: date_message(day) for name, day in dates.items()},
    )


def plain_order(figures: Figures, position: int) -> SuggestedOrder | None:
    """One message object, of a product of which no terms are stated."""
    if np.isnan(figures.order_units[position]):
        return None
    value = figures.order_value_at_risk[position]
    return SuggestedOrder(
        units=figures.order_units[position],
        order_up_to_units=figures.order_up_to_units[position],
        expected_left_units=figures.order_left_units[position],
        demand_units=figures.order_demand_units[position],
        protection_days=int(figures.order_days[position]),
        service_level=figures.order_service_level[position],
        units_at_risk=figures.order_units_at_risk[position],
        value_at_risk=None if np.isnan(value) else value,
    )


@given(
    st.lists(IDS, max_size=30),
    st.sampled_from([None, dt.date(2018, 8, 26), dt.date(2018, 7, 17)]),
    st.lists(STOCKS, min_size=30, max_size=30),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_laid_out_bytes_are_the_message_that_protobuf_would_build(
    serving: ServingSnapshot, product_ids: list[str], as_of: dt.date | None, stocks: list[tuple[float, float]]
) -> None:
    assessor = serving.assessor
    column = assessor.column(as_of)
    named = [each for each in product_ids if assessor.row(each) is not None]
    rows = np.array([assessor.row(each) for each in named], dtype=np.intp)
    given = NewerStock(*np.array(stocks[: len(product_ids)], dtype=np.float64).reshape(-1, 2).T)
    known = np.array([each in named for each in product_ids], dtype=np.bool_)
    answers = assessor.answers(rows, column, assessor.scorer, given.of(known))
    problems = assessor.risk_problems(answers)
    plain = AssessStockoutRisksResponse()
    positions = iter(range(len(named)))
    for each in product_ids:
        position = next(positions) if each in named else -1
        error = assessor.absence(each, column) if position < 0 else problems.get(position)
        if error is None:
            plain.results.add(product_id=each, risk=plain_risk(serving, answers, position))
        else:
            plain.results.add(product_id=each, error=status_of(error)[1])
    laid_out = responses.Writer(assessor).risks(product_ids, column, assessor.scorer, given)
    assert AssessStockoutRisksResponse.FromString(laid_out) == plain
    assert len(laid_out) == plain.ByteSize()


def test_reasons_are_the_messages_that_protobuf_would_build() -> None:
    for value, contribution in ((0.0, -1.5), (2.5, 0.0), (-3.0, 0.25)):
        plain = StockoutRisk()
        plain.reasons.add(feature="sales_qtd_lag_1", value=value, contribution=contribution, text="sold 3 – lately")
        written = encoder.reason(FeatureReason("sales_qtd_lag_1", value, contribution, "sold 3 – lately"))
        assert written == plain.SerializeToString(deterministic=True)


@pytest.mark.parametrize("number", [0, 1, 127, 128, 300, 16_383, 16_384, 2**31 - 1])
def test_whole_numbers_are_written_as_protobuf_writes_them(number: int) -> None:
    assert (
        encoder.whole_number(encoder.tag_of(RankedStockoutRisk, "rank"), number)
        == RankedStockoutRisk(rank=number).SerializeToString()
    )


@pytest.mark.parametrize("length", [0, 1, 127, 128, 16_383, 16_384, 2**21 - 1, 2**21, 3_000_000])
def test_fields_of_any_length_are_written_as_protobuf_writes_them(length: int) -> None:
    assert encoder.field(encoder.tag_of(StockoutRisk, "category"), b"x" * length) == b"" + (
        StockoutRisk(category="x" * length).SerializeToString() or b"\x5a\x00"
    )


@pytest.mark.parametrize("message", [StreamStockoutRisksResponse, WatchStockoutRisksResponse])
def test_the_messages_of_streams_have_the_fields_where_a_whole_answer_has_them(message: type[Message]) -> None:
    for name in ("provenance", "results"):
        assert encoder.tag_of(message, name) == encoder.tag_of(AssessStockoutRisksResponse, name)
    for name in ("provenance", "feature_names", "results"):
        assert encoder.tag_of(StreamFeaturesResponse, name) == encoder.tag_of(GetFeaturesResponse, name)
    for name in ("product_id", "error"):
        assert encoder.tag_of(StockoutRiskResult, name) == encoder.tag_of(ProductFeaturesResult, name)


def test_an_answer_is_kept_only_for_ids_that_the_snapshot_names(serving: ServingSnapshot) -> None:
    entries = risk_entries(serving.assessor, responses.Writer(serving.assessor), max_bytes=1_000_000)
    named = [product_id(0), product_id(1), *EXCLUDED]
    for each in (*named, "made up", "made up too"):
        assert entries[each] == entries[each]
    assert set(entries) == {*serving.assessor.panel.product_ids, *EXCLUDED}


def test_features_that_are_kept_are_those_that_are_written_on_the_spot(serving: ServingSnapshot) -> None:
    ids = [product_id(3), "made up", *EXCLUDED, product_id(150)]
    query = FeatureQuery(ids, None, "")
    head = responses.features_head(serving.provenance(), serving.assessor.inputs.feature_set.feature_names)
    written = head + serving.now.writer.features(ids, serving.assessor.newest)
    assert serving.features(query) == serving.features(query) == written
    named = [each for each in ids if each != "made up"]
    assert serving.known_features(named) == head + serving.now.writer.features(named, serving.assessor.newest)
    assert serving.known_features(ids) is None


def test_an_id_that_no_request_may_name_is_not_kept(serving: ServingSnapshot, snapshot: Snapshot) -> None:
    """It could otherwise be asked past the rule for ids, which what is kept need not be held against."""
    long, ids = "x" * 257, serving.assessor.panel.product_ids
    panel = dataclasses.replace(serving.assessor.panel, product_ids=(long, *ids[1:]), excluded={"": "NOTHING"})
    snapshot = dataclasses.replace(snapshot, panel=panel)
    assessor = Assessor(snapshot, serving.assessor.scorer._bundle)
    entries = risk_entries(assessor, responses.Writer(assessor), max_bytes=1_000_000)
    assert len(entries.of(slice(0, 10))) == 10
    assert entries[long] == entries.of(slice(0, 1))[0]
    assert entries[""]
    assert set(entries) == set(ids[1:])


def test_without_room_nothing_is_kept_and_every_answer_is_the_same(serving: ServingSnapshot) -> None:
    writer = responses.Writer(serving.assessor)
    roomy, cramped = (risk_entries(serving.assessor, writer, room) for room in (1_000_000, 0))
    ids = [product_id(number) for number in range(200)]
    assert list(map(cramped.__getitem__, ids)) == list(map(roomy.__getitem__, ids))
    assert cramped.of(slice(7, 50)) == roomy.of(slice(7, 50))
    assert not cramped


@pytest.mark.parametrize("as_of", [None, AS_OF_WEEK + dt.timedelta(days=6), AS_OF_WEEK + dt.timedelta(days=12)])
def test_every_day_of_the_newest_week_gets_the_same_bytes(serving: ServingSnapshot, as_of: dt.date | None) -> None:
    product_ids = [product_id(number) for number in range(200)]
    newest = serving.risks(RiskQuery(product_ids, None, 0))
    assert serving.risks(RiskQuery(product_ids, as_of, 0)) == newest
