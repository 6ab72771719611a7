"""What an operator can set, each default once. Read by the command line, passed in, never changed."""

import signal
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Protocol

from feature_service.credentials import Secrets
from feature_service.limits import MAX_ID_BYTES, MAX_IDS
from feature_service.shards import Shard

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""Each lets the calls in flight end; the last is sent when a terminal is closed."""

ChannelOptions = tuple[tuple[str, int], ...]


ITEM_BYTES_BESIDE_ID = 32
"""Tags, lengths and numbers of an AssessmentItem: 19 today."""


@dataclass(frozen=True)
class ProcessLimits:
    """How much at a time.

    Attributes:
        max_rpcs: Calls that one process holds at a time, streams and health checks included; more are refused. As many
            as ten times that wait unread for their turn in a burst; what is late then is not begun.
        max_streams: Response streams of the API among them, since each holds memory for as long as its client likes.
        keepalive_seconds: After how long a silence the server asks a client whether it is still there.
    """

    max_rpcs: int = 1000
    max_streams: int = 100
    keepalive_seconds: float = 30.0

    @property
    def channel_options(self) -> ChannelOptions:
        """As gRPC takes them. A client that is gone without a word is noticed after the silence and 10 seconds."""
        milliseconds = int(1000 * self.keepalive_seconds)
        waiting = 10 * self.max_rpcs
        return (
            # gRPC's own limit is 1,000, beyond which it cancels calls: a burst that takes a tenth of a second to answer
            # each reset is answered by a ping, and no more is read until it is answered: a connection that opens and
            # resets calls without end would take seconds from all others (ARCHITECTURE, threats)
            ("grpc.http2.ping_on_rst_stream_percent", 100),
            ("grpc.server.max_pending_requests", waiting),
            ("grpc.server.max_pending_requests_hard_limit", waiting),
            ("grpc.keepalive_time_ms", milliseconds),
            ("grpc.keepalive_timeout_ms", 10_000),
            ("grpc.keepalive_permit_without_calls", 1),
            ("grpc.http2.max_pings_without_data", 0),
            ("grpc.http2.min_ping_interval_without_data_ms", 10_000),  # a client may ask as often, but no more
        )


@dataclass(frozen=True)
class Tls:
    """Files in PEM. With ``client_ca`` every client must show a certificate that it signed."""

    certificate: Path
    key: Path
    client_ca: Path | None = None


@dataclass(frozen=True)
class Security:
    """Who may ask what.

    Attributes:
        tls: None is plaintext.
        tokens: File of hashed bearer tokens; None lets everyone ask everything.
        insecure_plaintext: Plaintext is wanted on an address that other machines reach.
        reflection: Tell clients the services and their messages.
        channelz: Tell clients the connections and calls of this process.
    """

    tls: Tls | None = None
    tokens: Path | None = None
    insecure_plaintext: bool = False
    reflection: bool = True
    channelz: bool = False

    def allows_plaintext_on(self, host: str) -> bool:
        """Whether listening on ``host`` without TLS was asked for, or reaches this machine alone."""
        return self.insecure_plaintext or _is_loopback(host)


@dataclass(frozen=True)
class Telemetry:
    """What tells from outside how the server does.

    Attributes:
        metrics_host: Address of the metrics' page.
        metrics_port: Its port, 0 lets the system choose; None is no page.
        otlp_endpoint: Where spans go, such as ``http://localhost:4317``; empty is no tracing.
    """

    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = None
    otlp_endpoint: str = ""


@dataclass(frozen=True)
class History:
    """The HistoryService whose recorded counts are answered with.

    Attributes:
        address: Its host and port.
        secrets: Files for TLS, and the token if it wants one.
    """

    address: str
    secrets: Secrets


@dataclass(frozen=True)
class Worker:
    """This process is one of several on the port.

    Attributes:
        number: From 0.
        supervisor_fd: Socket to the supervisor: it is told here that the worker serves, and its end is seen here.
    """

    number: int
    supervisor_fd: int


@dataclass(frozen=True)
class Operation:
    """How the server is run, whatever it serves; ``worker`` is None in a process that has the port for itself."""

    limits: ProcessLimits = field(default_factory=ProcessLimits)
    security: Security = field(default_factory=Security)
    telemetry: Telemetry = field(default_factory=Telemetry)
    worker: Worker | None = None


class ServerSettings(Protocol):
    """How a server listens and is run, whatever it serves; as of ``Settings``."""

    @property
    def host(self) -> str:
        """Address to listen on."""
        ...

    @property
    def port(self) -> int:
        """0 lets the system choose."""
        ...

    @property
    def log_calls(self) -> bool:
        """Write a line for every call, not only for those that failed."""
        ...

    @property
    def operation(self) -> Operation:
        """Limits, security, telemetry."""
        ...

    @property
    def max_message_bytes(self) -> int:
        """Longest request that is read."""
        ...


@dataclass(frozen=True)
class Settings:
    """How to serve.

    Attributes:
        snapshots: Folder that the pipeline publishes to.
        host: Address to listen on.
        port: 0 lets the system choose.
        max_ids: Product ids that one request may hold.
        grace_seconds: How long calls in flight may take to end after SIGTERM.
        reload_seconds: Between two looks for a newer snapshot.
        max_age_days: Age of the data, from its last record, from which answers say stale and health says NOT_SERVING;
            None is never.
        log_calls: Write a line for every call, not only for those that failed.
        history: Where recorded counts are heard of; None is nowhere.
        shard: The part of every snapshot that is served; None for snapshots in one piece.
        state_url: Database of the state, where planners' decisions are kept; None keeps none.
        operation: Limits, security, telemetry.
    """

    snapshots: Path
    host: str = "127.0.0.1"
    port: int = 50051
    max_ids: int = MAX_IDS
    grace_seconds: float = 10.0
    reload_seconds: float = 1.0
    max_age_days: float | None = None
    log_calls: bool = False
    history: History | None = None
    shard: Shard | None = None
    state_url: str | None = None
    operation: Operation = field(default_factory=Operation)

    @property
    def max_message_bytes(self) -> int:
        """Longest request within the limits: as many items, each with the longest id and all its other fields."""
        return self.max_ids * (MAX_ID_BYTES + ITEM_BYTES_BESIDE_ID) + 4096


def address_of(settings: ServerSettings) -> str:
    """As gRPC takes it."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{host}:{settings.port}"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
