import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import generate_latest

from feature_service.server.errors import AddressError
from feature_service.server.serving.questions import ServedQuestions
from feature_service.server.telemetry.metrics import Metrics
from feature_service.server.telemetry.snapshots import PROBABILITIES, SnapshotCollector, _histogram_of


def page_of_nothing() -> Metrics:
    return Metrics("products", SnapshotCollector(ServedQuestions()))


@given(st.lists(st.floats(0, 1, width=32) | st.just(float("nan")), max_size=50))
def test_the_histogram_of_probabilities_counts_every_known_one_up_to_each_bound(values: list[float]) -> None:
    buckets, total = _histogram_of(np.array(values, dtype=np.float32))
    known = [value for value in values if value == value]
    assert total == pytest.approx(sum(known))
    assert dict(buckets) == {
        **{str(bound): sum(value <= bound for value in known) for bound in PROBABILITIES},
        "+Inf": len(known),
    }


def test_before_a_snapshot_is_loaded_the_page_has_the_calls_already() -> None:
    metrics = page_of_nothing()
    metrics.method("a.B/C").begin()
    page = generate_latest(metrics.registry).decode()
    assert 'grpc_server_in_flight{grpc_method="C",grpc_service="a.B"} 1.0' in page
    assert 'grpc_server_started_total{grpc_method="C",grpc_service="a.B"} 1.0' in page
    assert "stockout_snapshot_info" not in page
    assert "_created" not in page


def test_the_page_can_be_read_while_calls_of_new_kinds_end() -> None:
    metrics = page_of_nothing()
    method = metrics.method("a.B/C")
    finished = threading.Event()

    def end_calls() -> None:
        for number in range(20_000):
            method.end(f"CODE_{number % 500}", 0.001)
        finished.set()

    thread = threading.Thread(target=end_calls)
    thread.start()
    while not finished.is_set():
        generate_latest(metrics.registry)
    thread.join()
    page = generate_latest(metrics.registry).decode()
    assert 'grpc_server_handled_total{grpc_code="Code499",grpc_method="C",grpc_service="a.B"} 40.0' in page


def test_a_page_whose_port_is_taken_is_named() -> None:
    port = page_of_nothing().expose("127.0.0.1", 0)
    with pytest.raises(AddressError, match=str(port)):
        page_of_nothing().expose("127.0.0.1", port)
