"""What Prometheus reads of the pipeline's last run, which left it beside the snapshots: no gateway stands between."""

from collections.abc import Iterator
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from data.snapshots.last_run import LastRun, read_last_run


class LastRunCollector(Collector):
    """The file is read whenever the page is.

    Args:
        root: Folder of the snapshots.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def collect(self) -> Iterator[Metric]:
        """Whether it can be read, and its times and failures; nothing where no weekly run was ever made."""
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


def _gauge(name: str, says: str, value: float) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, says)
    family.add_metric([], value)
    return family
