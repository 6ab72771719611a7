"""What Prometheus reads of recorded counts, on the page of a server that hears of them."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from feature_service.server.serving.questions import ServedQuestions
from feature_service.server.serving.recorded_stock import RecordedStock
from feature_service.server.telemetry.snapshots import QUESTION


class RecordedCollector(Collector):
    """Asked anew whenever the page is read.

    Args:
        questions: What is answered with the counts.
        recorded: The counts.
    """

    def __init__(self, questions: ServedQuestions, recorded: RecordedStock) -> None:
        self._questions, self._recorded = questions, recorded

    def collect(self) -> Iterator[Metric]:
        """Nothing where no counts are heard of."""
        if self._recorded.connected is None:
            return
        connected = GaugeMetricFamily("stockout_history_connected", "Whether recorded counts are heard of: 1 or 0.")
        connected.add_metric([], float(self._recorded.connected))
        products = GaugeMetricFamily(
            "stockout_recorded_counts", "Products answered with a recorded count.", labels=[QUESTION]
        )
        for place in self._questions.loaded():
            serving = place.get()
            products.add_metric([serving.question], len(serving.assessor.recorded))
        yield from (connected, products)
