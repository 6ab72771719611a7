"""What the service promises over the wire, asked of a real server."""

import datetime as dt
from typing import Any

import grpc
import numpy as np
import pytest
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.type import date_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from stockout.v1.feature_service_pb2 import GetFeaturesRequest
from stockout.v1.feature_service_pb2_grpc import FeatureServiceStub
from stockout.v1.provenance_pb2 import EVIDENCE_SALES_ONLY
from stockout.v1.risk_service_pb2 import AssessStockoutRisksRequest, StreamStockoutRisksRequest
from stockout.v1.risk_service_pb2_grpc import RiskServiceStub

from feature_service.kernel import feature_set, features_of_all_weeks
from tests.support.calls import ASSESS, METHODS, reason_in, refusal
from tests.support.servers import RunningServer
from tests.support.serving_fixtures import Published
from tests.support.snapshots import MODEL, product_id

SERVICES = ["stockout.v1.RiskService", "stockout.v1.FeatureService"]


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.full_name)
def test_every_method_of_the_protos_is_served(channel: grpc.Channel, method: MethodDescriptor) -> None:
    call: Any = channel.unary_unary(f"/{method.containing_service.full_name}/{method.name}")
    code, _ = refusal(call, b"\xff")
    assert code is grpc.StatusCode.INVALID_ARGUMENT


def test_results_come_in_the_order_of_the_request_and_a_bad_one_fails_no_neighbour(
    channel: grpc.Channel, published: Published
) -> None:
    ids = [*published.panel.product_ids, "unknown", "cancelled-only", "next-year", published.panel.product_ids[0]]
    answer = RiskServiceStub(channel).AssessStockoutRisks(AssessStockoutRisksRequest(product_ids=ids))
    assert [result.product_id for result in answer.results] == ids
    assert {result.WhichOneof("outcome") for result in answer.results} == {"risk", "error"}
    assert answer.results[-1] == answer.results[0]
    for result in answer.results:
        if result.HasField("risk"):
            assert 0 <= result.risk.probability <= 1
            assert result.risk.alert == (result.risk.probability >= answer.provenance.threshold)
    reasons = [reason_in(result.error) for result in answer.results[-4:-1]]
    assert reasons == [
        ("NOT_FOUND", "UNKNOWN_PRODUCT", {}),
        ("FAILED_PRECONDITION", "EXCLUDED_PRODUCT", {"cause": "NO_COUNTED_SALES"}),
        ("FAILED_PRECONDITION", "NOT_LAUNCHED", {"as_of_week": "2018-08-20"}),
    ]


def test_an_answer_says_what_it_rests_on(channel: grpc.Channel, published: Published) -> None:
    request = AssessStockoutRisksRequest(product_ids=["x"], as_of=date_pb2.Date(year=2018, month=8, day=1))
    provenance = RiskServiceStub(channel).AssessStockoutRisks(request).provenance
    assert (provenance.model_name, provenance.model_version) == (MODEL.name, MODEL.version)
    assert (provenance.feature_set, provenance.label, provenance.threshold) == ("seed-18", "zero_sales", 0.5)
    assert provenance.snapshot_id == published.snapshot_id
    assert provenance.as_of_week == date_pb2.Date(year=2018, month=7, day=23)
    assert (provenance.horizon_weeks, provenance.evidence) == (1, EVIDENCE_SALES_ONLY)


@pytest.mark.parametrize("weeks_back", [0, 1, 5])
def test_the_features_served_are_the_training_rows_bit_for_bit(
    channel: grpc.Channel, published: Published, weeks_back: int
) -> None:
    panel = published.panel
    chosen = feature_set("seed-18")
    column = len(panel.weeks) - 1 - weeks_back
    trained_on = features_of_all_weeks(chosen, panel.fields)[:, :, column].T
    sunday = panel.weeks[column].item() + dt.timedelta(days=6)
    as_of = date_pb2.Date(year=sunday.year, month=sunday.month, day=sunday.day)
    request = GetFeaturesRequest(product_ids=panel.product_ids, as_of=as_of, feature_set="seed-18")
    answer = FeatureServiceStub(channel).GetFeatures(request)
    assert tuple(answer.feature_names) == chosen.feature_names
    served = 0
    for result, expected in zip(answer.results, trained_on, strict=True):
        if result.HasField("features"):
            assert np.array(result.features.values, dtype=np.float32).tobytes() == expected.tobytes()
            served += 1
        else:
            assert reason_in(result.error)[1] in {"NOT_LAUNCHED", "INSUFFICIENT_HISTORY"}
            assert np.isnan(expected).any()
    assert served > 50


def test_a_thousand_ids_of_the_longest_kind_fit_into_one_request(channel: grpc.Channel) -> None:
    ids = [f"{number:0256d}" for number in range(1000)]
    answer = RiskServiceStub(channel).AssessStockoutRisks(AssessStockoutRisksRequest(product_ids=ids))
    assert len(answer.results) == 1000


def request_id_of(channel: grpc.Channel, product_ids: list[str], *sent: tuple[str, str]) -> str | None:
    request = AssessStockoutRisksRequest(product_ids=product_ids).SerializeToString()
    assess: Any = channel.unary_unary(ASSESS)
    call = assess.future(request, metadata=sent)
    call.exception()
    return dict(call.trailing_metadata()).get("x-request-id")


@pytest.mark.parametrize("product_ids", [["a"], []], ids=["answered", "refused"])
def test_the_clients_request_id_comes_back(channel: grpc.Channel, product_ids: list[str]) -> None:
    assert request_id_of(channel, product_ids, ("x-request-id", "order-page-42")) == "order-page-42"


def test_the_clients_request_id_comes_back_with_a_stream(channel: grpc.Channel) -> None:
    stream = RiskServiceStub(channel).StreamStockoutRisks(
        StreamStockoutRisksRequest(), metadata=(("x-request-id", "night 7"),)
    )
    assert list(stream)
    assert dict(stream.trailing_metadata())["x-request-id"] == "night 7"


def test_a_refused_call_without_a_request_id_gets_one_of_its_own(channel: grpc.Channel) -> None:
    first, second = request_id_of(channel, []), request_id_of(channel, [])
    assert first
    assert second
    assert first != second


def test_a_refused_call_is_logged_under_its_request_id(channel: grpc.Channel, server: RunningServer) -> None:
    request = AssessStockoutRisksRequest(product_ids=[""])
    with pytest.raises(grpc.RpcError):
        RiskServiceStub(channel).AssessStockoutRisks(request, metadata=(("x-request-id", "find me"),))
    line = server.wait_for("call", lambda line: line["request_id"] == "find me")
    assert line["code"] == "INVALID_ARGUMENT"
    assert line["method"] == ASSESS.removeprefix("/")
    assert "product_ids[0]" in line["error"]


@pytest.mark.parametrize("service", ["", *SERVICES])
def test_health_of_the_server_and_of_each_service_is_serving(channel: grpc.Channel, service: str) -> None:
    stub = health_pb2_grpc.HealthStub(channel)
    assert stub.Check(health_pb2.HealthCheckRequest(service=service)).status == health_pb2.HealthCheckResponse.SERVING


def test_health_lists_every_service(channel: grpc.Channel) -> None:
    listed = health_pb2_grpc.HealthStub(channel).List(health_pb2.HealthListRequest()).statuses
    assert {name: each.status for name, each in listed.items()} == dict.fromkeys(
        ["", *SERVICES], health_pb2.HealthCheckResponse.SERVING
    )


def test_reflection_gives_the_services_and_their_files(channel: grpc.Channel) -> None:
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    requests = [
        reflection_pb2.ServerReflectionRequest(list_services=""),
        reflection_pb2.ServerReflectionRequest(file_containing_symbol="stockout.v1.RiskService"),
    ]
    listed, described = stub.ServerReflectionInfo(iter(requests))
    names = {service.name for service in listed.list_services_response.service}
    assert names >= {*SERVICES, "grpc.health.v1.Health"}
    file = FileDescriptorProto.FromString(described.file_descriptor_response.file_descriptor_proto[0])
    assert file.name == "stockout/v1/risk_service.proto"


def test_a_replayed_week_and_the_newest_one_have_different_answers(channel: grpc.Channel) -> None:
    stub = RiskServiceStub(channel)
    ids = [product_id(number) for number in range(200)]
    past = date_pb2.Date(year=2018, month=7, day=1)
    newest = stub.AssessStockoutRisks(AssessStockoutRisksRequest(product_ids=ids))
    replayed = stub.AssessStockoutRisks(AssessStockoutRisksRequest(product_ids=ids, as_of=past))
    assert list(newest.results) != list(replayed.results)
