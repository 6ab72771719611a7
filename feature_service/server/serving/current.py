"""The place that holds the snapshot to answer from, and for a while what came before it."""

import asyncio
from time import monotonic

from feature_service.server.errors import DrainingError, NotLoadedError, PageTokenExpiredError
from feature_service.server.serving.page_token import PageToken
from feature_service.server.serving.snapshot import ServingSnapshot
from feature_service.server.serving.track_records import KnownRecord


class CurrentSnapshot:
    """Holds the snapshot to answer from. A call takes it once and keeps it to its end.

    Args:
        max_age_s: Age of the data, by its last record, from which it is stale; None is never.

    Attributes:
        track_record: How past answers turned out.
    """

    KEEP_REPLACED_S = 600.0
    """The snapshot before stays this long, for those who walk through its pages."""
    MAX_REPLACED = 16
    """As many stay: the snapshot before, and states with other counts that somebody walks through."""

    def __init__(self, max_age_s: float | None = None) -> None:
        self.track_record = KnownRecord()
        self._serving: ServingSnapshot | None = None
        self._replaced: list[tuple[ServingSnapshot, float]] = []
        self._max_age_s = max_age_s
        self._closed = False
        self._changed = asyncio.Event()

    def swap_in(self, serving: ServingSnapshot) -> None:
        """Answer from ``serving`` from now on."""
        before = self._serving
        if before is not None:
            self._keep(before, serving)
            if before.id == serving.id:
                serving.take_over(before)
        self._serving = serving
        self.note_age()
        self._wake()

    def get(self) -> ServingSnapshot:
        """The snapshot to answer from.

        Raises:
            NotLoadedError: If none is loaded yet.
        """
        if self._serving is None:
            raise NotLoadedError
        return self._serving

    @property
    def is_loaded(self) -> bool:
        """Whether there is a snapshot to answer from."""
        return self._serving is not None

    def holds(self, snapshot_id: str) -> bool:
        """Whether a walk through that snapshot's pages can go on here."""
        kept = (self._serving, *(each for each, _ in self._replaced))
        return any(each is not None and each.id == snapshot_id for each in kept)

    def of_page(self, token: str) -> ServingSnapshot:
        """The snapshot whose list a page token walks through; without one the newest.

        Raises:
            InvalidFieldError: If it is no page token.
            PageTokenExpiredError: If that snapshot is no longer kept.
        """
        newest = self.get()
        if not token:
            return newest
        read = PageToken.read(token)
        for each in (newest, *(each for each, _ in self._replaced)):
            if (each.id, each.counts_version) == (read.snapshot_id, read.counts_version):
                return each
        raise PageTokenExpiredError(read.snapshot_id)

    async def next(self, seen: ServingSnapshot) -> ServingSnapshot:
        """The snapshot to answer from as soon as it is another one than ``seen``.

        Raises:
            DrainingError: If the server stops before.
        """
        while (newest := self.get()) is seen and not self._closed:
            await self._changed.wait()
        if self._closed:
            raise DrainingError
        return newest

    def close(self) -> None:
        """Let nobody wait for a newer snapshot any longer."""
        self._closed = True
        self._wake()

    def forget_unasked(self) -> None:
        """Free what was replaced once it was kept long enough, and snapshots of past weeks that nobody asked since."""
        oldest = monotonic() - self.KEEP_REPLACED_S
        self._replaced = [each for each in self._replaced if each[1] >= oldest]
        for serving in (self._serving, *(each for each, _ in self._replaced)):
            if serving is not None:
                serving.forget_unasked()

    def note_age(self) -> bool:
        """Whether the data is stale by now; answers say so from now on."""
        serving = self.get()
        stale = self._max_age_s is not None and serving.ages.data_s > self._max_age_s
        if stale != serving.stale:
            serving.set_stale(stale)
        return stale

    def _keep(self, before: ServingSnapshot, after: ServingSnapshot) -> None:
        """Of the same snapshot with other counts, only what somebody walks through: counts may come all the time."""
        if before.id != after.id:
            self._replaced = [each for each in self._replaced if each[0].id == before.id]
        if before.id != after.id or before.now.pages.gave_token:
            self._replaced = [*self._replaced, (before, monotonic())][-self.MAX_REPLACED :]

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
