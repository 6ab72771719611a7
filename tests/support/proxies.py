"""The proxy of ``deploy/envoy.yaml`` in front of a server of a test."""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import grpc
import yaml
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.support.certificates import Authority
from tests.support.processes import BIN, START_TIMEOUT_S, free_port, running
from tests.support.servers import HasTarget

CONFIGURATION = Path(__file__).parents[2] / "deploy" / "envoy.yaml"


class Proxy:
    """Where clients reach it, and whom they trust."""

    def __init__(self, port: int, ca: Path) -> None:
        self.port, self.ca, self.target = port, ca, f"localhost:{port}"

    @contextmanager
    def channel(self) -> Iterator[grpc.Channel]:
        """A connection of its own, over TLS."""
        credentials = grpc.ssl_channel_credentials(self.ca.read_bytes())
        options = [("grpc.use_local_subchannel_pool", 1)]
        with grpc.secure_channel(self.target, credentials, options) as connected:
            yield connected


@contextmanager
def proxy_of(server: HasTarget, folder: Path, shards: Sequence[HasTarget] = ()) -> Iterator[Proxy]:
    """Envoy with the file's own settings but for ports, host and certificate, once it passes calls on.

    With ``shards`` it has a cluster for each of these servers, made as the file says.
    """
    authority, port = Authority(), free_port()
    (folder / "ca.pem").write_bytes(authority.certificate)
    certificate, key = authority.issue("proxy").write(folder, "proxy")
    host, _, server_port = server.target.rpartition(":")
    text = CONFIGURATION.read_text(encoding="utf-8")
    for given, ours in {
        "address: 0.0.0.0, port_value: 8443": f"address: 127.0.0.1, port_value: {port}",
        "address: grpc, port_value: 50051": f"address: {host}, port_value: {server_port}",
        "/etc/stockout/server.pem": str(certificate),
        "/etc/stockout/server.key": str(key),
    }.items():
        assert text.count(given) == 1, given
        text = text.replace(given, ours)
    (folder / "envoy.yaml").write_text(_with_clusters(text, shards), encoding="utf-8")
    options = ("--config-path", folder / "envoy.yaml", "--disable-hot-restart", "--log-level", "warn")
    with running((BIN / "envoy", *options), folder / "envoy.log"):
        proxy = Proxy(port, folder / "ca.pem")
        with proxy.channel() as channel:
            health_pb2_grpc.HealthStub(channel).Check(
                health_pb2.HealthCheckRequest(), timeout=START_TIMEOUT_S, wait_for_ready=True
            )
        yield proxy


def _with_clusters(text: str, shards: Sequence[HasTarget]) -> str:
    settings = yaml.safe_load(text)
    clusters = settings["static_resources"]["clusters"]
    (server,) = clusters
    for number, each in enumerate(shards):
        cluster = copy.deepcopy(server) | {"name": str(number)}
        cluster["load_assignment"]["cluster_name"] = str(number)
        (endpoint,) = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"]
        host, _, port = each.target.rpartition(":")
        endpoint["endpoint"]["address"]["socket_address"] = {"address": host, "port_value": int(port)}
        clusters.append(cluster)
    return yaml.safe_dump(settings)
