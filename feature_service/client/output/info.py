"""What a server serves, as a table for people."""

import dataclasses
import datetime as dt

from rich import box
from rich.table import Table
from rich.text import Text

from feature_service.client.results import Challenger, RecordedCounts, ServedQuestion, ServedShard, ServiceInfo
from feature_service.terminal import visible


def info_table(info: ServiceInfo) -> Table:
    """One line per fact."""
    table = Table(show_header=False, box=box.SIMPLE, pad_edge=False)
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")
    facts = dataclasses.asdict(info)
    del facts["questions"], facts["recorded_counts"], facts["shards"], facts["challenger"]
    rests_on = facts.pop("provenance")
    del rests_on["challenger"]
    of_what = "the risk until relief" if rests_on.pop("alerts_until_relief") else "the probability"
    rests_on["threshold"] = f"{rests_on['threshold']:.3f} of {of_what}"
    for name, value in {**rests_on, **facts}.items():
        table.add_row(name.replace("_", " "), _text(_fact(value)))
    if info.recorded_counts:
        table.add_row("recorded counts", Text(_recorded_counts(info.recorded_counts)))
    if info.challenger:
        table.add_row("challenger", _text(_challenger(info.challenger)))
    for number, served in enumerate(info.shards):
        table.add_row("" if number else "shards", _text(_shard(served)))
    if len(info.shards) == 1:
        table.add_row("", _text(f"alone: the servers of all {info.shards[0].count} hold the other products"))
    for number, each in enumerate(info.questions):
        table.add_row("" if number else "questions", _text(_question(each)))
    return table


def _challenger(challenger: Challenger) -> str:
    """E.g. "stockout_risk version 4, feature set stock-2; it answers nobody who does not ask"."""
    model = f"{challenger.model_name} version {challenger.model_version}"
    return f"{model}, feature set {challenger.feature_set}; it answers nobody who does not ask"


def _shard(served: ServedShard) -> str:
    """E.g. "0/4 at host-a:50051: 8,203 products, snapshot 2018-W34-ad8e5f1dd442"."""
    shard = f"{served.number}/{served.count}"
    return f"{shard} at {served.target}: {served.products:,} products, snapshot {served.snapshot_id}"


def _question(served: ServedQuestion) -> str:
    """E.g. "inventory (default): stockout_risk version 1, 510 products, as of 2018-08-20, data until 2018-08-26"."""
    rests_on = served.provenance
    return (
        f"{served.name}{' (default)' * served.is_default}: {rests_on.model_name} version {rests_on.model_version}, "
        f"{_products(served.products)}, as of {rests_on.as_of_week}, data until {rests_on.data_until}"
        f"{', STALE' * rests_on.stale}"
    )


def _recorded_counts(counts: RecordedCounts) -> str:
    """E.g. "12 products, newest of 2024-07-31, heard at 2024-07-31 09:12:55+00:00, NOT CONNECTED"."""
    newest = f", newest of {counts.newest_counted_on}" if counts.newest_counted_on else ""
    heard = f", heard at {_fact(counts.heard_at)}" if counts.heard_at else ""
    return f"{_products(counts.products)}{newest}{heard}{'' if counts.connected else ', NOT CONNECTED'}"


def _products(count: int) -> str:
    return f"{count} {'product' if count == 1 else 'products'}"


def _fact(value: object) -> str:
    if isinstance(value, dt.datetime):
        return value.isoformat(" ", "seconds")
    if isinstance(value, tuple):
        return "; ".join(value) or "none"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _text(text: str) -> Text:
    return Text(visible(text))
