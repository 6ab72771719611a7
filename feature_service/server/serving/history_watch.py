"""Hears of recorded counts from a HistoryService, as long as the server runs.

Where that service cannot be reached, answers stay at what was heard and the connection is tried again and again: by
gRPC with its own pauses, and by us where the service answers but ends the watch.
"""

from __future__ import annotations  # grpc's classes are generic in their stubs only

import asyncio
import datetime as dt
import math
from collections.abc import Callable, Coroutine

import grpc
import structlog
from google.type import date_pb2
from stockout.v1.history_service_pb2 import StockCount, WatchStockRequest
from stockout.v1.history_service_pb2_grpc import HistoryServiceStub

from feature_service.server.serving.count_log import CountLog

FIRST_WAIT_S = 5.0
"""A server that starts waits as long for what was recorded before, so that its first answers know of it."""

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 5.0

TAKEN_AT_ONCE = 250
"""Of the counts of a message, before other calls have their turn: about a millisecond."""

CHANNEL_OPTIONS = (
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 5000),
    ("grpc.keepalive_time_ms", 30_000),  # a service that is gone without a word is noticed
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.max_pings_without_data", 0),
)

_log = structlog.stdlib.get_logger("stockout.history")


class HistoryWatch:
    """Watches the counts of a HistoryService.

    Args:
        address: Host and port.
        credentials: TLS, and the token if any; None is plaintext.
        log: Where the counts go.
        when_newer: Called after each message that brought newer counts.
    Attributes:
        connected: Whether counts are heard of at the moment.
    """

    def __init__(
        self,
        address: str,
        credentials: grpc.ChannelCredentials | None,
        log: CountLog,
        when_newer: Callable[[], None],
    ) -> None:
        self._address, self._credentials = address, credentials
        self._counts, self._when_newer = log, when_newer
        self.connected = False
        self._since: dt.date | None = None
        self._task: asyncio.Task[None] | None = None
        self._settled = asyncio.Event()
        self._last_problem: str | None = None

    async def cover(self, day: dt.date) -> None:
        """Hear of all counts from this day on; waits for a while until those recorded so far are known."""
        if self._since is None or day < self._since:
            self.close()
            self._since = day
            self._settled.clear()
            self._task = asyncio.create_task(self._watch(day))
        try:
            await asyncio.wait_for(self._settled.wait(), FIRST_WAIT_S)
        except TimeoutError:
            _log.warning("history is slow", address=self._address, waited_s=FIRST_WAIT_S)

    def close(self) -> None:
        """Hear of nothing any longer."""
        if self._task:
            self._task.cancel()
            self.connected = False

    async def _watch(self, since: dt.date) -> None:
        pause_s, first = FIRST_PAUSE_S, True
        async with self._channel() as channel:
            while True:
                number = self._counts.number
                problem = await self._end_of(self._listen(channel, since, wait_for_ready=not first))
                if self.connected or self._counts.number > number:
                    pause_s = FIRST_PAUSE_S
                self._lose(problem)
                first = False
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    async def _end_of(self, listening: Coroutine[None, None, None]) -> str:
        """Why we listen no longer: whatever it is, the next try may succeed."""
        try:
            await listening
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.UNIMPLEMENTED:
                return f"what answers there is no history service: give the address of one ({error.details()})"
            return f"{error.code().name}: {error.details()}"
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task and task.cancelling():
                raise
            return "CANCELLED"  # by the service, for which grpc.aio has the same exception
        except Exception as error:  # what was heard before it stays
            return str(error)
        return "the service ended the watch"

    def _channel(self) -> grpc.aio.Channel:
        if self._credentials is None:
            return grpc.aio.insecure_channel(self._address, CHANNEL_OPTIONS)
        return grpc.aio.secure_channel(self._address, self._credentials, CHANNEL_OPTIONS)

    async def _listen(self, channel: grpc.aio.Channel, since: dt.date, *, wait_for_ready: bool) -> None:
        """Until the service ends it."""
        request = WatchStockRequest(since=date_pb2.Date(year=since.year, month=since.month, day=since.day))
        async for message in HistoryServiceStub(channel).WatchStock(request, wait_for_ready=wait_for_ready):
            if not self.connected:
                self.connected, self._last_problem = True, None
                _log.info("history connected", address=self._address, since=str(since))
            number = self._counts.number
            for taken, count in enumerate(message.counts, 1):
                self._take(count)
                if taken % TAKEN_AT_ONCE == 0:
                    await asyncio.sleep(0)
            if self._counts.number > number:
                self._when_newer()
            if message.complete:
                self._settled.set()

    def _take(self, count: StockCount) -> None:
        """One that is none is left out; it keeps no other from being heard."""
        try:
            self._counts.add(count.product_id, _day(count), _units(count))
        except ValueError as error:
            _log.error("count not taken", product_id=count.product_id, error=str(error))

    def _lose(self, problem: str) -> None:
        """Said once for as long as it stays the same."""
        self.connected = False
        self._settled.set()
        if problem != self._last_problem:
            self._last_problem = problem
            _log.warning("history not connected", address=self._address, error=problem, goes_on="with what was heard")


def _day(count: StockCount) -> dt.date:
    day = count.counted_on
    return dt.date(day.year, day.month, day.day)


def _units(count: StockCount) -> float:
    if not (math.isfinite(count.units_on_hand) and count.units_on_hand >= 0):
        raise ValueError(f"units_on_hand is {count.units_on_hand}, and must be finite and at least 0")
    return count.units_on_hand
