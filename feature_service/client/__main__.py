"""``python -m feature_service.client``: ask the server from a shell.

Exit codes: 0 the server answered (a product without an answer is shown with the reason) or is healthy, 1 it refused the
request or is not serving, 2 wrong options, 3 no server answers at the target, or not in time.
"""

import datetime as dt
import sys
from collections.abc import Callable
from typing import Any

import click
from rich.console import Console

from feature_service.client import shown
from feature_service.client.errors import ClientError, DeadlineError, ServerUnavailableError
from feature_service.client.risk_client import DEFAULT_TIMEOUT_S, RiskClient

REFUSED = 1
UNREACHABLE = 3
STDIN = "-"


def _asking(command: Callable[..., None]) -> Callable[..., None]:
    """What every command that asks takes."""
    options: tuple[Callable[[Callable[..., None]], Callable[..., None]], ...] = (
        click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of a table."),
        click.option(
            "--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Last day that may be known.  [default: newest]"
        ),
        click.option(
            "--timeout-s", type=click.FloatRange(0, min_open=True), default=DEFAULT_TIMEOUT_S, show_default=True
        ),
        click.option("--target", default="localhost:50051", show_default=True, metavar="HOST:PORT"),
        click.argument("ids", nargs=-1, required=True, metavar="ID...", callback=_with_stdin),
    )
    for option in options:
        command = option(command)
    return command


def _with_stdin(_context: click.Context, _parameter: click.Parameter, ids: tuple[str, ...]) -> tuple[str, ...]:
    """Put the lines of standard input where ``-`` stands."""
    lines = sys.stdin.readlines() if STDIN in ids else []
    from_stdin = [line.strip() for line in lines if line.strip()]
    given = tuple(each for one in ids for each in (from_stdin if one == STDIN else [one]))
    if not given:
        raise click.BadParameter("no product id was given on standard input")
    for each in given:
        if any("\ud800" <= character <= "\udfff" for character in each):  # bytes that the shell passed undecoded
            raise click.BadParameter(f"{each!r} is not UTF-8")
    return given


class _Commands(click.Group):
    """Turns the client's errors into one sentence and an exit code, for every command."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ClientError as error:
            click.echo(f"stockout-client: {error}", err=True)
            sys.exit(UNREACHABLE if isinstance(error, ServerUnavailableError | DeadlineError) else REFUSED)


@click.group(cls=_Commands)
def main() -> None:
    """Ask the stockout risk server. ID may be - to read ids from standard input, one a line."""


@main.command()
@_asking
def assess(ids: tuple[str, ...], target: str, timeout_s: float, as_of: dt.datetime | None, as_json: bool) -> None:
    """Print the risk of each product, in the order asked."""
    with RiskClient(target, timeout_s) as client:
        answer = client.assess(ids, as_of=as_of and as_of.date())
    if as_json:
        click.echo(shown.as_json(answer))
    else:
        Console().print(shown.risk_table(answer))


@main.command()
@_asking
def features(ids: tuple[str, ...], target: str, timeout_s: float, as_of: dt.datetime | None, as_json: bool) -> None:
    """Print the features that the model is asked with."""
    with RiskClient(target, timeout_s) as client:
        answer = client.features(ids, as_of=as_of and as_of.date())
    if as_json:
        click.echo(shown.as_json(answer))
    else:
        Console().print(shown.feature_table(answer))


@main.command()
@click.option("--service", default="", help="One service by its full name.  [default: the whole server]")
@click.option("--timeout-s", type=click.FloatRange(0, min_open=True), default=3.0, show_default=True)
@click.option("--target", default="localhost:50051", show_default=True, metavar="HOST:PORT")
def health(target: str, timeout_s: float, service: str) -> None:
    """Print whether the server is serving; exit code 0 only if it is."""
    with RiskClient(target, timeout_s) as client:
        state = client.health(service)
    click.echo(state)
    sys.exit(0 if state == "SERVING" else REFUSED)


if __name__ == "__main__":
    main(prog_name="python -m feature_service.client")
