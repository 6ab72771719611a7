"""What Prometheus reads.

A call costs a handful of additions here: they are made into Prometheus' families only when the page is read, in a
thread of its own. The names of the calls' metrics are those of go-grpc-middleware, which dashboards know. A worker
process has a page of its own; a restarted one counts from 0 again, as Prometheus expects.
"""

from __future__ import annotations  # NumPy's types

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import accumulate
from operator import attrgetter

import numpy as np
from google.protobuf.message import Message
from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from feature_service.kernel import FloatArray
from feature_service.server.errors import AddressError, NotLoadedError
from feature_service.server.serving.current import CurrentSnapshot
from feature_service.server.serving.snapshot import ServingSnapshot

SECONDS = (0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Upper bounds: a lookup takes 50 µs, a thousand computed answers some 10 ms, a stream of everything seconds."""

PRODUCTS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 10_000.0, 100_000.0)
SCORES = tuple(tenth / 10 for tenth in range(1, 11))
ASKED = ("product_ids", "items")
"""Fields that hold what a request asks about; of a request at most one is filled."""


class Counts:
    """A histogram: how many values fell up to each bound, and their sum."""

    __slots__ = ("_bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(self._bounds, value)] += 1
        self.total += value

    def buckets(self) -> list[tuple[str, float]]:
        """As Prometheus wants them: cumulative, by upper bound."""
        return list(zip([*map(str, self._bounds), "+Inf"], accumulate(self.counts), strict=True))


class MethodMetrics:
    """The calls of one method. Written by the event loop, read by the page's thread."""

    def __init__(self, request: type[Message]) -> None:
        self.started = 0
        self.seconds: defaultdict[str, Counts] = defaultdict(lambda: Counts(SECONDS))
        self.products = Counts(PRODUCTS)
        self._asked = [attrgetter(name) for name in ASKED if name in request.DESCRIPTOR.fields_by_name]

    def asked(self, request: Message) -> int:
        """Count how many products a request asks about, and give it."""
        for field in self._asked:
            if size := len(field(request)):
                self.products.add(size)
                return size
        return 0

    def ended(self, code: str, seconds: float) -> None:
        """Count a call that ended with ``code``."""
        self.seconds[code].add(seconds)


class Metrics(Collector):
    """Everything that the page shows.

    Args:
        current: Holds the snapshot that is answered from.
    """

    def __init__(self, current: CurrentSnapshot) -> None:
        self._current = current
        self._methods: dict[str, MethodMetrics] = {}
        self._scores: tuple[str, HistogramMetricFamily] | None = None
        self.reload_failures = 0
        self.denied: defaultdict[str, int] = defaultdict(int)

    def method(self, name: str, request: type[Message]) -> MethodMetrics:
        """What counts the calls of ``name``, which is ``service/method``."""
        return self._methods.setdefault(name, MethodMetrics(request))

    def expose(self, host: str, port: int) -> int:
        """Serve the page from a thread; gives the port.

        Raises:
            AddressError: If the address cannot be listened on.
        """
        registry = CollectorRegistry()
        registry.register(self)
        ProcessCollector(registry=registry)
        GCCollector(registry=registry)
        try:
            server, _ = start_http_server(port, host, registry)
        except OSError:
            raise AddressError(f"{host}:{port}") from None
        return server.server_port

    def collect(self) -> Iterator[Metric]:
        """Called whenever the page is read."""
        yield from self._calls()
        denied = CounterMetricFamily("stockout_denied_calls", "Refused for want of a right.", labels=["grpc_code"])
        for code, count in tuple(self.denied.items()):
            denied.add_metric([_camel(code)], count)
        yield denied
        failures = CounterMetricFamily("stockout_snapshot_reload_failures", "Newer snapshots that could not be served.")
        failures.add_metric([], self.reload_failures)
        yield failures
        try:
            serving = self._current.get()
        except NotLoadedError:
            return
        yield from self._snapshot(serving)

    def _calls(self) -> Iterator[Metric]:
        names = ["grpc_service", "grpc_method"]
        started = CounterMetricFamily("grpc_server_started", "Calls begun.", labels=names)
        handled = CounterMetricFamily("grpc_server_handled", "Calls ended.", labels=[*names, "grpc_code"])
        seconds = HistogramMetricFamily(
            "grpc_server_handling_seconds", "From the request's arrival to its answer.", labels=[*names, "grpc_code"]
        )
        in_flight = GaugeMetricFamily("grpc_server_in_flight", "Calls begun and not ended.", labels=names)
        products = HistogramMetricFamily("stockout_batch_products", "Products asked in a request.", labels=names)
        for name, counted in self._methods.items():
            labels = name.split("/")
            by_code = tuple(counted.seconds.items())
            for code, counts in by_code:
                seconds.add_metric([*labels, _camel(code)], counts.buckets(), counts.total)
                handled.add_metric([*labels, _camel(code)], sum(counts.counts))
            ended = sum(sum(counts.counts) for _, counts in by_code)
            started.add_metric(labels, counted.started)
            in_flight.add_metric(labels, max(0, counted.started - ended))
            products.add_metric(labels, counted.products.buckets(), counted.products.total)
        yield from (started, handled, seconds, in_flight, products)

    def _snapshot(self, serving: ServingSnapshot) -> Iterator[Metric]:
        info = InfoMetricFamily("stockout_snapshot", "What is answered from.")
        labels = {"snapshot_id": serving.id, "model_name": serving.model.name, "model_version": serving.model.version}
        info.add_metric([], labels)
        yield info
        yield GaugeMetricFamily("stockout_snapshot_age_seconds", "Since it was published.", value=serving.age_s)
        if self._scores is None or self._scores[0] != serving.id:
            self._scores = serving.id, _histogram_of(serving.assessor.probabilities)
        yield self._scores[1]


def _histogram_of(probabilities: FloatArray) -> HistogramMetricFamily:
    """How the newest week's probabilities lie, once for each snapshot; products without one are left out."""
    known = probabilities[np.isfinite(probabilities)].astype(np.float64)
    places = np.searchsorted(SCORES, known)
    counts = Counts(SCORES)
    counts.counts, counts.total = np.bincount(places, minlength=len(SCORES) + 1).tolist(), float(known.sum())
    family = HistogramMetricFamily("stockout_scores", "Probabilities of all products in the newest week.")
    family.add_metric([], counts.buckets(), counts.total)
    return family


def _camel(code: str) -> str:
    """``INVALID_ARGUMENT`` as ``InvalidArgument``, the way dashboards know it."""
    return code if code == "OK" else code.title().replace("_", "")
