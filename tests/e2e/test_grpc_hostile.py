"""Clients that read slowly, or are gone, and a stream that is open when the server must stop."""

import signal
from collections.abc import Iterator
from typing import Any

import grpc
import psutil
import pytest
from stockout.v1.risk_service_pb2 import StreamStockoutRisksResponse
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from tests.support.processes import wait_for_http
from tests.support.relay import relay_to
from tests.support.servers import START_TIMEOUT_S, RunningServer, channel_to, running_server
from tests.support.snapshots import publish_snapshot, synthetic_panel

ASSESS = "/stockout.v1.RiskService/AssessStockoutRisks"
STREAM = "/stockout.v1.RiskService/StreamStockoutRisks"
WATCH = "/stockout.v1.RiskService/WatchStockoutRisks"
PRODUCTS = 40_000
MEBIBYTE = 1 << 20


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server whose stream is longer than what lies between it and a client that does not read."""
    root = tmp_path_factory.mktemp("big") / "snapshots"
    publish_snapshot(root, synthetic_panel(products=PRODUCTS, weeks=6))
    options = ["--max-streams", "12", "--keepalive-seconds", "1", "--metrics-port", "0"]
    with running_server(root, *options) as server:
        yield server


def streaming(channel: grpc.Channel, method: str, request: bytes = b"") -> Any:
    call: Any = channel.unary_stream(method)
    return call(request)


def open_streams(server: RunningServer) -> float:
    page = wait_for_http(f"http://127.0.0.1:{server.wait_for('metrics')['port']}/metrics").decode()
    wanted = ("grpc_server_in_flight", "Stream", "Watch")
    lines = [line for line in page.splitlines() if line.startswith(wanted[0]) and any(w in line for w in wanted[1:])]
    return sum(float(line.split()[-1]) for line in lines)


@retry(retry=retry_if_result(lambda count: count != 0), stop=stop_after_delay(START_TIMEOUT_S), wait=wait_fixed(0.05))
def no_open_streams(server: RunningServer) -> float:
    return open_streams(server)


def products_in(stream: Any) -> int:
    return sum(len(StreamStockoutRisksResponse.FromString(each).results) for each in stream)


def test_clients_that_do_not_read_cost_no_memory_and_hold_up_nobody(big: RunningServer) -> None:
    with channel_to(big) as quick:
        assess: Any = quick.unary_unary(ASSESS)
        whole: Any = quick.unary_stream(STREAM)
        assert products_in(whole(b"", timeout=60)) == PRODUCTS
        before = psutil.Process(big.process.pid).memory_info().rss
        slow = [grpc.insecure_channel(big.target, [("grpc.use_local_subchannel_pool", 1)]) for _ in range(10)]
        streams = [streaming(channel, STREAM) for channel in slow]
        try:
            for stream in streams:
                assert next(stream)
            assert products_in(whole(b"", timeout=60)) == PRODUCTS
            assert assess(b"\n\x01a", timeout=20)
            # how much of a stream fits into buffers on the way is up to gRPC and the kernel; it is never all of all
            assert open_streams(big) > 0
            grown = psutil.Process(big.process.pid).memory_info().rss - before
            assert grown < 20 * MEBIBYTE, "ten streams are some 30 MiB"
            first, *others = streams
            assert products_in(first) > 0
            for stream in others:
                stream.cancel()
        finally:
            for channel in slow:
                channel.close()
        assert no_open_streams(big) == 0


@pytest.mark.parametrize("method", [STREAM, WATCH])
def test_streams_of_clients_that_vanish_are_ended(big: RunningServer, method: str) -> None:
    with relay_to(big.target) as relay, channel_to(relay) as channel:
        streams = [streaming(channel, method, b"\n\x01a" if method == WATCH else b"") for _ in range(5)]
        for stream in streams:
            assert next(stream)
        assert open_streams(big) == 5
        relay.close()
        assert no_open_streams(big) == 0
    with channel_to(big) as channel:
        call: Any = channel.unary_unary(ASSESS)
        assert call(b"\n\x01a", timeout=20)


def test_a_stream_that_is_open_when_the_server_stops_is_sent_to_its_end(big: RunningServer) -> None:
    """The last test of this server: it ends here."""
    with channel_to(big) as channel:
        stream = streaming(channel, STREAM)
        sent = len(StreamStockoutRisksResponse.FromString(next(stream)).results)
        big.process.send_signal(signal.SIGTERM)
        big.wait_for("draining")
        assert sent + products_in(stream) == PRODUCTS
        assert big.wait() == 0
