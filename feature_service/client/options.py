"""The shell's options that several commands share: the connection, the product ids, the form of the output."""

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import click

from feature_service.client.batching import DEFAULT_TIMEOUT_S
from feature_service.client.credentials import CredentialsError, Secrets
from feature_service.client.sync_client import RiskClient

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
        if any("\ud800" <= character <= "\udfff" for character in each):  # bytes that the shell passed undecoded
            raise click.BadParameter(f"{each!r} is not UTF-8")
    return product_ids


def _read_lines(_context: click.Context, _parameter: click.Parameter, file: Any) -> tuple[str, ...]:
    try:
        return tuple(line.strip() for line in file or () if line.strip())
    except UnicodeDecodeError as error:
        raise click.BadParameter(f"{file.name} is not UTF-8") from error


def _file_option(name: str, environment_variable: str, description: str) -> Option:
    path = click.Path(exists=True, dir_okay=False, path_type=Path)
    return click.option(name, type=path, envvar=environment_variable, show_envvar=True, help=description)


_SERVER = combine(
    click.option("--target", default="localhost:50051", show_default=True, metavar="HOST:PORT"),
    click.option("--timeout-s", type=click.FloatRange(0, min_open=True), default=DEFAULT_TIMEOUT_S, show_default=True),
    _file_option("--tls-ca", "STOCKOUT_TLS_CA", "Use TLS; PEM of the authority that signed the server's certificate."),
    _file_option(
        "--tls-certificate", "STOCKOUT_TLS_CERTIFICATE", "PEM of your own certificate, if the server wants one."
    ),
    _file_option("--tls-key", "STOCKOUT_TLS_KEY", "PEM of its key."),
    _file_option(
        "--token-file", "STOCKOUT_TOKEN_FILE", "File with the bearer token, if the server wants one; needs TLS."
    ),
)


def with_client(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of the connection; the command gets a client of that server as ``client``."""

    @functools.wraps(command)
    def connect_and_run(
        *arguments: Any,
        target: str,
        timeout_s: float,
        tls_ca: Path | None,
        tls_certificate: Path | None,
        tls_key: Path | None,
        token_file: Path | None,
        **options: Any,
    ) -> None:
        try:
            credentials = Secrets(tls_ca, tls_certificate, tls_key, token_file).credentials()
        except CredentialsError as error:
            raise click.UsageError(str(error)) from error
        with RiskClient(target, timeout_s, credentials) as client:
            command(*arguments, client=client, **options)

    return _SERVER(connect_and_run)


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
AS_OF = click.option(
    "--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Last day that may be known.  [default: newest]"
)
