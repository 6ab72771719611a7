"""What is recorded of calls: figures, and spans where a caller records a trace."""

from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Protocol

from feature_service.server.telemetry.metrics import Metrics


class Tracer(Protocol):
    """:class:`feature_service.server.telemetry.tracing.Tracer`, which is imported only where it is used."""

    def ended(self, method: str, code: str, seconds: float, metadata: Mapping[str, str]) -> None:
        """Record a call that ended just now."""
        ...

    def close(self) -> None:
        """Send what is left."""
        ...


@dataclass(frozen=True)
class CallTelemetry:
    """What all methods share. ``log_calls`` asks for a log line of every call, not only of refused ones."""

    metrics: Metrics
    tracer: Tracer | None = None
    log_calls: bool = False

    def method(self, name: str) -> "MethodTelemetry":
        """Of the calls of one method, ``service/method``."""
        return MethodTelemetry(name, self)


class MethodTelemetry:
    """The calls of one method."""

    def __init__(self, name: str, shared: CallTelemetry) -> None:
        self.name, self.log_calls = name, shared.log_calls
        self._tracer = shared.tracer
        self._metrics = shared.metrics.method(name)

    def begin(self) -> float:
        """Count a call that begins; gives the time, for :meth:`end`."""
        self._metrics.begin()
        return perf_counter()

    def count_entries(self, entries: int) -> None:
        """Count what a request holds several of; nothing where it holds none."""
        if entries:
            self._metrics.entries.observe(entries)

    def end(self, code: str, began: float, metadata: Mapping[str, str]) -> float:
        """Count and trace a call that ends with the status ``code``; gives the seconds it took."""
        seconds = perf_counter() - began
        self._metrics.end(code, seconds)
        if self._tracer is not None:
            self._tracer.ended(self.name, code, seconds, metadata)
        return seconds
