"""What Prometheus reads of the pipeline's last run, which left it beside the snapshots: no gateway stands between."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from data.snapshots.last_run import ColumnStates, DriftLook, LastRun, read_last_run
from feature_service.server.telemetry.snapshots import QUESTION

_KINDS = ("inputs", "features", "scores", "outcomes")
_STATES = ("drifted", "watch", "steady")


class LastRunCollector(Collector):
    """The file is read whenever the page is.

    Args:
        root: Folder of the snapshots.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def collect(self) -> Iterator[Metric]:
        """Whether it can be read, and its times, failures and drift; nothing where no weekly run was ever made."""
        try:
            run = read_last_run(self._root)
        except (OSError, ValueError):
            yield _gauge("stockout_last_run_readable", "Whether the pipeline's word on its last run can be read.", 0)
            return
        if run is not None:
            yield from _of(run)


def _of(run: LastRun) -> Iterator[Metric]:
    yield _gauge("stockout_last_run_readable", "Whether the pipeline's word on its last run can be read.", 1)
    yield _gauge("stockout_last_run_end_time_seconds", "When the last weekly run ended.", run.ended_at.timestamp())
    yield _gauge("stockout_last_run_failures", "What went wrong in it.", len(run.failures))
    if run.succeeded_at is not None:
        at = run.succeeded_at.timestamp()
        yield _gauge("stockout_last_run_success_time_seconds", "When a weekly run last ended well.", at)
    yield from _of_drift(run.drift)


def _of_drift(looks: Sequence[DriftLook]) -> Iterator[Metric]:
    """Of what is not known there is no sample: nobody may take it for "nothing drifted"."""
    looked = GaugeMetricFamily(
        "stockout_drift_looked_time_seconds", "When it was last looked for drift.", labels=[QUESTION]
    )
    named = GaugeMetricFamily("stockout_drift_named", "Causes of drift that are named.", labels=[QUESTION])
    refresh = GaugeMetricFamily(
        "stockout_drift_asks_for_refresh", "Whether the model has not learned from one of them.", labels=[QUESTION]
    )
    columns = GaugeMetricFamily(
        "stockout_drift_columns",
        "Columns by state: drifted (two weeks running), watch (this week), steady, unknown.",
        labels=[QUESTION, "of", "state"],
    )
    for look in looks:
        looked.add_metric([look.question], look.looked_at.timestamp())
        of_kinds: dict[str, ColumnStates] = {kind: getattr(look, kind) for kind in _KINDS}
        for kind, states in of_kinds.items():
            columns.add_metric([look.question, kind, "unknown"], states.unknown)
            for state in _STATES if states.is_known else ():
                columns.add_metric([look.question, kind, state], getattr(states, state))
        if any(states.is_known for states in of_kinds.values()):
            named.add_metric([look.question], look.named)
            refresh.add_metric([look.question], look.asks_for_refresh)
    yield from (looked, named, refresh, columns)


def _gauge(name: str, says: str, value: float) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, says)
    family.add_metric([], value)
    return family
