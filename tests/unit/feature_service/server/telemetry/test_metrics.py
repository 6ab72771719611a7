import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from stockout.v1.risk_service_pb2 import AssessStockoutRisksRequest

from feature_service.server.errors import AddressError
from feature_service.server.serving.current import CurrentSnapshot
from feature_service.server.telemetry.metrics import SECONDS, Counts, Metrics


@given(st.lists(st.floats(0, 20)))
def test_a_histogram_counts_every_value_up_to_each_bound(values: list[float]) -> None:
    counts = Counts(SECONDS)
    for value in values:
        counts.add(value)
    assert [count for _, count in counts.buckets()] == [
        *(sum(value <= bound for value in values) for bound in SECONDS),
        len(values),
    ]
    assert counts.total == pytest.approx(sum(values))


def test_before_a_snapshot_is_loaded_the_page_has_the_calls_already() -> None:
    metrics = Metrics(CurrentSnapshot())
    metrics.method("a.B/C", AssessStockoutRisksRequest).started += 1
    registry = CollectorRegistry()
    registry.register(metrics)
    page = generate_latest(registry).decode()
    assert 'grpc_server_in_flight{grpc_method="C",grpc_service="a.B"} 1.0' in page
    assert "stockout_snapshot_info" not in page


def test_the_page_can_be_read_while_calls_of_new_kinds_end() -> None:
    metrics = Metrics(CurrentSnapshot())
    counted = metrics.method("a.B/C", AssessStockoutRisksRequest)
    registry = CollectorRegistry()
    registry.register(metrics)
    done = threading.Event()

    def end_calls() -> None:
        for number in range(20_000):
            counted.ended(f"CODE_{number % 500}", 0.001)
        done.set()

    thread = threading.Thread(target=end_calls)
    thread.start()
    while not done.is_set():
        generate_latest(registry)
    thread.join()
    assert 'grpc_server_handled_total{grpc_code="Code499",grpc_method="C",grpc_service="a.B"} 40.0' in (
        generate_latest(registry).decode()
    )


def test_a_page_whose_port_is_taken_is_named() -> None:
    port = Metrics(CurrentSnapshot()).expose("127.0.0.1", 0)
    with pytest.raises(AddressError, match=str(port)):
        Metrics(CurrentSnapshot()).expose("127.0.0.1", port)
