"""What Prometheus reads.

The names of the calls' metrics are those of go-grpc-middleware, which dashboards know. A worker process has a page of
its own; a restarted one counts from 0 again, as Prometheus expects.
"""

from __future__ import annotations  # NumPy's types

from collections import Counter as CountOf
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import TypeAlias

import numpy as np
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    start_http_server,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from feature_service.kernel import FloatArray
from feature_service.server.errors import AddressError
from feature_service.server.serving.questions import ServedQuestions
from feature_service.server.serving.snapshot import ServingSnapshot

SECONDS = (0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Upper bounds: a lookup takes 50 µs, a thousand computed answers some 10 ms, a stream of everything seconds."""

PRODUCTS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 10_000.0, 100_000.0)
QUESTION = "question"
PROBABILITIES = tuple(tenth / 10 for tenth in range(1, 11))

_Histogram: TypeAlias = tuple[list[tuple[str, float]], float]
"""How many values lie up to each bound, and the sum of all."""


class Metrics:
    """Everything that the page shows.

    Args:
        questions: Hold the snapshots that are answered from.
    """

    def __init__(self, questions: ServedQuestions) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        method, code = ("grpc_service", "grpc_method"), "grpc_code"
        self.started = Counter("grpc_server_started", "Calls begun.", method, registry=self.registry)
        self.handled = Counter("grpc_server_handled", "Calls ended.", (*method, code), registry=self.registry)
        self.seconds = Histogram(
            "grpc_server_handling_seconds",
            "From the request's arrival to its answer.",
            (*method, code),
            buckets=SECONDS,
            registry=self.registry,
        )
        self.in_flight = Gauge("grpc_server_in_flight", "Calls begun and not ended.", method, registry=self.registry)
        self.products = Histogram(
            "stockout_batch_products", "Products asked in a request.", method, buckets=PRODUCTS, registry=self.registry
        )
        self._denied = Counter("stockout_denied_calls", "Refused for want of a right.", [code], registry=self.registry)
        self._snapshots = SnapshotCollector(questions)
        self.registry.register(self._snapshots)
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)

    def method(self, name: str) -> MethodMetrics:
        """What counts the calls of ``name``, which is ``service/method``."""
        return MethodMetrics(self, name)

    def deny(self, code: str) -> None:
        """Count a call that was refused for want of a right."""
        self._denied.labels(_camel(code)).inc()

    def count_reload_failure(self, question: str) -> None:
        """Count a newer snapshot that could not be served."""
        self._snapshots.failures[question] += 1

    def expose(self, host: str, port: int) -> int:
        """Serve the page from a thread; gives the port.

        Raises:
            AddressError: If the address cannot be listened on.
        """
        try:
            server, _ = start_http_server(port, host, self.registry)
        except OSError:
            raise AddressError(f"{host}:{port}") from None
        return server.server_port


class MethodMetrics:
    """The calls of one method."""

    def __init__(self, metrics: Metrics, name: str) -> None:
        self._labels = name.split("/")
        self._started = metrics.started.labels(*self._labels)
        self._in_flight = metrics.in_flight.labels(*self._labels)
        self.products = metrics.products.labels(*self._labels)
        self._metrics = metrics
        self._by_code: dict[str, tuple[Counter, Histogram]] = {}

    def begin(self) -> None:
        """Count a call that begins."""
        self._started.inc()
        self._in_flight.inc()

    def end(self, code: str, seconds: float) -> None:
        """Count a call that ended with ``code``."""
        if code not in self._by_code:
            labels = (*self._labels, _camel(code))
            self._by_code[code] = self._metrics.handled.labels(*labels), self._metrics.seconds.labels(*labels)
        handled, durations = self._by_code[code]
        handled.inc()
        durations.observe(seconds)
        self._in_flight.dec()


class SnapshotCollector(Collector):
    """What is answered from: asked anew whenever the page is read, since one snapshot follows another."""

    def __init__(self, questions: ServedQuestions) -> None:
        self._questions = questions
        self._probabilities: dict[str, tuple[str, _Histogram]] = {}
        self.failures: CountOf[str] = CountOf()

    def collect(self) -> Iterator[Metric]:
        """Of every question; nothing before a snapshot is loaded."""
        info = InfoMetricFamily("stockout_snapshot", "What is answered from.", labels=[QUESTION])
        age = GaugeMetricFamily("stockout_snapshot_age_seconds", "Since it was published.", labels=[QUESTION])
        data_age = GaugeMetricFamily(
            "stockout_data_age_seconds", "Since the end of the last day that the data tells of.", labels=[QUESTION]
        )
        scores = HistogramMetricFamily(
            "stockout_scores", "Probabilities of all products in the newest week.", labels=[QUESTION]
        )
        loaded = [place.get() for place in self._questions.loaded()]
        for each in loaded:
            model = {"model_name": each.model.name, "model_version": each.model.version}
            info.add_metric([each.question], {"snapshot_id": each.id, **model})
            age.add_metric([each.question], each.age_s)
            data_age.add_metric([each.question], each.data_age_s)
            scores.add_metric([each.question], *self._histogram(each))
        yield from (info, age, data_age, scores, self._failures_of(loaded)) if loaded else ()

    def _failures_of(self, loaded: Sequence[ServingSnapshot]) -> CounterMetricFamily:
        """From 0 on, so that the first failure is an increase; also of questions that were never loaded."""
        family = CounterMetricFamily(
            "stockout_snapshot_reload_failures", "Newer snapshots that could not be served.", labels=[QUESTION]
        )
        failures = dict(self.failures)
        for question in sorted({each.question for each in loaded} | failures.keys()):
            family.add_metric([question], failures.get(question, 0))
        return family

    def _histogram(self, serving: ServingSnapshot) -> _Histogram:
        """Counted once for each snapshot."""
        kept = self._probabilities.get(serving.question)
        if kept is None or kept[0] != serving.id:
            kept = self._probabilities[serving.question] = serving.id, _histogram_of(serving.assessor.probabilities)
        return kept[1]


def _histogram_of(probabilities: FloatArray) -> _Histogram:
    """How the newest week's probabilities lie, and their sum; products without one are left out."""
    known = probabilities[np.isfinite(probabilities)].astype(np.float64)
    counts = np.bincount(np.searchsorted(PROBABILITIES, known), minlength=len(PROBABILITIES) + 1)
    bounds = [*map(str, PROBABILITIES), "+Inf"]
    return list(zip(bounds, map(float, accumulate(counts.tolist())), strict=True)), float(known.sum())


def _camel(code: str) -> str:
    """``INVALID_ARGUMENT`` as ``InvalidArgument``, the way dashboards know it."""
    return code if code == "OK" else code.title().replace("_", "")
