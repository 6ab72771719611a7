"""The history service from port to last answer: open the history, listen, serve, drain, stop."""

import asyncio
import os
from zoneinfo import ZoneInfo

import structlog

from data.errors import DeliveryError
from data.history.events import find_time_zone
from data.history.history import History, open_history
from feature_service.history_server.recorder import Recorder
from feature_service.history_server.servicer import HISTORY_SERVICE, HistoryServicer
from feature_service.history_server.settings import HistorySettings
from feature_service.history_server.watches import Watches
from feature_service.server.background import repeat
from feature_service.server.endpoint import TOKENS_RELOAD_SECONDS, call_telemetry, create_endpoint
from feature_service.server.settings import STOP_SIGNALS
from feature_service.server.telemetry.metrics import Metrics

LOOK_SECONDS = 1.0
"""Between two looks for what other processes recorded."""

_log = structlog.stdlib.get_logger("stockout.history")


async def serve(settings: HistorySettings) -> None:
    """Serve until SIGTERM, SIGINT or SIGHUP.

    Raises:
        StockoutError: If the history, the address, or a file of security cannot be used.
    """
    stopping = asyncio.Event()
    for number in STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    history = await asyncio.to_thread(open_history, settings.work_dir, os.environ)
    time_zone = await asyncio.to_thread(zone_of, history, settings.time_zone)
    watches = Watches(history.state)
    recorder = Recorder(history, time_zone, watches.notify)
    servicer = HistoryServicer(recorder, watches, ZoneInfo(time_zone), stopping)
    telemetry = call_telemetry(settings, Metrics("events"))
    endpoint = await create_endpoint(settings, {HISTORY_SERVICE: servicer.methods}, telemetry)
    tasks = [asyncio.create_task(recorder.run()), asyncio.create_task(repeat(watches.look, LOOK_SECONDS))]
    if endpoint.doorkeeper:
        tasks.append(asyncio.create_task(repeat(endpoint.doorkeeper.look, TOKENS_RELOAD_SECONDS)))
    await endpoint.grpc_server.start()
    endpoint.expose_metrics(settings)
    _log.info("listening", host=settings.host, port=endpoint.port)
    try:
        await endpoint.set_health(is_serving=True)
        _log.info("serving", port=endpoint.port, history=history.tables.root, time_zone=time_zone)
        await stopping.wait()
    finally:
        recorder.close()
        watches.close()
        await endpoint.drain(settings.grace_seconds)
        for task in tasks:
            task.cancel()


def zone_of(history: History, wanted: str | None) -> str:
    """The zone of the clock that events are read on: the history's, or of an empty one the one that is asked for.

    Raises:
        DeliveryError: If they differ, or neither says one.
    """
    with history.state.connect() as connection:
        known = find_time_zone(connection)
    if known is None and wanted is None:
        raise DeliveryError(
            "the history is empty, so that nothing says on which clock its days are: "
            "say --time-zone, such as Europe/Berlin, or load files first"
        )
    if known is not None and wanted not in (None, known):
        raise DeliveryError(f"the history holds days on the clock of {known}: leave --time-zone {wanted} away")
    return known or wanted or ""
