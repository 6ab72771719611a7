"""A server's port with its services, health, tokens and tools: made, drained, and told about on the metrics' page."""

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import grpc
import structlog
from grpc_health.v1 import health_pb2, health_pb2_grpc

from feature_service.server.limits import StreamLimit
from feature_service.server.listener import add_port, add_tools, bare_server
from feature_service.server.rpc.auth import Doorkeeper
from feature_service.server.rpc.handlers import Handlers, Method
from feature_service.server.rpc.health import HealthServicer
from feature_service.server.settings import ServerSettings
from feature_service.server.telemetry.calls import CallTelemetry, Tracer
from feature_service.server.telemetry.metrics import Metrics

TOKENS_RELOAD_SECONDS = 1.0

_log = structlog.stdlib.get_logger("stockout.server")


class Endpoint(NamedTuple):
    """An unstarted server, the port it listens on, and what to tell it about its state."""

    grpc_server: grpc.aio.Server
    port: int
    health: HealthServicer
    telemetry: CallTelemetry
    doorkeeper: Doorkeeper | None
    services: tuple[str, ...]

    async def set_health(self, *, is_serving: bool) -> None:
        """Say this of every service, and of the server as a whole, which has the empty name."""
        response = health_pb2.HealthCheckResponse
        status = response.SERVING if is_serving else response.NOT_SERVING
        for service in ("", *self.services):
            await self.health.set(service, status)

    async def drain(self, grace_seconds: float) -> None:
        """Tell that the server is going, refuse new calls, let those in flight end."""
        _log.info("draining", grace_seconds=grace_seconds)
        await self.health.enter_graceful_shutdown()
        await self.grpc_server.stop(grace_seconds)
        if self.telemetry.tracer:
            await asyncio.to_thread(self.telemetry.tracer.close)
        _log.info("stopped")

    def expose_metrics(self, settings: ServerSettings) -> None:
        """Serve the page for Prometheus, if one is wanted.

        Raises:
            AddressError: If its address cannot be listened on.
        """
        telemetry, worker = settings.operation.telemetry, settings.operation.worker
        if telemetry.metrics_port is None:
            return
        after = worker.number if worker and telemetry.metrics_port else 0
        port = self.telemetry.metrics.expose(telemetry.metrics_host, telemetry.metrics_port + after)
        _log.info("metrics", host=telemetry.metrics_host, port=port)


async def create_endpoint(
    settings: ServerSettings,
    services: Mapping[str, Mapping[str, Method]],
    telemetry: CallTelemetry,
    max_ids: int | None = None,
    turned_off: Mapping[str, Mapping[str, Method]] = MappingProxyType({}),
) -> Endpoint:
    """Bind the port and register every service; nothing answers yet.

    Args:
        settings: How to listen.
        services: The methods of each service, by their names.
        telemetry: Counts the calls.
        max_ids: Product ids that one request may hold; None: what the protos say is enough.
        turned_off: Methods of services that only say so; health and reflection do not know them.
    Raises:
        StockoutError: If the address, the certificate or the tokens cannot be used.
    """
    limits, tokens = settings.operation.limits, settings.operation.security.tokens
    handlers = Handlers(telemetry, StreamLimit(limits.max_streams), max_ids)
    doorkeeper = Doorkeeper(tokens, telemetry.metrics) if tokens else None
    grpc_server = bare_server(settings, doorkeeper)
    for service, methods in {**services, **turned_off}.items():
        handler_by_name = {name: handlers.of(f"{service}/{name}", method) for name, method in methods.items()}
        grpc_server.add_registered_method_handlers(service, handler_by_name)
    health_servicer = HealthServicer(limits.max_streams)
    health_pb2_grpc.add_HealthServicer_to_server(health_servicer, grpc_server)
    names = tuple(services)
    add_tools(grpc_server, settings, names)
    port = add_port(grpc_server, settings)
    endpoint = Endpoint(grpc_server, port, health_servicer, telemetry, doorkeeper, names)
    await endpoint.set_health(is_serving=False)
    return endpoint


def call_telemetry(settings: ServerSettings, metrics: Metrics) -> CallTelemetry:
    """What is recorded of calls, as the settings say."""
    return CallTelemetry(metrics, _tracer(settings.operation.telemetry.otlp_endpoint), settings.log_calls)


def _tracer(endpoint: str) -> Tracer | None:
    if not endpoint:
        return None
    from feature_service.server.telemetry import tracing  # noqa: PLC0415 - needs an extra that most do not install

    return tracing.Tracer.to(endpoint)
