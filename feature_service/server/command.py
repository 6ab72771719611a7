"""The command line: serve the snapshot that the pipeline published.

Exit codes: 0 after SIGTERM, SIGINT or SIGHUP, 1 when the snapshot or the address cannot be used, 2 for wrong options.
"""

import sys
from pathlib import Path

import click
import uvloop

from feature_service.kernel import StockoutError
from feature_service.server.app import serve
from feature_service.server.history_options import history_options
from feature_service.server.options import operation_options
from feature_service.server.settings import History, Operation, Settings
from feature_service.server.supervisor import Supervisor
from feature_service.server.telemetry import logs
from feature_service.shards import Shard

FAILED = 1


def _shard(_context: click.Context, _option: click.Parameter, text: str | None) -> Shard | None:
    """None for the whole, which the first of one is, too."""
    try:
        shard = Shard.parse(text) if text else None
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    return None if shard and shard.count == 1 else shard


@click.command(context_settings={"show_default": True})
@click.option(
    "--snapshots", type=click.Path(path_type=Path), required=True, help="Folder that the pipeline publishes to."
)
@click.option("--host", default=Settings.host, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=Settings.port, help="0 lets the system choose.")
@click.option(
    "--max-ids",
    type=click.IntRange(1, 100_000),
    default=Settings.max_ids,
    help="Product ids that one request may hold.",
)
@click.option(
    "--grace-seconds",
    type=click.FloatRange(0),
    default=Settings.grace_seconds,
    help="How long calls in flight may take after SIGTERM.",
)
@click.option(
    "--reload-seconds",
    type=click.FloatRange(0.01),
    default=Settings.reload_seconds,
    help="Time between two looks for a newer snapshot.",
)
@click.option(
    "--max-age-days",
    type=click.FloatRange(0),
    help="Age of the data, from its last record, from which answers say stale and health says NOT_SERVING.  "
    "[default: none]",
)
@click.option("--log-format", type=click.Choice(["json", "console"]), default="json", help="How log lines look.")
@click.option("--log-calls", is_flag=True, help="Write a line for every call, not only for those that failed.")
@click.option("--workers", type=click.IntRange(1, 64), default=1, help="Processes on the port, each with the snapshot.")
@click.option(
    "--shard",
    metavar="NUMBER/COUNT",
    envvar="STOCKOUT_SHARD",
    show_envvar=True,
    callback=_shard,
    help="Serve this part of snapshots that are published with --shards COUNT, 0/4 for the first of four.  "
    "[default: all products]",
)
@click.option(
    "--state-url",
    metavar="URL",
    envvar="STOCKOUT_STATE_URL",
    show_envvar=True,
    help="Keep planners' decisions in this database, the one that the pipeline keeps its state in: sqlite:///PATH or "
    "postgresql://HOST/NAME.  [default: keep none]",
)
@history_options
@operation_options
def main(
    snapshots: Path,
    host: str,
    port: int,
    max_ids: int,
    grace_seconds: float,
    reload_seconds: float,
    max_age_days: float | None,
    log_format: logs.Format,
    log_calls: bool,
    workers: int,
    shard: Shard | None,
    state_url: str | None,
    history: History | None,
    operation: Operation,
) -> None:
    """Serve stockout risks and features over gRPC until SIGTERM, SIGINT or SIGHUP."""
    logs.configure(log_format, operation.worker.number if operation.worker else None)
    settings = Settings(
        snapshots=snapshots,
        host=host,
        port=port,
        max_ids=max_ids,
        grace_seconds=grace_seconds,
        reload_seconds=reload_seconds,
        max_age_days=max_age_days,
        log_calls=log_calls,
        history=history,
        shard=shard,
        state_url=state_url or None,
        operation=operation,
    )
    try:
        if workers > 1 and operation.worker is None:
            sys.exit(Supervisor(settings, workers).run())
        uvloop.run(serve(settings))
    except StockoutError as error:
        click.echo(f"stockout-server: {error}", err=True)
        sys.exit(FAILED)
