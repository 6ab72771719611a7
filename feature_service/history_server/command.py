"""The command line of the history service.

Exit codes: 0 after SIGTERM, SIGINT or SIGHUP, 1 when the history or the address cannot be used, 2 for wrong options.
"""

import logging
import sys
import zoneinfo
from pathlib import Path

import click
import uvloop

from feature_service.history_server.app import serve
from feature_service.history_server.settings import HistorySettings
from feature_service.kernel import StockoutError
from feature_service.server.options import operation_options
from feature_service.server.settings import Operation
from feature_service.server.telemetry import logs

FAILED = 1


def _known_zone(_context: click.Context, _parameter: click.Parameter, name: str | None) -> str | None:
    try:
        if name is not None:
            zoneinfo.ZoneInfo(name)
    except (OSError, ValueError, zoneinfo.ZoneInfoNotFoundError) as error:
        raise click.BadParameter(f"{name!r} is no IANA time zone, such as Europe/Berlin") from error
    return name


@click.command(context_settings={"show_default": True})
@click.option(
    "--work-dir",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Holds the history, unless STOCKOUT_HISTORY_URL and STOCKOUT_STATE_URL say where it is.",
)
@click.option(
    "--time-zone",
    callback=_known_zone,
    help="IANA name of the zone of the seller's clock; needed for a history that is empty.  [default: the history's]",
)
@click.option("--host", default=HistorySettings.host, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=HistorySettings.port, help="0 lets the system choose.")
@click.option(
    "--grace-seconds",
    type=click.FloatRange(0),
    default=HistorySettings.grace_seconds,
    help="How long calls in flight may take after SIGTERM.",
)
@click.option("--log-format", type=click.Choice(["json", "console"]), default="json", help="How log lines look.")
@click.option("--log-calls", is_flag=True, help="Write a line for every call, not only for those that failed.")
@operation_options
def main(
    work_dir: Path,
    time_zone: str | None,
    host: str,
    port: int,
    grace_seconds: float,
    log_format: logs.Format,
    log_calls: bool,
    operation: Operation,
) -> None:
    """Record sales and counts of stock in a history over gRPC until SIGTERM, SIGINT or SIGHUP."""
    logs.configure(log_format)
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells of every look at the state's version
    settings = HistorySettings(
        work_dir=work_dir,
        time_zone=time_zone,
        host=host,
        port=port,
        grace_seconds=grace_seconds,
        log_calls=log_calls,
        operation=operation,
    )
    try:
        uvloop.run(serve(settings))
    except StockoutError as error:
        click.echo(f"stockout-history: {error}", err=True)
        sys.exit(FAILED)
