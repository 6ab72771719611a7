"""The server as an operator meets it: a process with signals, exit codes and sentences on stderr."""

import functools
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from stockout.v1.risk_service_pb2 import (
    AssessStockoutRisksRequest,
    AssessStockoutRisksResponse,
    StreamStockoutRisksRequest,
    WatchStockoutRisksRequest,
)
from stockout.v1.risk_service_pb2_grpc import RiskServiceStub

from tests.support.servers import channel_to, running_server
from tests.support.serving_fixtures import Published

ASSESS = "/stockout.v1.RiskService/AssessStockoutRisks"
NUMBERS = ("one", "two", "three")
REQUEST = AssessStockoutRisksRequest(product_ids=["a", "b"]).SerializeToString()


def start_and_fail(*options: str) -> str:
    """The last line of a server that must not start, which is its only one but for gRPC's own log."""
    command = [sys.executable, "-m", "feature_service.server", "--port", "0", *options]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1, ended
    *others, stderr = ended.stderr.splitlines()
    assert stderr.startswith("stockout-server: ")
    assert all("add_port.cc" in line for line in others), ended.stderr
    return stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_stopping_server_answers_what_is_in_flight_and_refuses_what_is_new(
    published: Published, number: signal.Signals
) -> None:
    may_send = threading.Event()

    def late_request() -> Iterator[bytes]:
        may_send.wait()
        yield REQUEST

    with running_server(published.root) as server, channel_to(server) as channel:
        call: Any = channel.stream_unary(ASSESS)
        in_flight = call.future(late_request())
        health = health_pb2_grpc.HealthStub(channel)
        states = health.Watch(health_pb2.HealthCheckRequest())
        # One connection keeps order: once this is answered, the server has the call above.
        assert next(states).status == health_pb2.HealthCheckResponse.SERVING
        server.process.send_signal(number)
        assert next(states).status == health_pb2.HealthCheckResponse.NOT_SERVING
        server.wait_for("draining")
        assert _refused(lambda: server.process.poll() is None, server.target)
        states.cancel()
        may_send.set()
        answer = AssessStockoutRisksResponse.FromString(in_flight.result(timeout=30))
        assert [result.product_id for result in answer.results] == ["a", "b"]
        assert server.wait() == 0
        server.wait_for("stopped")


def _refused(running: Callable[[], bool], target: str) -> bool:
    """Whether new connections end up UNAVAILABLE while the server still runs."""
    while running():
        with grpc.insecure_channel(target, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
            call: Any = channel.unary_unary(ASSESS)
            try:
                call(REQUEST, timeout=5)
            except grpc.RpcError as error:
                return error.code() is grpc.StatusCode.UNAVAILABLE
    return False


def test_calls_that_outlast_the_grace_period_are_ended(published: Published) -> None:
    with running_server(published.root, "--grace-seconds", "0") as server, channel_to(server) as channel:
        states = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
        assert next(states).status == health_pb2.HealthCheckResponse.SERVING
        assert server.stop() == 0


def test_without_a_published_snapshot_the_server_says_so_and_ends(tmp_path: Path) -> None:
    assert "no snapshot is published in" in start_and_fail("--snapshots", str(tmp_path))


@pytest.mark.parametrize("name", ["panel/units_sold.npy", "products.json", "bundle/model.onnx", "manifest.json"])
def test_a_truncated_file_is_refused_by_name(published: Published, tmp_path: Path, name: str) -> None:
    broken = tmp_path / "snapshots"
    shutil.copytree(published.root, broken)
    file = broken / published.snapshot_id / name
    file.write_bytes(file.read_bytes()[:-20])
    stderr = start_and_fail("--snapshots", str(broken))
    assert Path(name).name in stderr or "is broken" in stderr


def test_a_missing_file_is_refused_by_name(published: Published, tmp_path: Path) -> None:
    broken = tmp_path / "snapshots"
    shutil.copytree(published.root, broken)
    (broken / published.snapshot_id / "eligible.npy").unlink()
    assert "eligible.npy" in start_and_fail("--snapshots", str(broken))


def test_a_port_in_use_is_named(published: Published) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        stderr = start_and_fail("--snapshots", str(published.root), "--port", port)
    assert f"cannot listen on 127.0.0.1:{port}" in stderr


def test_a_lower_limit_of_ids_is_kept(published: Published) -> None:
    with running_server(published.root, "--max-ids", "1") as server, channel_to(server) as channel:
        call: Any = channel.unary_unary(ASSESS)
        with pytest.raises(grpc.RpcError) as raised:
            call(REQUEST)
    assert raised.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def has_request_id(request_id: str, line: dict[str, Any]) -> bool:
    return bool(line["request_id"] == request_id)


def test_every_call_is_logged_when_asked_for(published: Published) -> None:
    watch = WatchStockoutRisksRequest(product_ids=["a"])
    with running_server(published.root, "--log-calls") as server, channel_to(server) as channel:
        stub = RiskServiceStub(channel)
        stub.AssessStockoutRisks(AssessStockoutRisksRequest(product_ids=["a"]), metadata=(("x-request-id", "one"),))
        list(stub.StreamStockoutRisks(StreamStockoutRisksRequest(), metadata=(("x-request-id", "two"),)))
        watching = stub.WatchStockoutRisks(watch, metadata=(("x-request-id", "three"),))
        next(watching)
        watching.cancel()
        lines = [server.wait_for("call", functools.partial(has_request_id, name)) for name in NUMBERS]
    assert [line["code"] for line in lines] == ["OK", "OK", "CANCELLED"]
    assert [line["method"].split("/")[1][:6] for line in lines] == ["Assess", "Stream", "WatchS"]
