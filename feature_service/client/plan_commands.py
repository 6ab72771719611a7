"""``stockout plan``: what planners decided upon products, and to decide."""

import datetime as dt
import getpass
from collections.abc import Callable
from typing import Any

import click

from feature_service.client.errors import ClientError
from feature_service.client.options import (
    IDS,
    OUTPUT_FORMAT,
    Option,
    OutputFormat,
    combine,
    require_ids,
    with_client,
)
from feature_service.client.output.console import print_answer
from feature_service.client.output.documents import as_json
from feature_service.client.output.plans import (
    decisions_as_csv,
    decisions_table,
    plans_as_csv,
    plans_rows,
    plans_table,
)
from feature_service.client.plan_methods import DEFAULT_PLANS_LIMIT
from feature_service.client.plans import (
    Acknowledgement,
    Action,
    Comment,
    Dismissal,
    RecordedDecision,
    Reopening,
    Snooze,
)
from feature_service.client.sync_client import RiskClient

_LIMIT = click.option(
    "--limit", type=click.IntRange(1), default=DEFAULT_PLANS_LIMIT, show_default=True, help="Rows to print."
)
_DAY = click.DateTime(["%Y-%m-%d"])


class _Time(click.ParamType[dt.datetime]):
    """A moment with an offset from UTC, or a day, which begins by UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dt.datetime:
        try:
            time = dt.datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} must be a time such as 2024-06-03 or 2024-06-03T08:00+02:00", param, ctx)
        return time if time.tzinfo else time.replace(tzinfo=dt.UTC)


@click.group()
def plan() -> None:
    """What planners decided upon products: acknowledged, snoozed, dismissed, commented, opened again.

    The server must keep plans (stockout-server --state-url). Where it wants tokens, the author is whom the token was
    given to.
    """


@plan.command("list")
@click.option(
    "--state",
    "states",
    type=click.Choice(["OPEN", "ACKNOWLEDGED", "SNOOZED", "DISMISSED"], case_sensitive=False),
    multiple=True,
    help="Only plans in this state; more than once for several.",
)
@combine(_LIMIT, IDS, OUTPUT_FORMAT, with_client)
def list_command(
    states: tuple[str, ...],
    limit: int,
    ids: tuple[str, ...],
    ids_file: tuple[str, ...],
    output_format: OutputFormat,
    client: RiskClient,
) -> None:
    """Print the plan of each product that is named, or else the plans of all upon which something was decided."""
    named = ids + ids_file
    if named and states:
        raise click.UsageError("--state chooses among all plans: leave it away where products are named")
    answer = client.plans(named) if named else client.list_plans(states, limit)
    print_answer(
        output_format,
        lambda: plans_table(answer),
        lambda: as_json(answer),
        lambda: plans_as_csv(answer.results),
    )


@plan.command()
@click.argument("product", required=False, default="", metavar="[ID]")
@click.option("--since", type=_Time(), help="Only decisions of this time or later, e.g. 2024-06-03 (UTC).")
@combine(_LIMIT, OUTPUT_FORMAT, with_client)
def history(
    product: str, since: dt.datetime | None, limit: int, output_format: OutputFormat, client: RiskClient
) -> None:
    """Print what was decided upon a product, or upon all, the newest first."""
    answer = client.decisions(product, since, limit)
    print_answer(
        output_format,
        lambda: decisions_table(answer),
        lambda: as_json(answer),
        lambda: decisions_as_csv(answer),
    )


def _decides(command: Callable[..., Action]) -> Callable[..., None]:
    """The command, which gives the action, with what all commands that decide have."""

    def decide(
        ids: tuple[str, ...],
        ids_file: tuple[str, ...],
        author: str | None,
        etag: str,
        output_format: OutputFormat,
        client: RiskClient,
        **options: Any,
    ) -> None:
        named = require_ids(ids + ids_file)
        if etag and len(named) > 1:
            raise click.UsageError("--etag is that of one plan: name one product")
        _decide(client, named, command(**options), _author(author), etag, output_format)

    decide.__name__, decide.__doc__ = command.__name__, command.__doc__
    wrapped: Callable[..., None] = combine(IDS, _AUTHOR, _ETAG, OUTPUT_FORMAT, with_client)(decide)
    return wrapped


_AUTHOR = click.option(
    "--author",
    envvar="STOCKOUT_AUTHOR",
    show_envvar=True,
    help="Who decides.  [default: with a token its holder, else the name of your login]",
)
_ETAG: Option = click.option("--etag", default="", help="Decide only if the plan is the one with this etag still.")


@plan.command()
@_decides
def acknowledge() -> Action:
    """Say that you act upon the alert of each product."""
    return Acknowledgement()


@plan.command()
@click.option("--until", type=_DAY, required=True, help="The day on which it is open again.")
@_decides
def snooze(until: dt.datetime) -> Action:
    """Put each product off until a day."""
    return Snooze(until.date())


@plan.command()
@click.option("--reason", required=True, help="Why, for whoever looks next.")
@_decides
def dismiss(reason: str) -> Action:
    """Say that nothing is to be done about the alert of each product."""
    return Dismissal(reason)


@plan.command()
@click.option("--text", required=True, help="What others should know.")
@_decides
def comment(text: str) -> Action:
    """Comment on each product; its state stays."""
    return Comment(text)


@plan.command()
@_decides
def reopen() -> Action:
    """Take back what was decided upon each product."""
    return Reopening()


def _author(given: str | None) -> str:
    """Where a token is sent it says who decides."""
    has_token = click.get_current_context().params["token_file"] is not None
    if given or has_token:
        return given or ""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container may know no name
        raise click.UsageError("say who decides with --author, since your login has no name") from None


def _decide(
    client: RiskClient, ids: tuple[str, ...], action: Action, author: str, etag: str, output_format: OutputFormat
) -> None:
    done: list[RecordedDecision] = []
    try:
        for product_id in ids:
            done.append(client.decide(product_id, action, author=author, etag=etag))  # noqa: PERF401 - each may fail
    except ClientError as error:
        if len(ids) > 1:
            error.args = (f"{error}; it is about {ids[len(done)]!r}, and the {len(done):,} before it are recorded",)
        raise
    finally:
        if done:
            plans = [each.plan for each in done]
            print_answer(
                output_format,
                lambda: plans_rows(plans),
                lambda: as_json(done),
                lambda: plans_as_csv(plans),
            )
