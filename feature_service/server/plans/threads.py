"""The database of the plans, used from threads of its own, so that no other call waits for it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import structlog

from data.errors import DataError
from data.plans import errors
from data.plans.store import Plans
from data.state.database import check_url, open_database
from feature_service.server.plan_errors import (
    PlanChangedError,
    PlansBusyError,
    PlansUnavailableError,
    RequestClashError,
)

Result = TypeVar("Result")

AT_ONCE = 4
"""Calls that use the database at a time; SQLite lets one of them write."""

MOST_WAITING = 200
"""Calls that wait for it or use it."""

WAIT_S = 5
"""For a lock, a statement or a connection; then the call is refused, and its client tries again."""

_log = structlog.stdlib.get_logger("stockout.plans")


class PlanThreads:
    """Opens the database when it can, and runs work on it. Used by one event loop only.

    Args:
        url: As of ``open_database``.
    Raises:
        StateError: If the URL is none.
    """

    def __init__(self, url: str) -> None:
        check_url(url)
        self._url = url
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="plans")
        self._opening: asyncio.Future[Plans] | None = None
        self._waiting = 0

    async def open(self) -> None:
        """Open the database ahead of the calls. If that fails they try again, since risks are answered without it."""
        try:
            await self._opened()
        except (DataError, OSError, TimeoutError) as error:
            _log.error("the database of the plans cannot be opened yet", error=str(error))

    async def run(self, work: Callable[[Plans], Result]) -> Result:
        """What ``work`` gives, run in a thread.

        Raises:
            AnswerError: If the database cannot be used, or the work fails in a way that a client should know of.
        """
        if self._waiting >= MOST_WAITING:
            raise PlansBusyError(MOST_WAITING)
        self._waiting += 1
        try:
            plans = await self._opened()
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, plans)
        except errors.PlanChangedError as error:
            last = error.plan.standing.last
            who, when = (last.author, last.decided_at) if last else ("", None)
            raise PlanChangedError(str(error), error.plan.etag, error.plan.state, who, when) from error
        except errors.DecisionClashError as error:
            raise RequestClashError(str(error), error.request_id) from error
        except (DataError, OSError) as error:  # TimeoutError is one of the latter
            raise PlansUnavailableError(error) from error
        finally:
            self._waiting -= 1

    async def _opened(self) -> Plans:
        """One call opens it and the others wait for that, for a while: a migration may wait for a load to end."""
        if self._opening is None or (self._opening.done() and self._failed(self._opening)):
            self._opening = asyncio.get_running_loop().run_in_executor(self._threads, self._open)
        try:
            return await asyncio.wait_for(asyncio.shield(self._opening), WAIT_S)
        except TimeoutError:
            raise TimeoutError("the database of the plans is still being opened") from None

    def _open(self) -> Plans:
        return Plans(open_database(self._url, WAIT_S))

    def _failed(self, opening: "asyncio.Future[Plans]") -> bool:
        return opening.cancelled() or opening.exception() is not None
