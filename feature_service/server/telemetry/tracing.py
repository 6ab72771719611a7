"""Spans for calls whose caller records a trace (W3C ``traceparent``), sent to an OTLP endpoint.

A call without a sampled parent costs one look at its metadata. A span is made after its call has ended, from the times
that were taken anyway, and sent by a thread of its own. Imported only where an endpoint is set, since it needs
the extra ``tracing``.
"""

from collections.abc import Mapping
from time import time_ns

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

TRACEPARENT, TRACESTATE = "traceparent", "tracestate"
SAMPLED = 1
SERVICE = "stockout-risk"

_propagator = TraceContextTextMapPropagator()


class Tracer:
    """Continues the callers' traces.

    Args:
        exporter: Takes the spans, in a thread of its own.
    """

    def __init__(self, exporter: SpanExporter) -> None:
        resource = Resource.create({"service.name": SERVICE})
        self._provider = TracerProvider(sampler=ParentBased(ALWAYS_OFF), resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer(SERVICE)

    @classmethod
    def to(cls, endpoint: str) -> "Tracer":
        """A tracer that sends to ``endpoint``: ``http://`` in plaintext, ``https://`` over TLS."""
        return cls(OTLPSpanExporter(endpoint=endpoint))

    def ended(self, method: str, code: str, seconds: float, metadata: Mapping[str, str]) -> None:
        """Record a call that ended just now.

        Args:
            method: ``service/method``.
            code: The status' name, such as ``OK``.
            seconds: How long it took.
            metadata: What the client sent; without a sampled ``traceparent`` nothing is recorded.
        """
        parent = metadata.get(TRACEPARENT)
        if parent is None or not _is_sampled(parent):
            return
        ended_ns = time_ns()
        service, _, name = method.rpartition("/")
        span = self._tracer.start_span(
            method,
            context=_propagator.extract({key: metadata[key] for key in (TRACEPARENT, TRACESTATE) if key in metadata}),
            kind=trace.SpanKind.SERVER,
            attributes={"rpc.system": "grpc", "rpc.service": service, "rpc.method": name, "rpc.grpc.status": code},
            start_time=ended_ns - int(seconds * 1e9),
        )
        if code in _SERVER_FAULTS:
            span.set_status(trace.StatusCode.ERROR, code)
        span.end(ended_ns)

    def close(self) -> None:
        """Send what is left, and end the thread."""
        self._provider.shutdown()


_SERVER_FAULTS = frozenset({"UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"})
"""Which codes are an error of the server's, by OpenTelemetry's conventions for gRPC."""


def _is_sampled(traceparent: str) -> bool:
    """Whether the caller records the trace: the last field's lowest bit. What is malformed is not recorded."""
    try:
        return bool(int(traceparent[-2:], 16) & SAMPLED)
    except ValueError:
        return False
