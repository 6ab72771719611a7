"""Keeps what is served at the counts that were recorded.

A batch of counts makes another state of a question's snapshot, in a thread beside the calls; it is answered from as
soon as it is whole. There is one at a time: what comes meanwhile is the next batch.
"""

import asyncio

import structlog

from feature_service.server.serving.count_log import CountLog
from feature_service.server.serving.current import CurrentSnapshot
from feature_service.server.serving.questions import ServedQuestions
from feature_service.server.serving.snapshot import ServingSnapshot

_log = structlog.stdlib.get_logger("stockout.history")


class Rescorer:
    """Brings the snapshots of ``questions`` up to the counts in ``log``."""

    def __init__(self, questions: ServedQuestions, log: CountLog) -> None:
        self._questions, self._log = questions, log
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """There are newer counts."""
        self._woken.set()

    async def run(self) -> None:
        """Answer with newer counts whenever there are some, until cancelled."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            for place in self._questions.loaded():
                try:
                    await self._catch_up(place)
                except Exception as error:  # one question's failure is not another's; the next counts may do
                    _log.error("counts not taken", question=place.get().question, exc_info=error)

    async def prepare(self, serving: ServingSnapshot) -> ServingSnapshot:
        """The snapshot with all counts that are known by now and newer than its own, to be answered from at once."""
        after = await self._with_counts(serving)
        self.wake()  # for those that came meanwhile
        return after

    async def _with_counts(self, serving: ServingSnapshot) -> ServingSnapshot:
        number = self._log.number
        if serving.counts_number == number:
            return serving
        counts = self._log.since(serving.counts_number)
        after = await asyncio.to_thread(serving.with_counts, counts)
        after.counts_number = number
        return after

    async def _catch_up(self, place: CurrentSnapshot) -> None:
        """Another snapshot that was swapped in meanwhile was prepared, and woke us again."""
        before = place.get()
        after = await self._with_counts(before)
        if after is not before and place.get() is before:
            place.swap_in(after)
