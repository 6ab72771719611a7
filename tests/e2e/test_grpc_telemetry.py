"""What an operator sees from outside: the metrics' page and the spans."""

from collections.abc import Iterator
from typing import Any

import grpc
import numpy as np
import pytest
from stockout.v1.risk_service_pb2 import AssessStockoutRisksRequest, AssessStockoutRisksResponse

from tests.support.calls import ASSESS
from tests.support.metrics_page import LABELS, page_of, value
from tests.support.otlp import Collector, running_collector
from tests.support.servers import START_TIMEOUT_S, RunningServer, channel_to, running_server
from tests.support.serving_fixtures import Published
from tests.support.snapshots import MODEL

TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture(scope="module")
def measured(published: Published) -> Iterator[RunningServer]:
    with running_server(published.root, "--metrics-port", "0") as server:
        yield server


def ask(channel: grpc.Channel, ids: list[str], *metadata: tuple[str, str]) -> grpc.StatusCode:
    call: Any = channel.unary_unary(ASSESS)
    request = AssessStockoutRisksRequest(product_ids=ids).SerializeToString()
    code: grpc.StatusCode = call.future(request, metadata=metadata, timeout=20).code()
    return code


def test_calls_are_counted_and_timed_by_method_and_code(measured: RunningServer) -> None:
    before = page_of(measured)
    with channel_to(measured) as channel:
        assert [ask(channel, ids).name for ids in (["a"], ["a"], [])] == ["OK", "OK", "INVALID_ARGUMENT"]
    after = page_of(measured)

    def grown(sample: str, **labels: str) -> float:
        return value(after, sample, **LABELS, **labels) - value(before, sample, **LABELS, **labels)

    assert grown("grpc_server_started_total") == 3
    assert grown("grpc_server_handled_total", grpc_code="OK") == 2
    assert grown("grpc_server_handled_total", grpc_code="InvalidArgument") == 1
    assert grown("grpc_server_handling_seconds_count", grpc_code="OK") == 2
    assert grown("grpc_server_handling_seconds_bucket", grpc_code="OK", le="+Inf") == 2
    assert grown("grpc_server_handling_seconds_sum", grpc_code="OK") > 0
    assert value(after, "grpc_server_in_flight", **LABELS) == 0


def test_the_sizes_of_requests_are_counted(measured: RunningServer) -> None:
    before = page_of(measured)
    with channel_to(measured) as channel:
        ask(channel, ["a"] * 7)
    after = page_of(measured)
    for bound, grown in {"5.0": 0, "10.0": 1, "+Inf": 1}.items():
        sizes = [value(page, "stockout_batch_products_bucket", le=bound, **LABELS) for page in (before, after)]
        assert sizes[1] - sizes[0] == grown, bound
    sums = [value(page, "stockout_batch_products_sum", **LABELS) for page in (before, after)]
    assert sums[1] - sums[0] == 7


def test_the_page_tells_what_is_served_and_how_its_scores_lie(measured: RunningServer, published: Published) -> None:
    with channel_to(measured) as channel:
        call: Any = channel.unary_unary(ASSESS)
        request = AssessStockoutRisksRequest(product_ids=published.panel.product_ids).SerializeToString()
        results = AssessStockoutRisksResponse.FromString(call(request, timeout=20)).results
    scores = np.array([each.risk.probability for each in results if each.HasField("risk")])
    page = page_of(measured)
    served = {"snapshot_id": published.snapshot_id, "model_name": MODEL.name, "model_version": MODEL.version}
    assert value(page, "stockout_snapshot_info", **served) == 1
    assert 0 <= value(page, "stockout_snapshot_age_seconds") < 24 * 3600
    assert value(page, "stockout_snapshot_reload_failures_total") == 0
    assert value(page, "stockout_scores_count") == len(scores)
    assert value(page, "stockout_scores_bucket", le="0.5") == (scores <= 0.5).sum()
    assert value(page, "stockout_scores_sum") == pytest.approx(scores.sum(), rel=1e-5)
    assert value(page, "process_resident_memory_bytes") > 0


def test_without_a_port_there_is_no_page(server: RunningServer) -> None:
    assert not [line for line in server.events if line["event"] == "metrics"]


@pytest.fixture(scope="module")
def traced(published: Published) -> Iterator[tuple[RunningServer, Collector]]:
    with (
        running_collector() as collector,
        running_server(published.root, "--otlp-endpoint", collector.endpoint, "--grace-seconds", "1") as server,
    ):
        yield server, collector


def test_a_call_is_a_span_of_its_callers_trace_if_that_is_recorded(
    traced: tuple[RunningServer, Collector],
) -> None:
    server, collector = traced
    unrecorded = TRACE.replace("0", "1")
    with channel_to(server) as channel:
        for parent in (f"00-{unrecorded}-{CALLER}-00", "nonsense", "00-zz-zz-01", f"00-{TRACE}-{CALLER}-01"):
            ask(channel, ["a"], ("traceparent", parent), ("tracestate", "vendor=1"))
        ask(channel, [])
        ask(channel, [], ("traceparent", f"00-{TRACE}-{CALLER}-01"))
    spans = [collector.spans.get(timeout=START_TIMEOUT_S) for _ in range(2)]
    assert {span.trace_id.hex() for span in spans} == {TRACE}
    assert {span.parent_span_id.hex() for span in spans} == {CALLER}
    assert {span.name for span in spans} == {ASSESS.removeprefix("/")}
    codes = [{each.key: each.value.string_value for each in span.attributes}["rpc.grpc.status"] for span in spans]
    assert codes == ["OK", "INVALID_ARGUMENT"]
    assert all(0 < span.end_time_unix_nano - span.start_time_unix_nano < START_TIMEOUT_S * 1e9 for span in spans)
    assert server.stop() == 0
    assert collector.spans.empty()


def test_a_collector_that_is_not_there_harms_no_call(published: Published) -> None:
    with (
        running_server(published.root, "--otlp-endpoint", "http://127.0.0.1:1", "--grace-seconds", "1") as server,
        channel_to(server) as channel,
    ):
        assert ask(channel, ["a"], ("traceparent", f"00-{TRACE}-{CALLER}-01")) is grpc.StatusCode.OK
        server.process.terminate()
        assert server.wait() == 0
