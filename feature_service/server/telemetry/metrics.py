"""What Prometheus reads.

The names of the calls' metrics are those of go-grpc-middleware, which dashboards know. A worker process has a page of
its own; a restarted one counts from 0 again, as Prometheus expects.
"""

from __future__ import annotations

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
from prometheus_client.registry import Collector

from feature_service.server.errors import AddressError

SECONDS = (0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Upper bounds: a lookup takes 50 µs, a thousand computed answers some 10 ms, a stream of everything seconds."""

ENTRIES = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 10_000.0, 100_000.0)


class Metrics:
    """Everything that the page shows.

    Args:
        entries: What requests hold several of.
        collectors: Tell more, asked anew whenever the page is read.
    """

    def __init__(self, entries: str, *collectors: Collector) -> None:
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
        self.entries = Histogram(
            f"stockout_batch_{entries}",
            f"{entries.capitalize()} in a request.",
            method,
            buckets=ENTRIES,
            registry=self.registry,
        )
        self._denied = Counter("stockout_denied_calls", "Refused for want of a right.", [code], registry=self.registry)
        for collector in collectors:
            self.registry.register(collector)
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)

    def method(self, name: str) -> MethodMetrics:
        """What counts the calls of ``name``, which is ``service/method``."""
        return MethodMetrics(self, name)

    def deny(self, code: str) -> None:
        """Count a call that was refused for want of a right."""
        self._denied.labels(_camel(code)).inc()

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
        self.entries = metrics.entries.labels(*self._labels)
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


def _camel(code: str) -> str:
    """``INVALID_ARGUMENT`` as ``InvalidArgument``, the way dashboards know it."""
    return code if code == "OK" else code.title().replace("_", "")
