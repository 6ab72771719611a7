"""Who gets in, and who does not: real certificates and tokens against real servers."""

import datetime as dt
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_channelz.v1 import channelz_pb2, channelz_pb2_grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from stockout.v1.risk_service_pb2 import AssessStockoutRisksRequest

from tests.support.certificates import Authority, Pair
from tests.support.servers import RunningServer, channel_to, running_server
from tests.support.serving_fixtures import Published

ASSESS = "/stockout.v1.RiskService/AssessStockoutRisks"
FEATURES = "/stockout.v1.FeatureService/GetFeatures"
REQUEST = AssessStockoutRisksRequest(product_ids=["a"]).SerializeToString()
OK = grpc.StatusCode.OK
OTHERS = {
    "assess": ASSESS,
    "features": FEATURES,
    "reflection": "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
    "channelz": "/grpc.channelz.v1.Channelz/GetTopChannels",
    "a method that does not exist": "/stockout.v1.RiskService/Nothing",
}


def code_of(channel: grpc.Channel, method: str = ASSESS, token: str | None = None) -> grpc.StatusCode:
    call: Any = channel.unary_unary(method)
    metadata = (("authorization", f"Bearer {token}"),) if token else ()
    code: grpc.StatusCode = call.future(REQUEST, metadata=metadata, timeout=20).code()
    return code


@contextmanager
def tls_channel(server: RunningServer, trusted: bytes, client: Pair | None = None) -> Iterator[grpc.Channel]:
    shown = (client.key, client.certificate) if client else (None, None)
    credentials = grpc.ssl_channel_credentials(trusted, *shown)
    with grpc.secure_channel(server.target, credentials, [("grpc.use_local_subchannel_pool", 1)]) as channel:
        yield channel


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


def with_tls(pair: Pair, folder: Path, *more: str) -> list[str]:
    certificate, key = pair.write(folder, "server")
    return ["--tls-certificate", str(certificate), "--tls-key", str(key), *more]


def fails_to_start(published: Published, options: Sequence[str]) -> tuple[int, str]:
    command = [sys.executable, "-m", "feature_service.server", "--snapshots", str(published.root), "--port", "0"]
    ended = subprocess.run([*command, *options], check=False, capture_output=True, text=True, timeout=60)
    return ended.returncode, ended.stderr


def test_over_tls_only_who_trusts_the_certificate_talks_to_the_server(
    published: Published, authority: Authority, tmp_path: Path
) -> None:
    with running_server(published.root, *with_tls(authority.issue("server"), tmp_path)) as server:
        with tls_channel(server, authority.certificate) as channel:
            assert code_of(channel) is OK
        with tls_channel(server, Authority("another").certificate) as channel:
            assert code_of(channel) is grpc.StatusCode.UNAVAILABLE
        with channel_to(server) as channel:
            assert code_of(channel) is grpc.StatusCode.UNAVAILABLE


def test_a_renewed_certificate_is_used_without_a_restart_and_a_broken_one_is_refused(
    published: Published, authority: Authority, tmp_path: Path
) -> None:
    newer = Authority("newer")
    with running_server(published.root, *with_tls(authority.issue("server"), tmp_path)) as server:
        (tmp_path / "server.pem").write_bytes(b"no certificate")
        with tls_channel(server, authority.certificate) as channel:
            assert code_of(channel) is OK
        assert "server.pem" in server.wait_for("certificate refused")["error"]
        newer.issue("server").write(tmp_path, "server")
        with tls_channel(server, newer.certificate) as channel:
            assert code_of(channel) is OK
        server.wait_for("certificate reloaded")
        with tls_channel(server, authority.certificate) as channel:
            assert code_of(channel) is grpc.StatusCode.UNAVAILABLE


def test_an_expired_server_certificate_is_not_believed(
    published: Published, authority: Authority, tmp_path: Path
) -> None:
    expired = authority.issue("server", valid=-dt.timedelta(days=1))
    with (
        running_server(published.root, *with_tls(expired, tmp_path)) as server,
        tls_channel(server, authority.certificate) as channel,
    ):
        assert code_of(channel) is grpc.StatusCode.UNAVAILABLE


def test_with_mutual_tls_only_clients_with_a_valid_certificate_of_the_ca_get_in(
    published: Published, authority: Authority, tmp_path: Path
) -> None:
    clients = Authority("clients")
    (tmp_path / "clients.pem").write_bytes(clients.certificate)
    options = with_tls(authority.issue("server"), tmp_path, "--tls-client-ca", str(tmp_path / "clients.pem"))
    wanted = {
        "ours": (clients.issue("client"), OK),
        "none": (None, grpc.StatusCode.UNAVAILABLE),
        "expired": (clients.issue("client", valid=-dt.timedelta(days=1)), grpc.StatusCode.UNAVAILABLE),
        "of another CA": (authority.issue("client"), grpc.StatusCode.UNAVAILABLE),
    }
    with running_server(published.root, *options) as server:
        for name, (pair, code) in wanted.items():
            with tls_channel(server, authority.certificate, pair) as channel:
                assert code_of(channel) is code, name
        (tmp_path / "clients.pem").write_bytes(authority.certificate)
        with tls_channel(server, authority.certificate, authority.issue("client")) as channel:
            assert code_of(channel) is OK, "the CA is reloaded as well"


def test_a_certificate_whose_key_is_another_ones_is_refused_at_the_start(
    published: Published, authority: Authority, tmp_path: Path
) -> None:
    options = with_tls(authority.issue("server"), tmp_path)
    (tmp_path / "server.key").write_bytes(authority.issue("server").key)
    code, said = fails_to_start(published, options)
    assert (code, said.startswith("stockout-server: the certificate")) == (1, True), said


def test_plaintext_that_other_machines_could_read_must_be_asked_for(published: Published) -> None:
    code, said = fails_to_start(published, ["--host", "0.0.0.0"])
    assert code == 1
    assert "0.0.0.0 is reached by other machines" in said
    with (
        running_server(published.root, "--host", "0.0.0.0", "--insecure-plaintext") as server,
        channel_to(server) as channel,
    ):
        assert code_of(channel) is OK


def test_a_certificate_without_its_key_is_a_wrong_command(published: Published, tmp_path: Path) -> None:
    code, said = fails_to_start(published, ["--tls-certificate", str(tmp_path / "server.pem")])
    assert (code, "both --tls-certificate and --tls-key" in said) == (2, True)


def new_token(file: Path, *options: str) -> str:
    """Let the command make a token, its line goes to ``file``."""
    command = [sys.executable, "-m", "feature_service.server.tokens", "new", *options]
    made = subprocess.run(command, check=True, capture_output=True, text=True)
    with file.open("a", encoding="utf-8") as lines:
        lines.write(made.stdout)
    token = made.stderr.split()[-1]
    assert token not in file.read_text(encoding="utf-8")
    assert token.split(".")[1] not in file.read_text(encoding="utf-8")
    return token


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tokens") / "tokens.jsonl"


@pytest.fixture(scope="module")
def guarded(published: Published, tokens: Path) -> Iterator[tuple[RunningServer, str]]:
    """A server that wants tokens, and one that allows the risks alone."""
    token = new_token(tokens, "--name", "risks-only", "--method", "stockout.v1.RiskService/*")
    with running_server(published.root, "--tokens", str(tokens), "--channelz") as server:
        yield server, token


@pytest.mark.parametrize("method", OTHERS.values(), ids=OTHERS)
@pytest.mark.parametrize("token", [None, "wrong", "0123456789ab.wrong", "."])
def test_without_a_known_token_everything_but_health_is_closed(
    guarded: tuple[RunningServer, str], method: str, token: str | None
) -> None:
    with channel_to(guarded[0]) as channel:
        assert code_of(channel, method, token) is grpc.StatusCode.UNAUTHENTICATED
        health = health_pb2_grpc.HealthStub(channel)
        assert health.Check(health_pb2.HealthCheckRequest()).status == health_pb2.HealthCheckResponse.SERVING


def test_a_right_id_with_a_wrong_secret_is_not_let_in(guarded: tuple[RunningServer, str]) -> None:
    server, token = guarded
    with channel_to(server) as channel:
        for wrong in (token[:-1], token + "A", token.upper(), token.split(".")[0] + "."):
            assert code_of(channel, ASSESS, wrong) is grpc.StatusCode.UNAUTHENTICATED


def test_a_token_opens_the_methods_it_was_made_for_and_no_others(guarded: tuple[RunningServer, str]) -> None:
    server, token = guarded
    with channel_to(server) as channel:
        assert code_of(channel, ASSESS, token) is OK
        for method in (OTHERS["features"], OTHERS["reflection"], OTHERS["channelz"]):
            assert code_of(channel, method, token) is grpc.StatusCode.PERMISSION_DENIED


def test_no_log_line_tells_a_token(guarded: tuple[RunningServer, str]) -> None:
    server, token = guarded
    with channel_to(server) as channel:
        code_of(channel, FEATURES, token)
        code_of(channel, "/x/y", "unknown." + token.split(".")[1])
    server.wait_for("denied", lambda line: line["method"] == "/x/y")
    assert token.split(".")[1] not in str(server.events)


def test_a_token_that_calls_too_often_is_refused_and_no_other(published: Published, tmp_path: Path) -> None:
    file = tmp_path / "tokens.jsonl"
    hasty = new_token(file, "--name", "hasty", "--per-second", "0.001", "--burst", "3")
    patient = new_token(file, "--name", "patient")
    with running_server(published.root, "--tokens", str(file)) as server, channel_to(server) as channel:
        codes = [code_of(channel, ASSESS, hasty) for _ in range(5)]
        assert codes == [OK, OK, OK, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.RESOURCE_EXHAUSTED]
        assert code_of(channel, ASSESS, patient) is OK


def test_a_token_can_be_added_and_taken_away_while_the_server_runs(published: Published, tmp_path: Path) -> None:
    file = tmp_path / "tokens.jsonl"
    first = new_token(file, "--name", "first")
    with running_server(published.root, "--tokens", str(file)) as server, channel_to(server) as channel:
        file.write_text("not a line\n")
        assert "line 1" in server.wait_for("tokens refused")["error"]
        assert code_of(channel, ASSESS, first) is OK
        file.unlink()
        second = new_token(file, "--name", "second")
        server.wait_for("tokens reloaded")
        assert code_of(channel, ASSESS, second) is OK
        assert code_of(channel, ASSESS, first) is grpc.StatusCode.UNAUTHENTICATED


def test_a_broken_file_of_tokens_ends_the_start_with_the_line(published: Published, tmp_path: Path) -> None:
    file = tmp_path / "tokens.jsonl"
    file.write_text("# ours\n{}\n")
    code, said = fails_to_start(published, ["--tokens", str(file)])
    assert (code, "tokens.jsonl, line 2, cannot be used" in said) == (1, True), said


def test_channelz_tells_of_the_process_only_when_asked_for(
    published: Published, channel: grpc.Channel, tmp_path: Path
) -> None:
    request = channelz_pb2.GetServersRequest()
    with pytest.raises(grpc.RpcError) as raised:
        channelz_pb2_grpc.ChannelzStub(channel).GetServers(request)
    assert raised.value.code() is grpc.StatusCode.UNIMPLEMENTED
    with running_server(published.root, "--channelz") as server, channel_to(server) as other:
        assert channelz_pb2_grpc.ChannelzStub(other).GetServers(request).server


def test_reflection_can_be_switched_off(published: Published) -> None:
    asked = iter([reflection_pb2.ServerReflectionRequest(list_services="")])
    with running_server(published.root, "--no-reflection") as server, channel_to(server) as channel:
        with pytest.raises(grpc.RpcError) as raised:
            next(reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(asked))
        assert raised.value.code() is grpc.StatusCode.UNIMPLEMENTED
