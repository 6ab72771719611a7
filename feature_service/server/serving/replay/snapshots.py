"""The snapshots of past weeks: loaded when first asked for, few at a time, and let go when nobody asks any more."""

import asyncio
from functools import partial
from pathlib import Path
from time import monotonic, perf_counter
from weakref import WeakValueDictionary

import structlog

from feature_service.bundle import LabelContract
from feature_service.server.errors import OtherQuestionError, TooManyPastWeeksError
from feature_service.server.serving.computing import compute_in_thread
from feature_service.server.serving.scored_snapshot import ScoredSnapshot
from feature_service.shards import Shard

_log = structlog.stdlib.get_logger("stockout.replay")

Loading = asyncio.Task[ScoredSnapshot | None]


class PastSnapshots:
    """Past snapshots of one question. Of the event loop alone.

    Args:
        label: What the served snapshot predicts: another question's answers would mean something else.
        shard: The part of the products that is answered for; None for all of them.
    """

    MAX_KEPT = 2
    """Snapshots that stay loaded; each may take as much memory as the one that is served."""
    MAX_ALIVE = 4
    """Snapshots in memory, with those that streams still read though they are no longer kept."""
    KEEP_S = 600.0
    """For as long they stay after somebody last asked."""
    RETRY_S = 60.0
    """One that cannot be used is tried again after this: a full memory or a network folder may have been the cause."""

    def __init__(self, label: LabelContract, shard: Shard | None = None) -> None:
        self._label, self._shard = label, shard
        self._kept: dict[Path, tuple[ScoredSnapshot, float]] = {}  # the one that was asked for last comes last
        self._alive: WeakValueDictionary[Path, ScoredSnapshot] = WeakValueDictionary()
        self._loading: dict[Path, Loading] = {}
        self._refused: dict[Path, tuple[str, float]] = {}
        self._one_at_a_time = asyncio.Lock()

    async def get(self, folder: Path) -> ScoredSnapshot | None:
        """The snapshot in a folder; None if it cannot be used, which is logged once.

        Raises:
            TooManyPastWeeksError: If streams hold so many others that there is no room for it.
        """
        if folder in self._refused and monotonic() < self._refused[folder][1]:
            return None
        found = self._alive.get(folder) or await self._loaded(folder)
        if found is not None:
            self._keep(folder, found)
        return found

    def forget_unasked(self) -> None:
        """Free what nobody asked for a while."""
        oldest = monotonic() - self.KEEP_S
        self._kept = {folder: each for folder, each in self._kept.items() if each[1] >= oldest}

    async def _loaded(self, folder: Path) -> ScoredSnapshot | None:
        """All who ask meanwhile wait for the same loading, which goes on if they leave."""
        loading = self._loading.get(folder)
        if loading is None:
            loading = self._loading[folder] = asyncio.create_task(self._load(folder))
            loading.add_done_callback(partial(self._end_loading, folder))
        return await asyncio.shield(loading)

    async def _load(self, folder: Path) -> ScoredSnapshot | None:
        """One after the other, so that memory peaks for one, and a thread stays free for other calls."""
        async with self._one_at_a_time:
            self._make_room()
            began = perf_counter()
            try:
                scored = await compute_in_thread(self._read, folder)
            except Exception as error:  # whatever is wrong with it, today's snapshot answers
                self._refuse(folder, error)
                return None
            self._alive[folder] = scored
            self._keep(folder, scored)
        _log.info("past snapshot loaded", snapshot_id=folder.name, seconds=round(perf_counter() - began, 3))
        return scored

    def _read(self, folder: Path) -> ScoredSnapshot:
        scored = ScoredSnapshot.load(folder.parent, folder.name, self._shard)
        label = scored.contract.label
        if not label.predicts_the_same_as(self._label):
            raise OtherQuestionError(folder.name, label.description, self._label.description)
        return scored

    def _make_room(self) -> None:
        self._let_go()
        if len(self._alive) >= self.MAX_ALIVE:
            raise TooManyPastWeeksError(len(self._alive))

    def _keep(self, folder: Path, scored: ScoredSnapshot) -> None:
        self._kept.pop(folder, None)
        self._let_go()
        self._kept[folder] = scored, monotonic()

    def _let_go(self) -> None:
        """Of those that were asked for longest ago, until there is room for one."""
        while len(self._kept) >= self.MAX_KEPT:
            del self._kept[next(iter(self._kept))]

    def _end_loading(self, folder: Path, loading: Loading) -> None:
        del self._loading[folder]
        if not loading.cancelled():
            loading.exception()  # nobody may be waiting for it any more

    def _refuse(self, folder: Path, error: Exception) -> None:
        sentence = str(error)
        if self._refused.get(folder, ("", 0.0))[0] != sentence:
            _log.warning("past snapshot not used", snapshot_id=folder.name, error=sentence)
        self._refused[folder] = sentence, monotonic() + self.RETRY_S
