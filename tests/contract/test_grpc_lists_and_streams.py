"""What the service promises of lists, streams, items and its own description, asked of a real server."""

import base64
import datetime as dt
from collections.abc import Iterator
from itertools import chain

import grpc
import pytest
from google.type import date_pb2
from stockout.v1.feature_service_pb2 import GetFeaturesRequest, StreamFeaturesRequest
from stockout.v1.feature_service_pb2_grpc import FeatureServiceStub
from stockout.v1.provenance_pb2 import Evidence
from stockout.v1.risk_service_pb2 import (
    AssessmentItem,
    AssessStockoutRisksRequest,
    GetServiceInfoRequest,
    ListStockoutRisksRequest,
    Order,
    RankedStockoutRisk,
    StreamStockoutRisksRequest,
    WatchStockoutRisksRequest,
)
from stockout.v1.risk_service_pb2_grpc import RiskServiceStub

from tests.support.calls import reason_in, refusal
from tests.support.servers import RunningServer, running_server
from tests.support.serving_fixtures import Published
from tests.support.snapshots import product_id

PAST = date_pb2.Date(year=2018, month=7, day=1)


@pytest.fixture
def risks(channel: grpc.Channel) -> RiskServiceStub:
    return RiskServiceStub(channel)


def pages(risks: RiskServiceStub, request: ListStockoutRisksRequest) -> Iterator[list[RankedStockoutRisk]]:
    while True:
        answer = risks.ListStockoutRisks(request)
        yield list(answer.risks)
        if not answer.next_page_token:
            return
        request.page_token = answer.next_page_token


def test_the_pages_of_a_list_are_the_whole_list_highest_probability_first(
    risks: RiskServiceStub, published: Published
) -> None:
    unary = AssessStockoutRisksRequest(product_ids=published.panel.product_ids)
    known = {each.product_id: each.risk for each in risks.AssessStockoutRisks(unary).results if each.HasField("risk")}
    listed = list(chain.from_iterable(pages(risks, ListStockoutRisksRequest(page_size=7))))
    assert [each.rank for each in listed] == list(range(1, len(known) + 1))
    assert {each.product_id: each.risk for each in listed} == known
    assert listed == sorted(listed, key=lambda each: (-each.risk.probability, each.product_id))
    assert risks.ListStockoutRisks(ListStockoutRisksRequest()).total_size == len(known)


def test_filters_let_through_exactly_what_they_name(risks: RiskServiceStub) -> None:
    everything = list(risks.ListStockoutRisks(ListStockoutRisksRequest(page_size=1000)).risks)
    middle = everything[len(everything) // 2].risk.probability
    for request, passes in (
        (ListStockoutRisksRequest(minimum_probability=middle), lambda risk: risk.probability >= middle),
        (ListStockoutRisksRequest(alert_only=True), lambda risk: risk.alert),
        (ListStockoutRisksRequest(category="nobody's"), lambda _: False),
        (ListStockoutRisksRequest(evidence=Evidence.EVIDENCE_STOCK_AWARE), lambda _: False),
        (ListStockoutRisksRequest(evidence=Evidence.EVIDENCE_SALES_ONLY), lambda _: True),
    ):
        request.page_size = 1000
        answer = risks.ListStockoutRisks(request)
        assert [each.product_id for each in answer.risks] == [
            each.product_id for each in everything if passes(each.risk)
        ]
        assert answer.total_size == len(answer.risks)


@pytest.mark.parametrize("order", [Order.ORDER_REVENUE_AT_RISK, Order.ORDER_REORDER_BY_DATE])
def test_products_without_the_figure_come_last_by_product_id(risks: RiskServiceStub, order: Order.ValueType) -> None:
    ids = [each.product_id for each in risks.ListStockoutRisks(ListStockoutRisksRequest(order=order)).risks]
    assert ids
    assert ids == sorted(ids)


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (ListStockoutRisksRequest(page_size=-1), "page_size"),
        (ListStockoutRisksRequest(page_size=1001), "page_size"),
        (ListStockoutRisksRequest(category="é" * 129), "category"),
        (ListStockoutRisksRequest(minimum_probability=float("nan")), "minimum_probability"),
        (ListStockoutRisksRequest(minimum_probability=1.01), "minimum_probability"),
        (ListStockoutRisksRequest(order=99), "order"),  # type: ignore[arg-type]
        (ListStockoutRisksRequest(evidence=99), "evidence"),  # type: ignore[arg-type]
        (ListStockoutRisksRequest(page_token="made up"), "page_token"),
        (ListStockoutRisksRequest(page_token=base64.urlsafe_b64encode(b"x" * 40).decode()), "page_token"),
    ],
)
def test_a_wrong_list_request_names_its_field(
    risks: RiskServiceStub, request_: ListStockoutRisksRequest, field: str
) -> None:
    code, status = refusal(risks.ListStockoutRisks, request_)
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert reason_in(status)[2] == {"field": field}


def test_a_page_token_serves_only_the_filters_and_the_order_it_was_given_for(risks: RiskServiceStub) -> None:
    token = risks.ListStockoutRisks(ListStockoutRisksRequest(page_size=3)).next_page_token
    assert risks.ListStockoutRisks(ListStockoutRisksRequest(page_size=5, page_token=token)).risks[0].rank == 4
    for wrong in (token[:-4], token.swapcase(), token + "AAAA"):
        code, _ = refusal(risks.ListStockoutRisks, ListStockoutRisksRequest(page_token=wrong))
        assert code is grpc.StatusCode.INVALID_ARGUMENT
    code, status = refusal(risks.ListStockoutRisks, ListStockoutRisksRequest(page_token=token, alert_only=True))
    assert (code, reason_in(status)[2]) == (grpc.StatusCode.INVALID_ARGUMENT, {"field": "page_token"})


@pytest.mark.parametrize("as_of", [None, PAST], ids=["newest week", "past week"])
def test_the_stream_of_all_risks_is_what_asking_for_each_product_gives(
    risks: RiskServiceStub, published: Published, as_of: date_pb2.Date | None
) -> None:
    ids = published.panel.product_ids
    unary = risks.AssessStockoutRisks(AssessStockoutRisksRequest(product_ids=ids, as_of=as_of))
    first, *others = risks.StreamStockoutRisks(StreamStockoutRisksRequest(as_of=as_of))
    assert first.provenance == unary.provenance
    assert list(chain(first.results, *(each.results for each in others))) == list(unary.results)


def test_the_stream_of_all_features_is_what_asking_for_each_product_gives(
    channel: grpc.Channel, published: Published
) -> None:
    stub = FeatureServiceStub(channel)
    ids = published.panel.product_ids
    unary = stub.GetFeatures(GetFeaturesRequest(product_ids=ids, as_of=PAST))
    first, *others = stub.StreamFeatures(StreamFeaturesRequest(as_of=PAST, feature_set="seed-18"))
    assert (first.provenance, first.feature_names) == (unary.provenance, unary.feature_names)
    assert list(chain(first.results, *(each.results for each in others))) == list(unary.results)


def test_a_stream_of_a_week_that_is_not_there_ends_with_out_of_range(risks: RiskServiceStub) -> None:
    request = StreamStockoutRisksRequest(as_of=date_pb2.Date(year=2031, month=1, day=1))
    code, status = refusal(lambda *args, **kwargs: list(risks.StreamStockoutRisks(*args, **kwargs)), request)
    assert (code, reason_in(status)[1]) == (grpc.StatusCode.OUT_OF_RANGE, "AS_OF_OUT_OF_RANGE")


def test_a_watch_begins_with_all_asked_products_in_order(risks: RiskServiceStub) -> None:
    ids = [product_id(3), "unknown", product_id(1)]
    unary = risks.AssessStockoutRisks(AssessStockoutRisksRequest(product_ids=ids))
    watch = risks.WatchStockoutRisks(WatchStockoutRisksRequest(product_ids=ids))
    first = next(watch)
    assert (first.provenance, list(first.results)) == (unary.provenance, list(unary.results))
    watch.cancel()


def test_a_watch_of_nothing_is_an_invalid_argument(risks: RiskServiceStub) -> None:
    code, status = refusal(
        lambda *args, **kwargs: next(risks.WatchStockoutRisks(*args, **kwargs)), WatchStockoutRisksRequest()
    )
    assert (code, reason_in(status)[2]) == (grpc.StatusCode.INVALID_ARGUMENT, {"field": "product_ids"})


def test_a_watch_ends_with_unavailable_when_the_server_stops(published: Published) -> None:
    with running_server(published.root, "--grace-seconds", "30") as own, grpc.insecure_channel(own.target) as channel:
        watch = RiskServiceStub(channel).WatchStockoutRisks(WatchStockoutRisksRequest(product_ids=["a"]))
        next(watch)
        own.process.terminate()
        with pytest.raises(grpc.RpcError) as raised:
            next(watch)
        assert raised.value.code() is grpc.StatusCode.UNAVAILABLE
        assert own.wait() == 0


def test_more_streams_than_allowed_are_refused_at_once(published: Published) -> None:
    with running_server(published.root, "--max-streams", "1") as own, grpc.insecure_channel(own.target) as channel:
        stub = RiskServiceStub(channel)
        watch = stub.WatchStockoutRisks(WatchStockoutRisksRequest(product_ids=["a"]))
        next(watch)
        code, status = refusal(
            lambda *args, **kwargs: list(stub.StreamStockoutRisks(*args, **kwargs)), StreamStockoutRisksRequest()
        )
        assert (code, reason_in(status)[1]) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_STREAMS")
        watch.cancel()


def test_items_are_answered_like_ids_and_say_which_stock_they_assume(
    risks: RiskServiceStub, published: Published
) -> None:
    ids = published.panel.product_ids
    plain = risks.AssessStockoutRisks(AssessStockoutRisksRequest(product_ids=ids)).results
    items = [AssessmentItem(product_id=each, units_on_hand=number) for number, each in enumerate(ids)]
    stocked = risks.AssessStockoutRisks(AssessStockoutRisksRequest(items=items)).results
    for number, (with_stock, without) in enumerate(zip(stocked, plain, strict=True)):
        if without.HasField("risk"):
            assert with_stock.risk.probability == without.risk.probability
            assert with_stock.risk.units_on_hand == number
            assert not without.risk.HasField("units_on_hand")
        else:
            assert with_stock == without


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"product_id": ""}, "items[1].product_id"),
        ({"product_id": "a", "units_on_hand": -1}, "items[1].units_on_hand"),
        ({"product_id": "a", "units_on_hand": float("nan")}, "items[1].units_on_hand"),
        ({"product_id": "a", "units_on_hand": float("inf")}, "items[1].units_on_hand"),
        ({"product_id": "a", "lead_time_days": -1}, "items[1].lead_time_days"),
        ({"product_id": "a", "lead_time_days": 366}, "items[1].lead_time_days"),
    ],
)
def test_a_wrong_item_is_named_with_its_place_and_field(
    risks: RiskServiceStub, wrong: dict[str, object], field: str
) -> None:
    items = [AssessmentItem(product_id="fine"), AssessmentItem(**wrong)]  # type: ignore[arg-type]
    code, status = refusal(risks.AssessStockoutRisks, AssessStockoutRisksRequest(items=items))
    assert (code, reason_in(status)[2]) == (grpc.StatusCode.INVALID_ARGUMENT, {"field": field})


def test_ids_and_items_together_are_refused(risks: RiskServiceStub) -> None:
    both = AssessStockoutRisksRequest(product_ids=["a"], items=[AssessmentItem(product_id="b")])
    code, status = refusal(risks.AssessStockoutRisks, both)
    assert (code, reason_in(status)[2]) == (grpc.StatusCode.INVALID_ARGUMENT, {"field": ""})


def test_the_service_describes_itself(risks: RiskServiceStub, published: Published, server: RunningServer) -> None:
    info = risks.GetServiceInfo(GetServiceInfoRequest())
    assert info.provenance.snapshot_id == published.snapshot_id
    assert info.products == len(published.panel.product_ids)
    assert (info.limits.max_ids_per_request, info.limits.max_streams) == (1000, 100)
    assert info.limits.max_message_bytes > 256_000
    first: dt.date = published.panel.weeks[0].item()
    assert (info.first_week.year, info.first_week.month, info.first_week.day) == (first.year, first.month, first.day)
    assert info.server_version
    assert info.provenance.published_at.ToDatetime() <= info.serving_since.ToDatetime()
    assert not info.provenance.stale
