"""The shell's options that several commands share: the connection, the product ids, the form of the output."""

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import click

from feature_service.client.batching import DEFAULT_TIMEOUT_S
from feature_service.client.errors import FleetError
from feature_service.client.history_client import (
    DEFAULT_HISTORY_TARGET,
    RECORD_TIMEOUT_S,
    HistoryClient,
)
from feature_service.client.sync_client import RiskClient
from feature_service.credentials import CredentialsError, Secrets

OutputFormat = Literal["table", "json", "csv"]
Option = Callable[[Callable[..., None]], Callable[..., None]]

_STDIN = "-"


def combine(*options: Option) -> Option:
    """Several options as one decorator; ``--help`` lists them in this order."""

    def add_all(command: Callable[..., None]) -> Callable[..., None]:
        for option in reversed(options):
            command = option(command)
        return command

    return add_all


def require_ids(ids: tuple[str, ...]) -> tuple[str, ...]:
    """The same ids.

    Raises:
        click.UsageError: If there are none.
    """
    if not ids:
        raise click.UsageError("Missing argument 'ID...': give product ids, - for standard input, or --ids-file")
    return ids


def _insert_stdin(_context: click.Context, _parameter: click.Parameter, ids: tuple[str, ...]) -> tuple[str, ...]:
    """Put the lines of standard input where ``-`` stands."""
    lines = sys.stdin.readlines() if _STDIN in ids else []
    from_stdin = [line.strip() for line in lines if line.strip()]
    product_ids = tuple(each for one in ids for each in (from_stdin if one == _STDIN else [one]))
    if _STDIN in ids and not product_ids:
        raise click.BadParameter("no product id was given on standard input")
    for each in product_ids:
        require_text(each)
    return product_ids


def require_text(product_id: str) -> None:
    """Refuse what is no text: bytes that no one could send."""
    if any("\ud800" <= character <= "\udfff" for character in product_id):  # bytes that the shell passed undecoded
        raise click.BadParameter(f"{product_id!r} is not UTF-8")


def _read_lines(_context: click.Context, _parameter: click.Parameter, file: Any) -> tuple[str, ...]:
    try:
        return tuple(line.strip() for line in file or () if line.strip())
    except UnicodeDecodeError as error:
        raise click.BadParameter(f"{file.name} is not UTF-8") from error


def _file_option(name: str, environment_variable: str, description: str) -> Option:
    path = click.Path(exists=True, dir_okay=False, path_type=Path)
    return click.option(name, type=path, envvar=environment_variable, show_envvar=True, help=description)


def _server(target: str, timeout_s: float, metavar: str = "HOST:PORT", description: str | None = None) -> Option:
    timeout = click.FloatRange(0, min_open=True)
    return combine(
        click.option("--target", default=target, show_default=True, metavar=metavar, help=description),
        click.option("--timeout-s", type=timeout, default=timeout_s, show_default=True),
        *_SECRETS,
    )


_SECRETS = (
    _file_option("--tls-ca", "STOCKOUT_TLS_CA", "Use TLS; PEM of the authority that signed the server's certificate."),
    _file_option(
        "--tls-certificate", "STOCKOUT_TLS_CERTIFICATE", "PEM of your own certificate, if the server wants one."
    ),
    _file_option("--tls-key", "STOCKOUT_TLS_KEY", "PEM of its key."),
    _file_option(
        "--token-file", "STOCKOUT_TOKEN_FILE", "File with the bearer token, if the server wants one; needs TLS."
    ),
)


def _connected(command: Callable[..., None], open_client: Callable[..., Any]) -> Callable[..., None]:
    """The command, called with a client that ``open_client`` makes of the options of the connection."""

    @functools.wraps(command)
    def connect_and_run(
        *arguments: Any,
        target: str,
        timeout_s: float,
        tls_ca: Path | None,
        tls_certificate: Path | None,
        tls_key: Path | None,
        token_file: Path | None,
        question: str | None = None,
        **options: Any,
    ) -> None:
        asked = () if question is None else (question,)
        try:
            credentials = Secrets(tls_ca, tls_certificate, tls_key, token_file).credentials()
            opened = open_client(target, timeout_s, credentials, *asked)
        except (CredentialsError, FleetError) as error:
            raise click.UsageError(str(error)) from error
        with opened as client:
            command(*arguments, client=client, **options)

    return connect_and_run


def with_connection(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of the connection; the command gets a client of that server, or those servers, as ``client``."""
    several = "Of servers that hold a shard each, all of them, in the order of the shards."
    server = _server("localhost:50051", DEFAULT_TIMEOUT_S, "HOST:PORT[,HOST:PORT...]", several)
    return server(_connected(command, RiskClient))


def with_history_client(command: Callable[..., None]) -> Callable[..., None]:
    """The same with a client of the history service."""
    return _server(DEFAULT_HISTORY_TARGET, RECORD_TIMEOUT_S)(_connected(command, HistoryClient))


_QUESTION = click.option(
    "--question",
    default="",
    metavar="NAME",
    help="What to ask, e.g. inventory; stockout info lists what is served.  [default: the server's]",
)


def with_client(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of the connection and the question; the command gets a client that asks it as ``client``."""
    return _QUESTION(with_connection(command))


OUTPUT_FORMAT = combine(
    click.option("--table", "output_format", flag_value="table", default="table", help="Print a table.  [default]"),
    click.option("--json", "output_format", flag_value="json", help="Print one JSON document."),
    click.option("--csv", "output_format", flag_value="csv", help="Print CSV with a header."),
)
IDS = combine(
    click.argument("ids", nargs=-1, metavar="[ID]...", callback=_insert_stdin),
    click.option(
        "--ids-file", type=click.File(encoding="utf-8"), callback=_read_lines, help="File of product ids, one a line."
    ),
)
INCLUDE_CHALLENGER = click.option(
    "--include-challenger", is_flag=True, help="Also what the challenger gives, if there is one; it changes nothing."
)
AS_OF = click.option(
    "--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Last day that may be known.  [default: newest]"
)
