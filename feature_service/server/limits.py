"""Refuse early: what comes too late, too often, or on top of too much."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Protocol

from feature_service.server.errors import DeadlinePassedError, TooManyStreamsError


class HasDeadline(Protocol):
    """A call's context, as far as it matters here."""

    def time_remaining(self) -> float | None:
        """Seconds until the deadline; None without one."""
        ...


def check_deadline(context: HasDeadline) -> None:
    """Nothing is begun for a client that no longer waits.

    Raises:
        DeadlinePassedError: If the deadline has passed.
    """
    remaining_s = context.time_remaining()
    if remaining_s is not None and remaining_s <= 0:
        raise DeadlinePassedError


class StreamLimit:
    """Counts the open response streams. Used by one event loop only, so it needs no lock."""

    def __init__(self, max_streams: int) -> None:
        self._max_streams = max_streams
        self._open = 0

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Hold one of the streams until the block ends.

        Raises:
            TooManyStreamsError: If all are taken; nothing waits for one.
        """
        if self._open >= self._max_streams:
            raise TooManyStreamsError(self._max_streams)
        self._open += 1
        try:
            yield
        finally:
            self._open -= 1


class TokenBucket:
    """Lets ``per_second`` calls a second through in the long run, and ``burst`` at once after a pause.

    Args:
        clock: Seconds that only grow, so that a changed wall clock neither opens nor closes it.
    """

    def __init__(self, per_second: float, burst: int, clock: Callable[[], float] = monotonic) -> None:
        self._per_second, self._burst, self._clock = per_second, float(burst), clock
        self._left, self._at = self._burst, clock()

    def take(self) -> bool:
        """Whether one more call may pass now; if so, it counts."""
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._at) * self._per_second)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
