"""The server from port to last answer: listen, load, serve, drain, stop.

Health is NOT_SERVING until a snapshot is loaded, and again from the moment that a signal asks the server to stop: new
calls are then refused and calls in flight get ``grace_seconds`` to end. A worker process joins the port only once it
can answer, since the port's other processes can meanwhile.
"""

import asyncio
import gc
import logging
from time import perf_counter

import structlog

from feature_service.server.background import repeat
from feature_service.server.endpoint import TOKENS_RELOAD_SECONDS, Endpoint, call_telemetry, create_endpoint
from feature_service.server.plan_errors import MissingPackagesError
from feature_service.server.plans.off import PLAN_SERVICE, methods_that_refuse
from feature_service.server.rpc.handlers import Method
from feature_service.server.rpc.servicers import FEATURE_SERVICE, RISK_SERVICE, FeatureServicer, RiskServicer
from feature_service.server.serving.questions import ServedQuestions
from feature_service.server.serving.recorded_stock import RecordedStock
from feature_service.server.serving.reload import Reloader
from feature_service.server.serving.start import load_at_start
from feature_service.server.settings import STOP_SIGNALS, Settings
from feature_service.server.telemetry.calls import CallTelemetry
from feature_service.server.telemetry.last_run import LastRunCollector
from feature_service.server.telemetry.metrics import Metrics
from feature_service.server.telemetry.performance import PerformanceCollector
from feature_service.server.telemetry.recorded import RecordedCollector
from feature_service.server.telemetry.snapshots import SnapshotCollector
from feature_service.server.worker_link import Link

SECONDS_PER_DAY = 86_400

_log = structlog.stdlib.get_logger("stockout.server")


async def create_server(
    settings: Settings, questions: ServedQuestions, recorded: RecordedStock, telemetry: CallTelemetry
) -> Endpoint:
    """Bind the port and register every service, which answer ``questions``; nothing answers yet.

    Raises:
        StockoutError: If the address, the certificate or the tokens cannot be used.
    """
    services = {
        RISK_SERVICE: RiskServicer(questions, recorded, settings).methods,
        FEATURE_SERVICE: FeatureServicer(questions).methods,
    }
    if settings.state_url is None:
        turned_off = {PLAN_SERVICE: methods_that_refuse()}
        return await create_endpoint(settings, services, telemetry, settings.max_ids, turned_off)
    services[PLAN_SERVICE] = await _plan_methods(settings, settings.state_url, questions)
    return await create_endpoint(settings, services, telemetry, settings.max_ids)


async def _plan_methods(settings: Settings, state_url: str, questions: ServedQuestions) -> dict[str, Method]:
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells of its own import, and of every look at a version
    try:
        from feature_service.server.plans.servicer import PlanServicer  # noqa: PLC0415 - needs packages that not
        from feature_service.server.plans.threads import PlanThreads  # noqa: PLC0415 - every server has
    except ModuleNotFoundError as error:
        raise MissingPackagesError(error.name) from error
    plans = PlanThreads(state_url)
    await plans.open()
    return PlanServicer(questions, plans, wants_tokens=settings.operation.security.tokens is not None).methods


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
    recorded = RecordedStock(settings.history, questions, settings.shard)
    snapshots = SnapshotCollector(questions)
    metrics = Metrics(
        "products",
        snapshots,
        RecordedCollector(questions, recorded),
        PerformanceCollector(questions),
        LastRunCollector(settings.snapshots),
    )
    telemetry = call_telemetry(settings, metrics)
    reloader = Reloader(settings, questions, recorded.prepare, snapshots.count_reload_failure)
    if worker:
        await load_default(reloader, questions, recorded, settings)
        await reloader.look_beside()
    server = await create_server(settings, questions, recorded, telemetry)
    await server.grpc_server.start()
    server.expose_metrics(settings)
    _log.info("listening", host=settings.host, port=server.port)
    tasks = [asyncio.create_task(recorded.keep_up())]
    if server.doorkeeper:
        tasks.append(asyncio.create_task(repeat(server.doorkeeper.look, TOKENS_RELOAD_SECONDS)))

    async def look() -> None:
        await reloader.look()
        await _report_freshness(server, questions)

    try:
        if not worker:
            await load_default(reloader, questions, recorded, settings)
        await _report_freshness(server, questions)
        await reloader.look_beside()
        tasks.append(asyncio.create_task(repeat(look, settings.reload_seconds)))
        _log_serving(server, questions)
        link.report_ready()
        await stop.wait()
    finally:
        for task in tasks:
            task.cancel()
        recorded.close()
        questions.close()
        await server.drain(settings.grace_seconds)


async def load_default(
    reloader: Reloader, questions: ServedQuestions, recorded: RecordedStock, settings: Settings
) -> None:
    """Load the default question's published snapshot in a thread, so that health answers meanwhile, and answer from it.

    Raises:
        StockoutError: If there is none, or it cannot be served.
    """
    began = perf_counter()
    serving, problem = await asyncio.to_thread(load_at_start, settings.snapshots, settings.shard)
    questions.default.swap_in(await recorded.prepare(serving))
    questions.name_default()
    reloader.take_up_beside()
    await reloader.look_at_default_record()
    gc.collect()
    gc.freeze()  # the snapshot lives on: the collector need not walk through it again and again
    if problem:
        _log.error("snapshot refused", error=str(problem), question=serving.question, served=serving.id)
    _log.info("loaded", snapshot_id=serving.id, question=serving.question, seconds=round(perf_counter() - began, 3))


def _log_serving(server: Endpoint, questions: ServedQuestions) -> None:
    default = questions.default.get()
    names = [each.get().question for each in questions.loaded()]
    _log.info(
        "serving", port=server.port, snapshot_id=default.id, products=len(default.assessor), questions=", ".join(names)
    )


async def _report_freshness(server: Endpoint, questions: ServedQuestions) -> None:
    """Health is that of the default question: of the others, answers and metrics tell how old their data is."""
    await server.set_health(is_serving=not questions.default.get().stale)
