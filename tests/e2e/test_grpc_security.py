"""Who gets in, and who does not: real certificates and tokens against real servers."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
from grpc_channelz.v1 import channelz_pb2, channelz_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from tests.support.calls import code_of
from tests.support.certificates import Authority, Pair
from tests.support.servers import RunningServer, channel_to, fails_to_start, running_server
from tests.support.serving_fixtures import Published

OK = grpc.StatusCode.OK


@contextmanager
def tls_channel(server: RunningServer, trusted: bytes, client: Pair | None = None) -> Iterator[grpc.Channel]:
    key_and_certificate = (client.key, client.certificate) if client else (None, None)
    credentials = grpc.ssl_channel_credentials(trusted, *key_and_certificate)
    with grpc.secure_channel(server.target, credentials, [("grpc.use_local_subchannel_pool", 1)]) as channel:
        yield channel


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


def with_tls(pair: Pair, folder: Path, *more: str) -> list[str]:
    certificate, key = pair.write(folder, "server")
    return ["--tls-certificate", str(certificate), "--tls-key", str(key), *more]


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
    code, stderr = fails_to_start(published.root, *options)
    assert (code, stderr.startswith("stockout-server: the certificate")) == (1, True), stderr


def test_plaintext_that_other_machines_could_read_must_be_asked_for(published: Published) -> None:
    code, stderr = fails_to_start(published.root, "--host", "0.0.0.0")
    assert code == 1
    assert "0.0.0.0 is reached by other machines" in stderr
    with (
        running_server(published.root, "--host", "0.0.0.0", "--insecure-plaintext") as server,
        channel_to(server) as channel,
    ):
        assert code_of(channel) is OK


def test_a_certificate_without_its_key_is_a_wrong_command(published: Published, tmp_path: Path) -> None:
    code, stderr = fails_to_start(published.root, "--tls-certificate", str(tmp_path / "server.pem"))
    assert (code, "both --tls-certificate and --tls-key" in stderr) == (2, True)


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
