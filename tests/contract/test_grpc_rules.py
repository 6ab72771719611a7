"""Each rule that the protos state, broken once over the wire."""

from typing import Any, NamedTuple

import grpc
import pytest
from buf.validate import validate_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.message import Message
from google.rpc import error_details_pb2
from google.type import date_pb2
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_status import rpc_status
from stockout.v1.feature_service_pb2 import GetFeaturesRequest, StreamFeaturesRequest
from stockout.v1.risk_service_pb2 import (
    AssessmentItem,
    AssessStockoutRisksRequest,
    GetPerformanceRequest,
    GetProductHistoryRequest,
    GetServiceInfoRequest,
    ListStockoutRisksRequest,
    StreamStockoutRisksRequest,
    WatchStockoutRisksRequest,
)

METHODS = {
    AssessStockoutRisksRequest: "RiskService/AssessStockoutRisks",
    ListStockoutRisksRequest: "RiskService/ListStockoutRisks",
    StreamStockoutRisksRequest: "RiskService/StreamStockoutRisks",
    WatchStockoutRisksRequest: "RiskService/WatchStockoutRisks",
    GetFeaturesRequest: "FeatureService/GetFeatures",
    StreamFeaturesRequest: "FeatureService/StreamFeatures",
    GetServiceInfoRequest: "RiskService/GetServiceInfo",
    GetPerformanceRequest: "RiskService/GetPerformance",
    GetProductHistoryRequest: "RiskService/GetProductHistory",
}
NO_DAY = date_pb2.Date(year=2018, month=2, day=30)
SHORT, LONG = "must be at least 1 bytes", "must be at most 256 bytes"
NONE, BOTH = "one of product_ids, items must be set", "only one of product_ids, items can be set"
NOT_NEGATIVE, DAY = "must be greater than or equal to 0", "must be a full date of the calendar: year, month and day"
VALUE = "value must be one of the defined enum values"


class Case(NamedTuple):
    request: Message
    field: str
    description: str


def item(**given: Any) -> AssessStockoutRisksRequest:
    return AssessStockoutRisksRequest(
        items=[AssessmentItem(product_id="a"), AssessmentItem(**{"product_id": "b", **given})]
    )


def listed(**given: Any) -> ListStockoutRisksRequest:
    return ListStockoutRisksRequest(**given)


CASES = [
    Case(AssessStockoutRisksRequest(), "", NONE),
    Case(AssessStockoutRisksRequest(product_ids=["a"], items=[AssessmentItem(product_id="a")]), "", BOTH),
    Case(AssessStockoutRisksRequest(product_ids=["a", ""]), "product_ids[1]", SHORT),
    Case(AssessStockoutRisksRequest(product_ids=["é" * 129]), "product_ids[0]", LONG),
    Case(AssessStockoutRisksRequest(product_ids=["a"], as_of=NO_DAY), "as_of", DAY),
    Case(AssessStockoutRisksRequest(product_ids=["a"], horizon_weeks=-1), "horizon_weeks", NOT_NEGATIVE),
    Case(item(product_id=""), "items[1].product_id", SHORT),
    Case(item(product_id="a" * 257), "items[1].product_id", LONG),
    Case(item(units_on_hand=-1), "items[1].units_on_hand", NOT_NEGATIVE),
    Case(item(units_on_hand=float("inf")), "items[1].units_on_hand", "must be finite"),
    Case(item(lead_time_days=-1), "items[1].lead_time_days", f"{NOT_NEGATIVE} and less than or equal to 365"),
    Case(item(lead_time_days=366), "items[1].lead_time_days", f"{NOT_NEGATIVE} and less than or equal to 365"),
    Case(listed(page_size=-1), "page_size", f"{NOT_NEGATIVE} and less than or equal to 1000"),
    Case(listed(page_size=1001), "page_size", f"{NOT_NEGATIVE} and less than or equal to 1000"),
    Case(listed(page_token="A" * 513), "page_token", "must be at most 512 bytes"),
    Case(listed(category="é" * 129), "category", LONG),
    Case(listed(evidence=9), "evidence", VALUE),
    Case(listed(order=9), "order", VALUE),
    Case(listed(minimum_probability=1.1), "minimum_probability", f"{NOT_NEGATIVE} and less than or equal to 1"),
    Case(
        listed(minimum_probability=float("nan")), "minimum_probability", f"{NOT_NEGATIVE} and less than or equal to 1"
    ),
    Case(StreamStockoutRisksRequest(as_of=NO_DAY), "as_of", DAY),
    Case(WatchStockoutRisksRequest(), "product_ids", "must contain at least 1 item(s)"),
    Case(WatchStockoutRisksRequest(product_ids=[""]), "product_ids[0]", SHORT),
    Case(WatchStockoutRisksRequest(product_ids=["a" * 257]), "product_ids[0]", LONG),
    Case(GetFeaturesRequest(), "product_ids", "must contain at least 1 item(s)"),
    Case(GetFeaturesRequest(product_ids=[""]), "product_ids[0]", SHORT),
    Case(GetFeaturesRequest(product_ids=["a" * 257]), "product_ids[0]", LONG),
    Case(GetFeaturesRequest(product_ids=["a"], as_of=NO_DAY), "as_of", DAY),
    Case(GetFeaturesRequest(product_ids=["a"], feature_set="s" * 257), "feature_set", LONG),
    Case(StreamFeaturesRequest(as_of=NO_DAY), "as_of", DAY),
    Case(StreamFeaturesRequest(feature_set="s" * 257), "feature_set", LONG),
    Case(AssessStockoutRisksRequest(product_ids=["a"], question="q" * 257), "question", LONG),
    Case(listed(question="q" * 257), "question", LONG),
    Case(StreamStockoutRisksRequest(question="q" * 257), "question", LONG),
    Case(WatchStockoutRisksRequest(product_ids=["a"], question="q" * 257), "question", LONG),
    Case(GetFeaturesRequest(product_ids=["a"], question="q" * 257), "question", LONG),
    Case(StreamFeaturesRequest(question="q" * 257), "question", LONG),
    Case(GetServiceInfoRequest(question="q" * 257), "question", LONG),
    Case(GetPerformanceRequest(question="q" * 257), "question", LONG),
    Case(GetProductHistoryRequest(), "product_id", SHORT),
    Case(GetProductHistoryRequest(product_id="é" * 129), "product_id", LONG),
    Case(GetProductHistoryRequest(product_id="a", question="q" * 257), "question", LONG),
    Case(GetProductHistoryRequest(product_id="a", weeks=-1), "weeks", f"{NOT_NEGATIVE} and less than or equal to 520"),
    Case(GetProductHistoryRequest(product_id="a", weeks=521), "weeks", f"{NOT_NEGATIVE} and less than or equal to 520"),
]


def refused(channel: grpc.Channel, request: Message) -> tuple[grpc.StatusCode, str, list[tuple[str, str]]]:
    """The status, its message, and the violations that its BadRequest names."""
    call: Any = channel.unary_stream(f"/stockout.v1.{METHODS[type(request)]}")
    with pytest.raises(grpc.RpcError) as raised:
        next(call(request.SerializeToString(), timeout=10))
    status = rpc_status.from_call(raised.value)
    assert status is not None
    info, bad_request = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    assert status.details[0].Unpack(info)
    assert (info.reason, info.domain) == ("INVALID_FIELD", "stockout.v1")
    assert status.details[1].Unpack(bad_request)
    violations_found = [(each.field, each.description) for each in bad_request.field_violations]
    return raised.value.code(), status.message, violations_found


@pytest.mark.parametrize(
    "case", CASES, ids=lambda case: f"{case.request.DESCRIPTOR.name}-{case.field}-{case.description}"
)
def test_a_broken_rule_is_told_with_its_field(channel: grpc.Channel, case: Case) -> None:
    code, message, violations = refused(channel, case.request)
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert violations == [(case.field, case.description)]
    assert message == f"{case.field} {case.description}".strip()


def test_all_that_is_wrong_with_a_request_is_told_at_once(channel: grpc.Channel) -> None:
    items = [AssessmentItem(units_on_hand=float("nan")), AssessmentItem(product_id="a", lead_time_days=400)]
    request = AssessStockoutRisksRequest(items=items, horizon_weeks=-1, as_of=NO_DAY)
    _, message, violations = refused(channel, request)
    violations_found = {field for field, _ in violations}
    assert violations_found == {
        "as_of",
        "horizon_weeks",
        "items[0].product_id",
        "items[0].units_on_hand",
        "items[1].lead_time_days",
    }
    assert message == f"as_of {DAY}; and {len(violations) - 1} more"


def test_a_thousand_bad_items_are_refused_with_an_answer_that_fits_into_headers(channel: grpc.Channel) -> None:
    request = AssessStockoutRisksRequest(items=[AssessmentItem(units_on_hand=-1, lead_time_days=-1)] * 1000)
    code, message, violations = refused(channel, request)
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert len(violations) == 20
    assert message.endswith("; and 2999 more")


def test_reflection_tells_the_rules(channel: grpc.Channel) -> None:
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    requests = [
        reflection_pb2.ServerReflectionRequest(file_containing_symbol="stockout.v1.RiskService"),
        reflection_pb2.ServerReflectionRequest(file_by_filename="buf/validate/validate.proto"),
    ]
    ours, rules = (
        FileDescriptorProto.FromString(answer.file_descriptor_response.file_descriptor_proto[0])
        for answer in stub.ServerReflectionInfo(iter(requests))
    )
    by_name = {message.name: message for message in ours.message_type}
    category = next(each for each in by_name["ListStockoutRisksRequest"].field if each.name == "category")
    assert category.options.Extensions[validate_pb2.field].string.max_bytes == 256
    assert rules.package == "buf.validate"
