"""``stockout`` (or ``python -m feature_service.client``): ask the server from a shell.

``stockout --help`` lists the exit codes and how to turn on shell completion.
"""

import datetime as dt
import sys
from typing import IO, Any

import click

from feature_service.client.batching import DEFAULT_LIST_LIMIT, ORDERS, ListFilter
from feature_service.client.errors import ClientError, DeadlineError, ServerUnavailableError
from feature_service.client.event_file import EVENTS_FILE, events_in
from feature_service.client.history_client import HistoryClient, Recorded, Sale, StockCount
from feature_service.client.options import (
    AS_OF,
    IDS,
    INCLUDE_CHALLENGER,
    OUTPUT_FORMAT,
    OutputFormat,
    combine,
    require_ids,
    with_client,
    with_connection,
    with_history_client,
)
from feature_service.client.order_command import order_list_command
from feature_service.client.output import documents, tables
from feature_service.client.output.console import FullWidthConsole, print_answer
from feature_service.client.output.info import info_table
from feature_service.client.output.performance import performance_table
from feature_service.client.plan_commands import plan
from feature_service.client.sync_client import RiskClient
from feature_service.client.what_if import OWN_KNOWLEDGE, OwnKnowledge, with_own_knowledge
from feature_service.terminal import command_output

REFUSED = 1
UNREACHABLE = 3


class _Commands(click.Group):
    """Turns the client's errors, and output that cannot be written, into one sentence and an exit code."""

    def main(self, *arguments: Any, **options: Any) -> Any:
        with command_output("stockout"):
            return super().main(*arguments, **options)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with command_output(
                "stockout"
            ):  # within main's, since click knows an exit code of its own for a closed pipe
                return super().invoke(ctx)
        except ClientError as error:
            click.echo(f"stockout: {error}", err=True)
            sys.exit(UNREACHABLE if isinstance(error, ServerUnavailableError | DeadlineError) else REFUSED)


@click.group(cls=_Commands)
@click.version_option(package_name="stockout-risk", prog_name="stockout", message="%(prog)s %(version)s")
def main() -> None:
    """Ask the stockout risk server. ID may be - to read ids from standard input, one a line.

    \b
    Exit codes: 0  the server answered (products without an answer are shown with the reason), or is healthy
                1  it refused the request, or is not serving
                2  wrong options
                3  no server answers at the target, or not in time
                4  the output could not be written

    \b
    Tables and CSV: characters that would steer a terminal are written out (\\x1b), and in CSV a text that begins
                like a formula (= + - @) has ' before it. JSON gives every text exactly.

    \b
    Completion: eval "$(_STOCKOUT_COMPLETE=bash_source stockout)"    in ~/.bashrc
                eval "$(_STOCKOUT_COMPLETE=zsh_source stockout)"     in ~/.zshrc
                _STOCKOUT_COMPLETE=fish_source stockout | source     in ~/.config/fish/config.fish
    """  # noqa: D301 - click reads the character \b as "leave these lines as they are"


@main.command()
@combine(IDS, OWN_KNOWLEDGE, AS_OF, INCLUDE_CHALLENGER, OUTPUT_FORMAT, with_client)
def assess(
    ids: tuple[str, ...],
    ids_file: tuple[str, ...],
    as_of: dt.datetime | None,
    include_challenger: bool,
    output_format: OutputFormat,
    client: RiskClient,
    **known: Any,
) -> None:
    """Print the risk of each product, in the order asked; of up to five also why.

    \b
    With your own count: stockout assess --units-on-hand 6-10054=3 --lead-time-days 7
    What if:             stockout assess --delivery 6-10054=3:40 --demand-factor 1.5
    """  # noqa: D301 - as above
    products = with_own_knowledge(ids + ids_file, OwnKnowledge(**known))
    answer = client.assess(products, as_of=as_of and as_of.date(), include_challenger=include_challenger)
    print_answer(
        output_format,
        lambda: tables.risk_table(answer),
        lambda: documents.as_json(answer),
        lambda: documents.risks_as_csv(answer),
    )


@main.command("list")
@click.option(
    "--limit", type=click.IntRange(1), default=DEFAULT_LIST_LIMIT, show_default=True, help="Products to print."
)
@click.option("--category", default=ListFilter.category, help="Only this category.")
@click.option(
    "--evidence", type=click.Choice(["UNSPECIFIED", "SALES_ONLY", "STOCK_AWARE"]), default=ListFilter.evidence
)
@click.option(
    "--minimum-probability",
    type=click.FloatRange(0, 1),
    default=ListFilter.minimum_probability,
    help="Only products that are out within the horizon with at least this probability.",
)
@click.option("--alert-only", is_flag=True, help="Only products that raise an alert.")
@click.option("--include-out-of-stock", is_flag=True, help="On top, also products that have run out already.")
@click.option(
    "--order", type=click.Choice(ORDERS), default=ListFilter.order, show_default=True, help="What the list goes by."
)
@combine(INCLUDE_CHALLENGER, OUTPUT_FORMAT, with_client)
def list_command(limit: int, output_format: OutputFormat, client: RiskClient, **criteria: Any) -> None:
    """Print the first products of the ranked list."""
    answer = client.list_risks(ListFilter(**criteria), limit)
    print_answer(
        output_format,
        lambda: tables.ranked_table(answer),
        lambda: documents.as_json(answer),
        lambda: documents.ranked_as_csv(answer),
    )


@main.command()
@combine(IDS, OUTPUT_FORMAT, with_client)
def watch(ids: tuple[str, ...], ids_file: tuple[str, ...], output_format: OutputFormat, client: RiskClient) -> None:
    """Print the risk of each product now, and again whenever it changes, until interrupted."""
    for number, answer in enumerate(client.watch(require_ids(ids + ids_file))):
        print_answer(
            output_format,
            lambda: tables.risk_table(answer),  # noqa: B023 - called before the next one comes
            lambda: documents.as_json(answer, indent=None),  # noqa: B023
            lambda: documents.risks_as_csv(answer, header=number == 0),  # noqa: B023
        )
        sys.stdout.flush()


@main.command()
@combine(IDS, AS_OF, OUTPUT_FORMAT, with_client)
def features(
    ids: tuple[str, ...],
    ids_file: tuple[str, ...],
    as_of: dt.datetime | None,
    output_format: OutputFormat,
    client: RiskClient,
) -> None:
    """Print the features that the model is asked with."""
    answer = client.features(require_ids(ids + ids_file), as_of=as_of and as_of.date())
    print_answer(
        output_format,
        lambda: tables.feature_table(answer),
        lambda: documents.as_json(answer),
        lambda: documents.features_as_csv(answer),
    )


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of a table.")
@with_client
def info(as_json: bool, client: RiskClient) -> None:
    """Print what the server serves, since when, and within which limits."""
    answer = client.info()
    if as_json:
        click.echo(documents.as_json(answer))
    else:
        FullWidthConsole().print(info_table(answer), crop=False)


@main.command()
@combine(OUTPUT_FORMAT, with_client)
def performance(output_format: OutputFormat, client: RiskClient) -> None:
    """Print how past answers turned out: the model's figures, beside simple rules with as many alerts."""
    answer = client.performance()
    print_answer(
        output_format,
        lambda: performance_table(answer),
        lambda: documents.as_json(answer),
        lambda: documents.performance_as_csv(answer),
    )


@main.command()
@click.option("--service", default="", help="One service by its full name.  [default: the whole server]")
@with_connection
def health(service: str, client: RiskClient) -> None:
    """Print whether the server is serving; exit code 0 only if it is."""
    state = client.health(service)
    click.echo(state)
    sys.exit(0 if state == "SERVING" else REFUSED)


@main.command("record-sales")
@combine(EVENTS_FILE, with_history_client)
def record_sales(file: IO[str], client: HistoryClient) -> None:
    """Record sales with the history service (stockout-history); FILE has a JSON object a line, - is standard input.

    \b
    {"event_id": "till-7-1001", "product_id": "A", "at": "2024-01-10T09:30:00-03:00", "quantity": 2, "unit_price": 5}
    "on": "2024-01-10" instead of "at" where only the day is known; unit_price may be left away.
    If a line cannot be read nothing is sent; if the server refuses one, the sentence says how many before it are
    recorded. The same file may be sent again: no event counts twice.
    """  # noqa: D301 - as above
    _print_recorded(client.record_sales(events_in(file, Sale)))


@main.command("record-stock")
@combine(EVENTS_FILE, with_history_client)
def record_stock(file: IO[str], client: HistoryClient) -> None:
    """Record counts of stock with the history service, as record-sales.

    \b
    {"event_id": "scan-1", "product_id": "A", "at": "2024-01-10T18:00:00-03:00", "units_on_hand": 4}
    """  # noqa: D301 - as above
    _print_recorded(client.record_stock(events_in(file, StockCount)))


def _print_recorded(recorded: Recorded) -> None:
    click.echo(f"{recorded.recorded:,} recorded, {recorded.known_before:,} known before")


main.add_command(order_list_command)
main.add_command(plan)


if __name__ == "__main__":
    main(prog_name="stockout")
