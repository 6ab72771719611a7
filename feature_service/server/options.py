"""The command line's options of operation, kept out of the way of those of the service itself."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from feature_service.server.settings import Operation, ProcessLimits, Security, Telemetry, Tls, Worker

_FILE = click.Path(path_type=Path, dir_okay=False)

_OPTIONS = (
    click.option(
        "--max-rpcs",
        type=click.IntRange(1),
        default=ProcessLimits.max_rpcs,
        help="Calls that one process holds at a time; more are refused.",
    ),
    click.option(
        "--max-streams",
        type=click.IntRange(0),
        default=ProcessLimits.max_streams,
        help="Response streams that one process holds at a time; more are refused.",
    ),
    click.option(
        "--keepalive-seconds",
        type=click.FloatRange(0.01),
        default=ProcessLimits.keepalive_seconds,
        help="Silence after which a client is asked whether it is still there.",
    ),
    click.option("--tls-certificate", type=_FILE, help="Certificate chain, PEM; read again when it changes."),
    click.option("--tls-key", type=_FILE, help="Its private key, PEM."),
    click.option("--tls-client-ca", type=_FILE, help="Let in only clients with a certificate signed by this CA, PEM."),
    click.option("--tokens", type=_FILE, help="Hashed bearer tokens; closes everything but health to others."),
    click.option("--insecure-plaintext", is_flag=True, help="Allow plaintext on an address that other machines reach."),
    click.option("--reflection/--no-reflection", default=True, help="Tell clients the services and their messages."),
    click.option("--channelz", is_flag=True, help="Tell clients this process' connections and calls."),
    click.option("--metrics-host", default=Telemetry.metrics_host, help="Address of the page for Prometheus."),
    click.option(
        "--metrics-port",
        type=click.IntRange(0, 65535),
        help="Its port, worker n has the n-th after it; 0 lets the system choose.  [default: no page]",
    ),
    click.option(
        "--otlp-endpoint",
        default="",
        help="Where spans go, such as http://localhost:4317; needs the extra `tracing`.  [default: no tracing]",
    ),
    click.option("--worker", type=int, hidden=True),
    click.option("--supervisor-fd", type=int, hidden=True),
)


def operation_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options to a command, which gets them as one ``operation``."""

    @functools.wraps(command)
    def with_operation(**given: Any) -> None:
        command(operation=_operation(given), **given)

    wrapped: Callable[..., None] = with_operation
    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped


def _operation(given: dict[str, Any]) -> Operation:
    """Take what is ours out of ``given``."""

    def take(*names: str) -> dict[str, Any]:
        return {name: given.pop(name) for name in names}

    worker, supervisor_fd = take("worker", "supervisor_fd").values()
    return Operation(
        limits=ProcessLimits(**take("max_rpcs", "max_streams", "keepalive_seconds")),
        security=Security(
            tls=_tls(**take("tls_certificate", "tls_key", "tls_client_ca")),
            **take("tokens", "insecure_plaintext", "reflection", "channelz"),
        ),
        telemetry=Telemetry(**take("metrics_host", "metrics_port", "otlp_endpoint")),
        worker=None if worker is None else Worker(worker, supervisor_fd),
    )


def _tls(tls_certificate: Path | None, tls_key: Path | None, tls_client_ca: Path | None) -> Tls | None:
    if tls_certificate and tls_key:
        return Tls(tls_certificate, tls_key, tls_client_ca)
    if tls_certificate or tls_key or tls_client_ca:
        raise click.UsageError("TLS needs both --tls-certificate and --tls-key")
    return None
