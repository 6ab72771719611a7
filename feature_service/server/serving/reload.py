"""Hot reload: looks for a newer snapshot, loads it in a thread, swaps it in between two requests.

A snapshot that cannot be served is refused, logged once and counted, and the one before stays. The age of the data is
taken from the wall clock once, when a snapshot is loaded, and grows with a clock that only goes forward: setting the
machine's clock makes no server stale, or fresh.
"""

import asyncio
import gc
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, perf_counter

import structlog

from data import snapshots
from feature_service.bundle import LabelContract
from feature_service.server.errors import OtherQuestionError
from feature_service.server.serving.current import CurrentSnapshot
from feature_service.server.serving.snapshot import ServingSnapshot

RETRY_SECONDS = 60.0
"""A refused snapshot is tried again after this: a full disk or a network folder may have been the cause."""

_log = structlog.stdlib.get_logger("stockout.reload")


@dataclass(frozen=True)
class ReloadCallbacks:
    """What is called on a change.

    Attributes:
        on_refusal: At each snapshot that cannot be served.
        on_freshness: With whether the data is within its age, where that has changed.
    """

    on_refusal: Callable[[], None]
    on_freshness: Callable[[bool], Awaitable[None]]


class Reloader:
    """Keeps ``current`` at the snapshot that is published in ``root``."""

    def __init__(self, root: Path, current: CurrentSnapshot, callbacks: ReloadCallbacks) -> None:
        self._root, self._current, self._callbacks = root, current, callbacks
        self._refused: tuple[str, float] | None = None
        self._last_refusal = ""
        self._fresh: bool | None = None

    async def look(self) -> None:
        """Swap a newer snapshot in, if there is one that can be served; tell if the data became too old, or fresh."""
        try:
            published = snapshots.current_id(self._root)
            if published != self._current.get().id and not self._is_refused(published):
                await self._load(published)
        except Exception as error:  # whatever is wrong with it, the one before goes on being served
            self._refuse(error)
        self._current.forget_replaced()
        await self.report_freshness()

    async def report_freshness(self) -> None:
        """Report whether the data is within its age, where that has changed."""
        fresh = not self._current.note_age()
        if fresh != self._fresh:
            self._fresh = fresh
            await self._callbacks.on_freshness(fresh)

    async def _load(self, published: str) -> None:
        began = perf_counter()
        self._refused = published, monotonic() + RETRY_SECONDS
        serving = await asyncio.to_thread(ServingSnapshot.load, self._root, published)
        served = self._current.get().label
        if not serving.label.predicts_the_same_as(served):
            raise OtherQuestionError(published, _in_words(serving.label), _in_words(served))
        self._current.swap_in(serving)
        self._refused, self._last_refusal = None, ""
        gc.freeze()  # as at the start, but without a walk through everything: requests are waiting
        _log.info("reloaded", snapshot_id=serving.id, seconds=round(perf_counter() - began, 3))

    def _is_refused(self, published: str) -> bool:
        return self._refused is not None and self._refused[0] == published and monotonic() < self._refused[1]

    def _refuse(self, error: Exception) -> None:
        sentence = str(error)
        if sentence == self._last_refusal:
            return
        self._last_refusal = sentence
        self._callbacks.on_refusal()
        _log.error("snapshot refused", error=sentence, served=self._current.get().id)


def _in_words(label: LabelContract) -> str:
    return f"{label.name} {label.horizon_weeks} weeks ahead ({label.description})"
