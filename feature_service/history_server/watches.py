"""Watches of the counts that are recorded: each asks the database what came since it last told."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

from data.errors import DataError
from data.history.events import RecordedCount, newest_counts, newest_load_of_counts
from data.state.database import Database
from feature_service.history_server.recorder import answer_error
from feature_service.server.errors import DrainingError

MOST_IN_MESSAGE = 10_000


class Told(NamedTuple):
    """A message of a watch."""

    counts: Sequence[RecordedCount]
    complete: bool


class Watches:
    """Tells each watch of what any process commits to the history. Used by one event loop only."""

    def __init__(self, state: Database) -> None:
        self._state = state
        self._changed = asyncio.Event()
        self._open = 0
        self._newest = 0
        self._is_closed = False

    def notify(self) -> None:
        """Something was committed: let every watch look."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def look(self) -> None:
        """Notify if another process committed a count; asks nobody while nobody watches."""
        if not self._open:
            return
        newest = await asyncio.to_thread(self._newest_load)
        if newest != self._newest:
            self._newest = newest
            self.notify()

    def close(self) -> None:
        """End every watch."""
        self._is_closed = True
        self.notify()

    async def watch(self, since: dt.date) -> AsyncIterator[Told]:
        """The newest count of every product of this day or a later one, then those that are newer, at each commit.

        Raises:
            HistoryUnavailableError: If the state cannot be read.
            DrainingError: If the server drains.
        """
        self._open += 1
        try:
            last, is_first = 0, True
            while not self._is_closed:
                changed = self._changed  # before the look, so that no commit falls between the two
                last, counts = await self._counts_after(last, since)
                if is_first or counts:
                    for start in range(0, max(len(counts), 1), MOST_IN_MESSAGE):
                        page = counts[start : start + MOST_IN_MESSAGE]
                        yield Told(page, complete=not is_first or start + MOST_IN_MESSAGE >= len(counts))
                is_first = False
                await changed.wait()
            raise DrainingError
        finally:
            self._open -= 1

    async def _counts_after(self, load: int, since: dt.date) -> tuple[int, Sequence[RecordedCount]]:
        def ask() -> tuple[int, Sequence[RecordedCount]]:
            with self._state.connect() as connection:
                newest = newest_load_of_counts(connection)
                return newest, newest_counts(connection, since, load, newest) if newest > load else []

        try:
            return await asyncio.to_thread(ask)
        except (DataError, OSError) as error:
            raise answer_error(error) from error

    def _newest_load(self) -> int:
        with self._state.connect() as connection:
            return newest_load_of_counts(connection)
