"""The server from port to last answer: listen, load, serve, drain, stop.

Health is NOT_SERVING until a snapshot is loaded, and again from the moment that SIGTERM or SIGINT asks the server to
stop: new calls are then refused and calls in flight get ``grace_seconds`` to end.
"""

import asyncio
import gc
import signal
from time import perf_counter
from typing import NamedTuple

import grpc
import structlog
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from feature_service.server.calls import handlers
from feature_service.server.errors import AddressError
from feature_service.server.servicers import FEATURE_SERVICE, RISK_SERVICE, FeatureServicer, RiskServicer
from feature_service.server.serving import CurrentSnapshot, ServingSnapshot
from feature_service.server.settings import Settings

SERVICES = ("", RISK_SERVICE, FEATURE_SERVICE)

_log = structlog.stdlib.get_logger("stockout.server")


class Server(NamedTuple):
    """An unstarted server, the port it listens on, and what to tell it about its state."""

    grpc_server: grpc.aio.Server
    port: int
    health: health.aio.HealthServicer
    current: CurrentSnapshot


async def create_server(settings: Settings) -> Server:
    """Bind the port and register every service; nothing is loaded and nothing answers yet.

    Raises:
        AddressError: If the address cannot be listened on.
    """
    current = CurrentSnapshot()
    grpc_server = grpc.aio.server(
        options=(
            ("grpc.so_reuseport", 0),  # a second server on the port is a mistake, not a helper
            ("grpc.max_receive_message_length", settings.max_message_bytes),
        )
    )
    risk, features = RiskServicer(current, settings.max_ids), FeatureServicer(current, settings.max_ids)
    for name, methods in ((RISK_SERVICE, risk.methods), (FEATURE_SERVICE, features.methods)):
        grpc_server.add_registered_method_handlers(name, handlers(name, methods, settings.log_calls))
    health_servicer = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(health_servicer, grpc_server)
    await _tell(health_servicer, health_pb2.HealthCheckResponse.NOT_SERVING)
    reflection.enable_server_reflection((*SERVICES[1:], health.SERVICE_NAME, reflection.SERVICE_NAME), grpc_server)
    try:
        port = grpc_server.add_insecure_port(settings.address)
    except RuntimeError:
        raise AddressError(settings.address) from None
    return Server(grpc_server, port, health_servicer, current)


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        StockoutError: If the address or the snapshot cannot be used.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    server = await create_server(settings)
    await server.grpc_server.start()
    _log.info("listening", host=settings.host, port=server.port)
    try:
        await load(server, settings)
        await stop.wait()
    finally:
        await drain(server, settings.grace_seconds)


async def load(server: Server, settings: Settings) -> None:
    """Load the published snapshot in a thread, so that health answers meanwhile, and start to serve it.

    Raises:
        StockoutError: If there is none, or it cannot be served.
    """
    began = perf_counter()
    serving = await asyncio.to_thread(ServingSnapshot.load, settings.snapshots)
    server.current.swap_in(serving)
    gc.collect()
    gc.freeze()  # the snapshot lives on: the collector need not walk through it again and again
    await _tell(server.health, health_pb2.HealthCheckResponse.SERVING)
    seconds = round(perf_counter() - began, 3)
    _log.info("serving", port=server.port, snapshot_id=serving.id, products=len(serving.assessor), load_seconds=seconds)


async def drain(server: Server, grace_seconds: float) -> None:
    """Tell that the server is going, refuse new calls, let those in flight end."""
    _log.info("draining", grace_seconds=grace_seconds)
    await server.health.enter_graceful_shutdown()
    await server.grpc_server.stop(grace_seconds)
    _log.info("stopped")


async def _tell(servicer: health.aio.HealthServicer, status: health_pb2.HealthCheckResponse.ServingStatus) -> None:
    for service in SERVICES:
        await servicer.set(service, status)
