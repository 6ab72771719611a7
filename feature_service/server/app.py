"""The server from port to last answer: listen, load, serve, drain, stop.

Health is NOT_SERVING until a snapshot is loaded, and again from the moment that a signal asks the server to stop: new
calls are then refused and calls in flight get ``grace_seconds`` to end. A worker process joins the port only once it
can answer, since the port's other processes can meanwhile.
"""

import asyncio
import gc
from time import perf_counter
from typing import NamedTuple

import grpc
import structlog
from grpc_health.v1 import health_pb2, health_pb2_grpc

from feature_service.server.background import repeat
from feature_service.server.limits import StreamLimit
from feature_service.server.listener import add_port, add_tools, bare_server
from feature_service.server.rpc.auth import Doorkeeper
from feature_service.server.rpc.handlers import Handlers
from feature_service.server.rpc.health import HealthServicer
from feature_service.server.rpc.servicers import FEATURE_SERVICE, RISK_SERVICE, FeatureServicer, RiskServicer
from feature_service.server.serving.questions import ServedQuestions
from feature_service.server.serving.reload import Reloader
from feature_service.server.serving.start import load_at_start
from feature_service.server.settings import STOP_SIGNALS, Settings
from feature_service.server.telemetry.calls import CallTelemetry, Tracer
from feature_service.server.telemetry.metrics import Metrics
from feature_service.server.worker_link import Link

SECONDS_PER_DAY = 86_400
TOKENS_RELOAD_SECONDS = 1.0
SERVICES = ("", RISK_SERVICE, FEATURE_SERVICE)

_log = structlog.stdlib.get_logger("stockout.server")


class Server(NamedTuple):
    """An unstarted server, the port it listens on, and what to tell it about its state."""

    grpc_server: grpc.aio.Server
    port: int
    health: HealthServicer
    telemetry: CallTelemetry
    doorkeeper: Doorkeeper | None


async def create_server(settings: Settings, questions: ServedQuestions, telemetry: CallTelemetry) -> Server:
    """Bind the port and register every service, which answer ``questions``; nothing answers yet.

    Raises:
        StockoutError: If the address, the certificate or the tokens cannot be used.
    """
    operation = settings.operation
    handlers = Handlers(telemetry, StreamLimit(operation.limits.max_streams), settings.max_ids)
    tokens = operation.security.tokens
    doorkeeper = Doorkeeper(tokens, telemetry.metrics) if tokens else None
    grpc_server = bare_server(settings, doorkeeper)
    servicers: dict[str, RiskServicer | FeatureServicer] = {
        RISK_SERVICE: RiskServicer(questions, settings),
        FEATURE_SERVICE: FeatureServicer(questions),
    }
    for service, servicer in servicers.items():
        methods = {name: handlers.of(f"{service}/{name}", method) for name, method in servicer.methods.items()}
        grpc_server.add_registered_method_handlers(service, methods)
    health_servicer = HealthServicer(operation.limits.max_streams)
    health_pb2_grpc.add_HealthServicer_to_server(health_servicer, grpc_server)
    await _set_health(health_servicer, health_pb2.HealthCheckResponse.NOT_SERVING)
    add_tools(grpc_server, settings, SERVICES[1:])
    return Server(grpc_server, add_port(grpc_server, settings), health_servicer, telemetry, doorkeeper)


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM, SIGINT or SIGHUP, or until the supervisor is gone.

    Raises:
        StockoutError: If the address, the snapshot, or a file of security cannot be used.
    """
    stop = asyncio.Event()
    for number in STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    link = Link(settings.operation.worker, when_lost=stop.set)
    max_age_days, worker = settings.max_age_days, settings.operation.worker
    questions = ServedQuestions(None if max_age_days is None else max_age_days * SECONDS_PER_DAY)
    telemetry = _telemetry(settings, questions)
    reloader = Reloader(settings.snapshots, questions, telemetry.metrics.count_reload_failure)
    if worker:
        await load_default(reloader, questions, settings)
        await reloader.look_beside()
    server = await create_server(settings, questions, telemetry)
    await server.grpc_server.start()
    _expose_metrics(server, settings)
    _log.info("listening", host=settings.host, port=server.port)
    tasks = [asyncio.create_task(repeat(server.doorkeeper.look, TOKENS_RELOAD_SECONDS))] if server.doorkeeper else []

    async def look() -> None:
        await reloader.look()
        await _report_freshness(server, questions)

    try:
        if not worker:
            await load_default(reloader, questions, settings)
        await _report_freshness(server, questions)
        await reloader.look_beside()
        tasks.append(asyncio.create_task(repeat(look, settings.reload_seconds)))
        _log_serving(server, questions)
        link.report_ready()
        await stop.wait()
    finally:
        for task in tasks:
            task.cancel()
        questions.close()
        await drain(server, settings.grace_seconds)


async def load_default(reloader: Reloader, questions: ServedQuestions, settings: Settings) -> None:
    """Load the default question's published snapshot in a thread, so that health answers meanwhile, and answer from it.

    Raises:
        StockoutError: If there is none, or it cannot be served.
    """
    began = perf_counter()
    serving, problem = await asyncio.to_thread(load_at_start, settings.snapshots)
    questions.default.swap_in(serving)
    questions.name_default()
    reloader.take_up_beside()
    gc.collect()
    gc.freeze()  # the snapshot lives on: the collector need not walk through it again and again
    if problem:
        _log.error("snapshot refused", error=str(problem), question=serving.question, served=serving.id)
    _log.info("loaded", snapshot_id=serving.id, question=serving.question, seconds=round(perf_counter() - began, 3))


async def drain(server: Server, grace_seconds: float) -> None:
    """Tell that the server is going, refuse new calls, let those in flight end."""
    _log.info("draining", grace_seconds=grace_seconds)
    await server.health.enter_graceful_shutdown()
    await server.grpc_server.stop(grace_seconds)
    if server.telemetry.tracer:
        await asyncio.to_thread(server.telemetry.tracer.close)
    _log.info("stopped")


def _log_serving(server: Server, questions: ServedQuestions) -> None:
    default = questions.default.get()
    names = [each.get().question for each in questions.loaded()]
    _log.info(
        "serving", port=server.port, snapshot_id=default.id, products=len(default.assessor), questions=", ".join(names)
    )


def _expose_metrics(server: Server, settings: Settings) -> None:
    telemetry, worker = settings.operation.telemetry, settings.operation.worker
    if telemetry.metrics_port is None:
        return
    after = worker.number if worker and telemetry.metrics_port else 0
    port = server.telemetry.metrics.expose(telemetry.metrics_host, telemetry.metrics_port + after)
    _log.info("metrics", host=telemetry.metrics_host, port=port)


def _telemetry(settings: Settings, questions: ServedQuestions) -> CallTelemetry:
    tracer = _tracer(settings.operation.telemetry.otlp_endpoint)
    return CallTelemetry(Metrics(questions), tracer, settings.log_calls)


def _tracer(endpoint: str) -> Tracer | None:
    if not endpoint:
        return None
    from feature_service.server.telemetry import tracing  # noqa: PLC0415 - needs an extra that most do not install

    return tracing.Tracer.to(endpoint)


async def _report_freshness(server: Server, questions: ServedQuestions) -> None:
    """Health is that of the default question: of the others, answers and metrics tell how old their data is."""
    response = health_pb2.HealthCheckResponse
    await _set_health(server.health, response.NOT_SERVING if questions.default.get().stale else response.SERVING)


async def _set_health(servicer: HealthServicer, status: health_pb2.HealthCheckResponse.ServingStatus) -> None:
    for service in SERVICES:
        await servicer.set(service, status)
