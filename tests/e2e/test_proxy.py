"""The proxy that ``deploy/envoy.yaml`` sets up, in front of a real server."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from stockout.v1.risk_service_pb2 import AssessStockoutRisksRequest, AssessStockoutRisksResponse
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from benchmarks.rapid_reset import BATCH, METHOD, PREFACE, SETTINGS, connected, frame, headers, resets
from feature_service.client import RefusedError, RiskClient
from feature_service.credentials import Secrets
from tests.support.processes import free_port
from tests.support.proxies import Proxy, proxy_of
from tests.support.servers import RunningServer, channel_to, running_server
from tests.support.serving_fixtures import Published

ATTACK_S = 5


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``tokens.jsonl`` for the server, ``token`` for its client."""
    folder = tmp_path_factory.mktemp("tokens")
    command = [sys.executable, "-m", "feature_service.server.tokens", "new", "--name", "test"]
    made = subprocess.run(command, check=True, capture_output=True, text=True)
    (folder / "tokens.jsonl").write_text(made.stdout)
    (folder / "token").write_text(made.stderr.split()[-1] + "\n")
    return folder


@pytest.fixture(scope="module")
def server(published: Published, tokens: Path) -> Iterator[RunningServer]:
    with running_server(published.root, "--tokens", str(tokens / "tokens.jsonl"), "--log-calls") as running:
        yield running


@pytest.fixture(scope="module")
def proxy(server: RunningServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    with proxy_of(server, tmp_path_factory.mktemp("envoy")) as running:
        yield running


def client_of(proxy: Proxy, token: Path | None) -> RiskClient:
    return RiskClient(proxy.target, credentials=Secrets(ca=proxy.ca, token=token).credentials())


def test_calls_and_streams_pass_with_their_token(proxy: Proxy, tokens: Path, published: Published) -> None:
    ids = published.panel.product_ids
    with client_of(proxy, tokens / "token") as client:
        assert [each.product_id for each in client.assess(ids).results] == list(ids)
        assert {each.product_id for each in client.stream()} == set(ids)
        assert next(iter(client.watch(ids[:1]))).results[0].product_id == ids[0]
        assert client.health() == "SERVING"


def test_without_a_token_the_servers_refusal_comes_through(
    proxy: Proxy, server: RunningServer, published: Published
) -> None:
    with client_of(proxy, None) as client, pytest.raises(RefusedError) as refused:
        client.assess(published.panel.product_ids[:1])
    assert refused.value.code == "UNAUTHENTICATED"
    server.wait_for("denied", lambda line: line["request_id"] == refused.value.request_id)


def test_a_connection_that_takes_most_of_its_calls_back_is_closed(proxy: Proxy) -> None:
    with connected(proxy.port, proxy.ca) as connection:
        connection.settimeout(60)
        connection.sendall(PREFACE + frame(SETTINGS, 0, 0))
        try:
            for batch in range(2):
                connection.sendall(resets(1 + 2 * BATCH * batch, headers("https")))
            while connection.recv(1 << 16):
                pass
            is_closed = True
        except ConnectionError:  # how it ends where not all was read yet
            is_closed = True
        except TimeoutError:
            is_closed = False
    assert is_closed


def test_while_one_client_sends_resets_others_are_answered_and_let_in(published: Published, tmp_path: Path) -> None:
    ids = published.panel.product_ids[:10]
    request = AssessStockoutRisksRequest(product_ids=ids).SerializeToString()
    with running_server(published.root) as server, proxy_of(server, tmp_path) as proxy:
        attack = [sys.executable, "-m", "benchmarks.rapid_reset", str(proxy.port), str(ATTACK_S), str(proxy.ca)]
        with subprocess.Popen(attack, stdout=subprocess.PIPE, text=True) as attacker, proxy.channel() as channel:
            call: Any = channel.unary_unary(METHOD)
            while attacker.poll() is None:
                answer = AssessStockoutRisksResponse.FromString(call(request, timeout=20))
                assert [each.product_id for each in answer.results] == list(ids)
                with proxy.channel() as other:  # a client that comes during the attack
                    eventually(other.unary_unary(METHOD), request)
            told = attacker.stdout.read() if attacker.stdout else ""
        assert json.loads(told)["connections"] > 1, told  # it was cut off, and came again
        with channel_to(server) as channel:
            assert eventually(channel.unary_unary(METHOD), request)


def test_a_connection_that_never_shakes_hands_is_closed(proxy: Proxy) -> None:
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=60) as silent:
        assert silent.recv(1) == b""


def test_a_server_that_is_gone_is_told_as_unavailable_and_found_again(published: Published, tmp_path: Path) -> None:
    request = AssessStockoutRisksRequest(product_ids=published.panel.product_ids[:1]).SerializeToString()
    port = str(free_port())
    with running_server(published.root, "--port", port) as server, proxy_of(server, tmp_path) as proxy:
        server.stop()
        with proxy.channel() as channel:
            call: Any = channel.unary_unary(METHOD)
            with pytest.raises(grpc.RpcError) as refused:
                call(request, timeout=20)
            assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
            with running_server(published.root, "--port", port):
                assert eventually(call, request)


@retry(retry=retry_if_exception_type(grpc.RpcError), stop=stop_after_delay(60), wait=wait_fixed(0.1), reraise=True)
def eventually(call: Any, request: bytes) -> bytes:
    answer: bytes = call(request, timeout=20)
    return answer
