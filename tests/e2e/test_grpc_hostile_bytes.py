"""Bytes that are no gRPC, messages that swell, connections that come and go: the server stays as it was."""

import contextlib
import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
import psutil
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from stockout.v1.risk_service_pb2 import AssessStockoutRisksRequest
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from tests.support.servers import START_TIMEOUT_S, RunningServer, channel_to, running_server
from tests.support.serving_fixtures import Published

ASSESS = "/stockout.v1.RiskService/AssessStockoutRisks"
MEBIBYTE = 1 << 20
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
POST = f"POST {ASSESS} HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nabc".encode()
BROKEN = {
    "garbage": random.Random(0).randbytes(100_000),
    "a frame of nonsense": PREFACE + b"\xff" * 1000,
    "HTTP/1.1 of another type": POST,
}
HALF_OPEN = {"nothing": b"", "half a preface": PREFACE[:10], "a preface alone": PREFACE}
CONNECTIONS, SPARE_FILES = 1000, 20


@pytest.fixture(scope="module")
def attacked(published: Published) -> Iterator[RunningServer]:
    with running_server(published.root) as server:
        yield server


def assert_well(server: RunningServer, published: Published) -> None:
    """Health says so, and every product is answered."""
    with channel_to(server) as channel:
        health = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=20)
        assert health.status == health_pb2.HealthCheckResponse.SERVING
        call: Any = channel.unary_unary(ASSESS)
        request = AssessStockoutRisksRequest(product_ids=published.panel.product_ids).SerializeToString()
        assert len(call(request, timeout=20)) > len(request)


@contextmanager
def memory_stays(server: RunningServer, published: Published) -> Iterator[None]:
    """Flat over the block, after which the server is well."""
    assert_well(server, published)
    process = psutil.Process(server.process.pid)
    before = process.memory_info().rss
    yield
    assert_well(server, published)
    assert process.memory_info().rss - before < 20 * MEBIBYTE


@retry(retry=retry_if_result(lambda closed: not closed), stop=stop_after_delay(START_TIMEOUT_S), wait=wait_fixed(0.05))
def has_closed(process: psutil.Process, files: int) -> bool:
    """Whether no more files are open; the server reads of a connection's end a little after it."""
    return bool(process.num_fds() <= files)


def connected(server: RunningServer) -> socket.socket:
    host, _, port = server.target.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=START_TIMEOUT_S)


def everything_from(connection: socket.socket) -> bytes:
    """Until the server closes, politely or by a reset."""
    got = b""
    with contextlib.suppress(ConnectionResetError):
        while chunk := connection.recv(1 << 16):
            got += chunk
    return got


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_grpc_is_hung_up_on(attacked: RunningServer, published: Published, name: str) -> None:
    with memory_stays(attacked, published), connected(attacked) as connection:
        try:
            connection.sendall(BROKEN[name])
        except (ConnectionResetError, BrokenPipeError):
            return
        assert b"HTTP/1.1 200" not in everything_from(connection)


@pytest.mark.parametrize("name", HALF_OPEN)
def test_a_connection_that_never_goes_on_holds_up_nobody(
    attacked: RunningServer, published: Published, name: str
) -> None:
    with memory_stays(attacked, published), connected(attacked) as connection:
        connection.sendall(HALF_OPEN[name])
        assert_well(attacked, published)


def test_a_message_that_swells_when_it_is_unpacked_is_refused(attacked: RunningServer, published: Published) -> None:
    bomb = bytes(64 * MEBIBYTE)
    with memory_stays(attacked, published), channel_to(attacked) as channel:
        call: Any = channel.unary_unary(ASSESS)
        refused = call.future(bomb, compression=grpc.Compression.Gzip, timeout=START_TIMEOUT_S)
        assert refused.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_a_thousand_connections_that_come_and_go_leave_nothing(attacked: RunningServer, published: Published) -> None:
    process = psutil.Process(attacked.process.pid)
    with memory_stays(attacked, published):
        before = process.num_fds()
        for number in range(CONNECTIONS):
            with connected(attacked) as connection:
                connection.sendall(PREFACE[: number % len(PREFACE)])
    assert has_closed(process, before + SPARE_FILES)
