"""``stockout`` (or ``python -m feature_service.client``): ask the server from a shell.

Exit codes and shell completion are told by ``--help``.
"""

import datetime as dt
import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import click
from rich.console import Console
from rich.table import Table

from feature_service.client import render
from feature_service.client.batching import DEFAULT_TIMEOUT_S, ListFilter
from feature_service.client.credentials import CredentialsError, Secrets
from feature_service.client.errors import ClientError, DeadlineError, ServerUnavailableError
from feature_service.client.sync_client import RiskClient

REFUSED = 1
UNREACHABLE = 3
STDIN = "-"

Form = Literal["table", "json", "csv"]
Option = Callable[[Callable[..., None]], Callable[..., None]]


def _with(*options: Option) -> Option:
    def add(command: Callable[..., None]) -> Callable[..., None]:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def _all_ids(_context: click.Context, _parameter: click.Parameter, ids: tuple[str, ...]) -> tuple[str, ...]:
    """Put the lines of standard input where ``-`` stands."""
    lines = sys.stdin.readlines() if STDIN in ids else []
    from_stdin = [line.strip() for line in lines if line.strip()]
    given = tuple(each for one in ids for each in (from_stdin if one == STDIN else [one]))
    if STDIN in ids and not given:
        raise click.BadParameter("no product id was given on standard input")
    for each in given:
        if any("\ud800" <= character <= "\udfff" for character in each):  # bytes that the shell passed undecoded
            raise click.BadParameter(f"{each!r} is not UTF-8")
    return given


def _lines(_context: click.Context, _parameter: click.Parameter, file: Any) -> tuple[str, ...]:
    try:
        return tuple(line.strip() for line in file or () if line.strip())
    except UnicodeDecodeError as error:
        raise click.BadParameter(f"{file.name} is not UTF-8") from error


def _file(option: str, variable: str, told: str) -> Option:
    path = click.Path(exists=True, dir_okay=False, path_type=Path)
    return click.option(option, type=path, envvar=variable, show_envvar=True, help=told)


_SERVER = _with(
    click.option("--target", default="localhost:50051", show_default=True, metavar="HOST:PORT"),
    click.option("--timeout-s", type=click.FloatRange(0, min_open=True), default=DEFAULT_TIMEOUT_S, show_default=True),
    _file("--tls-ca", "STOCKOUT_TLS_CA", "Use TLS; PEM of the authority that signed the server's certificate."),
    _file("--tls-certificate", "STOCKOUT_TLS_CERTIFICATE", "PEM of your own certificate, if the server wants one."),
    _file("--tls-key", "STOCKOUT_TLS_KEY", "PEM of its key."),
    _file("--token-file", "STOCKOUT_TOKEN_FILE", "File with the bearer token, if the server wants one; needs TLS."),
)


def _target(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of the connection, and give the command the client that they make, as ``client``."""

    @functools.wraps(command)
    def connected(
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

    return _SERVER(connected)


_FORM = _with(
    click.option("--table", "form", flag_value="table", default="table", help="Print a table.  [default]"),
    click.option("--json", "form", flag_value="json", help="Print one JSON document."),
    click.option("--csv", "form", flag_value="csv", help="Print CSV with a header."),
)
_IDS = _with(
    click.argument("ids", nargs=-1, metavar="[ID]...", callback=_all_ids),
    click.option(
        "--ids-file", type=click.File(encoding="utf-8"), callback=_lines, help="File of product ids, one a line."
    ),
)
_AS_OF = click.option(
    "--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Last day that may be known.  [default: newest]"
)


class _Commands(click.Group):
    """Turns the client's errors into one sentence and an exit code, for every command."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ClientError as error:
            click.echo(f"stockout: {error}", err=True)
            sys.exit(UNREACHABLE if isinstance(error, ServerUnavailableError | DeadlineError) else REFUSED)


@click.group(cls=_Commands)
def main() -> None:
    """Ask the stockout risk server. ID may be - to read ids from standard input, one a line.

    \b
    Exit codes: 0  the server answered (products without an answer are shown with the reason), or is healthy
                1  it refused the request, or is not serving
                2  wrong options
                3  no server answers at the target, or not in time

    \b
    Completion: eval "$(_STOCKOUT_COMPLETE=bash_source stockout)"    in ~/.bashrc
                eval "$(_STOCKOUT_COMPLETE=zsh_source stockout)"     in ~/.zshrc
                _STOCKOUT_COMPLETE=fish_source stockout | source     in ~/.config/fish/config.fish
    """  # noqa: D301 - click reads the character \b as "leave these lines as they are"


@main.command()
@_with(_IDS, _AS_OF, _FORM, _target)
def assess(
    ids: tuple[str, ...],
    ids_file: tuple[str, ...],
    as_of: dt.datetime | None,
    form: Form,
    client: RiskClient,
) -> None:
    """Print the risk of each product, in the order asked."""
    answer = client.assess(_some(ids + ids_file), as_of=as_of and as_of.date())
    _print(form, lambda: render.risk_table(answer), lambda: render.as_json(answer), lambda: render.risks_as_csv(answer))


@main.command("list")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Products to print.")
@click.option("--category", default="", help="Only this category.")
@click.option("--evidence", type=click.Choice(["UNSPECIFIED", "SALES_ONLY", "STOCK_AWARE"]), default="UNSPECIFIED")
@click.option("--minimum-probability", type=click.FloatRange(0, 1), default=0.0)
@click.option("--alert-only", is_flag=True, help="Only products that raise an alert.")
@click.option(
    "--order", type=click.Choice(["PROBABILITY", "REVENUE_AT_RISK", "REORDER_BY_DATE"]), default="PROBABILITY"
)
@_with(_FORM, _target)
def list_command(limit: int, form: Form, client: RiskClient, **asked: Any) -> None:
    """Print the first products of the ranked list."""
    answer = client.list_risks(ListFilter(**asked), limit)
    _print(
        form, lambda: render.ranked_table(answer), lambda: render.as_json(answer), lambda: render.ranked_as_csv(answer)
    )


@main.command()
@_with(_IDS, _FORM, _target)
def watch(ids: tuple[str, ...], ids_file: tuple[str, ...], form: Form, client: RiskClient) -> None:
    """Print the risk of each product now, and again whenever it changes, until interrupted."""
    for number, answer in enumerate(client.watch(_some(ids + ids_file))):
        _print(
            form,
            lambda: render.risk_table(answer),  # noqa: B023 - called before the next one comes
            lambda: render.as_json(answer, indent=None),  # noqa: B023
            lambda: render.risks_as_csv(answer, header=number == 0),  # noqa: B023
        )
        sys.stdout.flush()


@main.command()
@_with(_IDS, _AS_OF, _FORM, _target)
def features(
    ids: tuple[str, ...],
    ids_file: tuple[str, ...],
    as_of: dt.datetime | None,
    form: Form,
    client: RiskClient,
) -> None:
    """Print the features that the model is asked with."""
    answer = client.features(_some(ids + ids_file), as_of=as_of and as_of.date())
    _print(
        form,
        lambda: render.feature_table(answer),
        lambda: render.as_json(answer),
        lambda: render.features_as_csv(answer),
    )


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of a table.")
@_target
def info(as_json: bool, client: RiskClient) -> None:
    """Print what the server serves, since when, and within which limits."""
    answer = client.info()
    if as_json:
        click.echo(render.as_json(answer))
    else:
        Console().print(render.info_table(answer))


@main.command()
@click.option("--service", default="", help="One service by its full name.  [default: the whole server]")
@_target
def health(service: str, client: RiskClient) -> None:
    """Print whether the server is serving; exit code 0 only if it is."""
    state = client.health(service)
    click.echo(state)
    sys.exit(0 if state == "SERVING" else REFUSED)


def _some(ids: tuple[str, ...]) -> tuple[str, ...]:
    if not ids:
        raise click.UsageError("Missing argument 'ID...': give product ids, - for standard input, or --ids-file")
    return ids


def _print(form: Form, table: Callable[[], Table], as_json: Callable[[], str], as_csv: Callable[[], str]) -> None:
    if form == "table":
        Console().print(table())
    else:
        click.echo(as_json() if form == "json" else as_csv(), nl=form == "json")


if __name__ == "__main__":
    main(prog_name="stockout")
