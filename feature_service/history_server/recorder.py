"""Requests wait while a commit runs, and are recorded together in the next one."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

import structlog

from data.errors import DataError, DeliveryError
from data.errors import EventClashError as KnownOtherwiseError
from data.history.events import Event
from data.history.history import History
from data.history.record import Receipt, record
from feature_service.server.errors import AnswerError, DrainingError
from feature_service.server.recording_errors import (
    EventClashError,
    HistoryRefusalError,
    HistoryUnavailableError,
    TooManyWaitingError,
)

MOST_IN_COMMIT = 20_000
"""Events that are committed together: more would make their senders wait longer, and gain little."""

COMMITS_BETWEEN_COMPACTIONS = 100

MOST_WAITING = 100_000
"""Events that wait in memory, some 50 MB."""

_log = structlog.stdlib.get_logger("stockout.history")


class Recorder:
    """Records the events of one process's calls. Used by one event loop only.

    Args:
        history: Is written from a thread.
        time_zone: IANA name of the zone of the clock that the events' days are on.
        on_commit: Called after a commit that brought something new.
    """

    def __init__(self, history: History, time_zone: str, on_commit: Callable[[], None]) -> None:
        self._history, self._time_zone, self._on_commit = history, time_zone, on_commit
        self._waiting: deque[tuple[Sequence[Event], asyncio.Future[Receipt]]] = deque()
        self._events_waiting = 0
        self._came, self._has_room = asyncio.Event(), asyncio.Event()
        self._is_closed = False
        self._commits = 0

    async def record(self, events: Sequence[Event], *, waits_for_room: bool) -> Receipt:
        """What became of a request's events, once they are committed.

        Args:
            events: Of one request.
            waits_for_room: Wait where too many wait already, as a stream can; else the request is refused.
        Raises:
            AnswerError: If they were not recorded.
        """
        while self._events_waiting + len(events) > MOST_WAITING:
            if not waits_for_room:
                raise TooManyWaitingError(MOST_WAITING)
            self._has_room.clear()
            await self._has_room.wait()
        if self._is_closed:
            raise DrainingError
        receipt: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self._waiting.append((events, receipt))
        self._events_waiting += len(events)
        self._came.set()
        return await receipt

    def close(self) -> None:
        """Take no more; what waits is still recorded."""
        self._is_closed = True

    async def run(self) -> None:
        """Commit what waits, again and again, until cancelled."""
        while True:
            await self._came.wait()
            self._came.clear()
            while group := self._next_group():
                await self._commit(group)
                self._commits += 1
                if self._commits % COMMITS_BETWEEN_COMPACTIONS == 1:  # the first too: who restarts often needs it most
                    await self._compact()

    def _next_group(self) -> list[tuple[Sequence[Event], asyncio.Future[Receipt]]]:
        group: list[tuple[Sequence[Event], asyncio.Future[Receipt]]] = []
        events = 0
        while self._waiting and (not group or events + len(self._waiting[0][0]) <= MOST_IN_COMMIT):
            request = self._waiting.popleft()
            self._events_waiting -= len(request[0])
            if not request[1].cancelled():  # else its caller is gone
                group.append(request)
                events += len(request[0])
        self._has_room.set()
        return group

    async def _commit(self, group: Sequence[tuple[Sequence[Event], asyncio.Future[Receipt]]]) -> None:
        requests = [events for events, _ in group]
        results: Sequence[Receipt | Exception]
        try:
            results = await asyncio.to_thread(record, self._history, requests, self._time_zone)
        except Exception as error:  # whatever it is, each caller must hear of it and the next commit be tried
            _log.error("commit failed", requests=len(requests), error=str(error))
            results = [error] * len(group)
        for result, (_, receipt) in zip(results, group, strict=True):
            if receipt.cancelled():
                continue
            if isinstance(result, Receipt):
                receipt.set_result(result)
            else:
                receipt.set_exception(answer_error(result))
        if any(isinstance(result, Receipt) and result.recorded for result in results):
            self._on_commit()

    async def _compact(self) -> None:
        """Put the small files of many commits together; if that fails, nothing is lost and the next one tries again."""
        try:
            await asyncio.to_thread(self._history.compact)
        except Exception as error:
            _log.error("compaction failed", error=str(error))


def answer_error(error: Exception) -> Exception:
    """The error that tells a caller of one of the history's; of another kind it is the same."""
    match error:
        case KnownOtherwiseError():
            answer: AnswerError = EventClashError(str(error), error.event_id)
        case DeliveryError():
            answer = HistoryRefusalError(str(error))
        case DataError() | OSError():
            answer = HistoryUnavailableError(error)
        case _:
            return error
    answer.__cause__ = error
    return answer
