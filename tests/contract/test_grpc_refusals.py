"""A wrong request gets its status, its reason and the field that is wrong."""

from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from google.type import date_pb2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stockout.v1.feature_service_pb2 import GetFeaturesRequest
from stockout.v1.feature_service_pb2_grpc import FeatureServiceStub
from stockout.v1.risk_service_pb2 import AssessStockoutRisksRequest
from stockout.v1.risk_service_pb2_grpc import RiskServiceStub

from tests.support.calls import ASSESS, reason_in, refusal


@pytest.mark.parametrize(
    ("request_", "code", "reason", "field"),
    [
        (AssessStockoutRisksRequest(), "INVALID_ARGUMENT", "INVALID_FIELD", ""),
        (
            AssessStockoutRisksRequest(product_ids=["a", "b", "c", ""]),
            "INVALID_ARGUMENT",
            "INVALID_FIELD",
            "product_ids[3]",
        ),
        (
            AssessStockoutRisksRequest(product_ids=["a", "é" * 129]),
            "INVALID_ARGUMENT",
            "INVALID_FIELD",
            "product_ids[1]",
        ),
        (
            AssessStockoutRisksRequest(product_ids=["a"], horizon_weeks=2),
            "INVALID_ARGUMENT",
            "INVALID_FIELD",
            "horizon_weeks",
        ),
        (
            AssessStockoutRisksRequest(product_ids=["a"], horizon_weeks=-1),
            "INVALID_ARGUMENT",
            "INVALID_FIELD",
            "horizon_weeks",
        ),
        (
            AssessStockoutRisksRequest(product_ids=["a"], as_of=date_pb2.Date(year=2018)),
            "INVALID_ARGUMENT",
            "INVALID_FIELD",
            "as_of",
        ),
        (
            AssessStockoutRisksRequest(product_ids=["a"], as_of=date_pb2.Date(year=2019, month=1, day=1)),
            "OUT_OF_RANGE",
            "AS_OF_OUT_OF_RANGE",
            None,
        ),
        (AssessStockoutRisksRequest(product_ids=["a"] * 1001), "RESOURCE_EXHAUSTED", "TOO_MANY_PRODUCTS", None),
    ],
)
def test_a_wrong_request_gets_its_status_and_the_field_is_named(
    channel: grpc.Channel, request_: AssessStockoutRisksRequest, code: str, reason: str, field: str | None
) -> None:
    seen_code, status = refusal(RiskServiceStub(channel).AssessStockoutRisks, request_)
    assert seen_code.name == code
    assert reason_in(status)[:2] == (code, reason)
    violations = [
        violation.field
        for detail in status.details
        if detail.Is(error_details_pb2.BadRequest.DESCRIPTOR)
        for violation in error_details_pb2.BadRequest.FromString(detail.value).field_violations
    ]
    assert violations == ([] if field is None else [field])


def test_another_feature_set_than_the_models_is_refused(channel: grpc.Channel) -> None:
    request = GetFeaturesRequest(product_ids=["a"], feature_set="seed-19")
    code, status = refusal(FeatureServiceStub(channel).GetFeatures, request)
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert "'seed-18'" in status.message


def test_a_message_beyond_the_limit_is_refused_unread(channel: grpc.Channel) -> None:
    call: Any = channel.unary_unary(ASSESS)
    with pytest.raises(grpc.RpcError) as raised:
        call(bytes(2_000_000), timeout=10)
    assert raised.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


@given(st.binary(min_size=1, max_size=200))
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_bytes_that_are_no_message_never_break_a_call_in_an_unforeseen_way(channel: grpc.Channel, raw: bytes) -> None:
    call: Any = channel.unary_unary(ASSESS)
    assert call.future(raw, timeout=10).code() in {
        grpc.StatusCode.OK,
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.OUT_OF_RANGE,
    }


def test_a_malformed_message_is_an_invalid_argument(channel: grpc.Channel) -> None:
    call: Any = channel.unary_unary(ASSESS)
    _, status = refusal(call, b"\xff\xff\xff")
    assert reason_in(status)[:2] == ("INVALID_ARGUMENT", "MALFORMED_REQUEST")
