"""The command line: serve the planner's page for a risk server until SIGTERM or SIGINT.

Exit codes: 0 after a signal, 1 when the address cannot be used, 2 for wrong options.
"""

import getpass
import signal
import socket
import sys
from pathlib import Path

import click
import uvicorn

from feature_service.client import CredentialsError, FleetError, RiskClient, Secrets
from planner.app import create_app
from planner.settings import Settings

_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)


@click.command(context_settings={"show_default": True})
@click.option(
    "--target",
    default="localhost:50051",
    metavar="HOST:PORT[,HOST:PORT...]",
    help="The risk server; of servers that hold a shard each, all of them, in the order of the shards.",
)
@click.option("--target-tls-ca", type=_FILE, help="Reach it by TLS; PEM of the authority that signed its certificate.")
@click.option("--target-tls-certificate", type=_FILE, help="PEM of the page's certificate for it, if it wants one.")
@click.option("--target-tls-key", type=_FILE, help="PEM of that certificate's key.")
@click.option("--timeout-s", type=click.FloatRange(0, min_open=True), default=10.0, help="Longest wait for it.")
@click.option("--host", default="127.0.0.1", help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8090, help="0 lets the system choose.")
@click.option("--tls-certificate", type=_FILE, help="Serve HTTPS; certificate chain, PEM.")
@click.option("--tls-key", type=_FILE, help="Its private key, PEM.")
@click.option(
    "--trust-network",
    is_flag=True,
    help="Allow plain HTTP, and no login where the risk server asks for none, on an address that other machines reach.",
)
@click.option("--author", help="Who decides where nobody logs in.  [default: the name of your login]")
def main(
    target: str,
    target_tls_ca: Path | None,
    target_tls_certificate: Path | None,
    target_tls_key: Path | None,
    timeout_s: float,
    host: str,
    port: int,
    tls_certificate: Path | None,
    tls_key: Path | None,
    trust_network: bool,
    author: str | None,
) -> None:
    """Serve the planner's page: what needs a decision, what to order, and how good the model has been."""
    settings = Settings(
        target=target,
        secrets=Secrets(target_tls_ca, target_tls_certificate, target_tls_key),
        host=host,
        port=port,
        timeout_s=timeout_s,
        tls_certificate=tls_certificate,
        tls_key=tls_key,
        trust_network=trust_network,
        author=author or _login_name(),
    )
    _check(settings)
    with _listen(settings) as listener:
        _serve(settings, listener)


def _check(settings: Settings) -> None:
    if (settings.tls_certificate is None) != (settings.tls_key is None):
        raise click.UsageError("TLS needs both --tls-certificate and --tls-key")
    if not (settings.is_local or settings.has_tls or settings.trust_network):
        raise click.UsageError(
            f"{settings.host} is reached by other machines, and tokens would go there in plaintext: give "
            "--tls-certificate and --tls-key, or --trust-network if something before the page encrypts"
        )
    try:
        RiskClient(settings.target, credentials=settings.secrets.credentials()).close()
    except (CredentialsError, FleetError) as error:
        raise click.UsageError(str(error)) from error


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=128)
    except OSError as error:
        click.echo(f"stockout-planner: cannot listen on {settings.host}:{settings.port}: {error.strerror}", err=True)
        sys.exit(1)


def _serve(settings: Settings, listener: socket.socket) -> None:
    scheme, host = "https" if settings.has_tls else "http", settings.host
    shown = f"[{host}]" if ":" in host else host
    click.echo(f"The planner's page is at {scheme}://{shown}:{listener.getsockname()[1]}/ and asks {settings.target}")
    config = uvicorn.Config(
        create_app(settings),
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=5,
        ssl_certfile=settings.tls_certificate,
        ssl_keyfile=settings.tls_key,
    )
    try:
        config.load()
    except OSError as error:  # ssl.SSLError is one of them
        click.echo(f"stockout-planner: {settings.tls_certificate} cannot be used with its key: {error}", err=True)
        sys.exit(1)
    for each in (signal.SIGINT, signal.SIGTERM):  # uvicorn raises them again at its end, which would end us with them
        signal.signal(each, lambda *_: None)
    uvicorn.Server(config).run(sockets=[listener])


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container may know no name
        return "planner"
