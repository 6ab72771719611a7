"""Who looks on while calls are answered: metrics and tracer, both off the way of the call."""

from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Protocol

from google.protobuf.message import Message

from feature_service.server.limits import StreamLimit
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
class Watch:
    """What all methods share. ``log_calls`` asks for a log line of every call, not only of refused ones."""

    metrics: Metrics
    streams: StreamLimit
    tracer: Tracer | None = None
    log_calls: bool = False


class Watched:
    """One method's calls."""

    def __init__(self, name: str, request: type[Message], watch: Watch) -> None:
        self.name = name
        self._counted = watch.metrics.method(name, request)
        self._tracer = watch.tracer

    def asked(self, request: Message) -> int:
        """Count how many products a request asks about, and give it."""
        return self._counted.asked(request)

    def asked_about_one(self) -> None:
        """Count a request about one product."""
        self._counted.products.add(1)

    def begun(self) -> float:
        """Count a call that begins; gives the time, for :meth:`ended`."""
        self._counted.started += 1
        return perf_counter()

    def ended(self, code: str, began: float, metadata: Mapping[str, str]) -> float:
        """Count and trace a call that ends with the status ``code``; gives the seconds it took."""
        seconds = perf_counter() - began
        self._counted.ended(code, seconds)
        if self._tracer is not None:
            self._tracer.ended(self.name, code, seconds, metadata)
        return seconds
