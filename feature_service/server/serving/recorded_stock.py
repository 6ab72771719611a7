"""All that a server does about recorded counts: it hears of them, answers with them, and tells how that stands."""

import datetime as dt

from stockout.v1 import risk_service_pb2

from feature_service.server.serving import messages
from feature_service.server.serving.count_log import CountLog
from feature_service.server.serving.history_watch import HistoryWatch
from feature_service.server.serving.questions import ServedQuestions
from feature_service.server.serving.rescorer import Rescorer
from feature_service.server.serving.snapshot import ServingSnapshot
from feature_service.server.settings import History
from feature_service.shards import Shard


class RecordedStock:
    """Recorded counts, and the history that they come from.

    Args:
        history: Where to hear of them; None if nowhere.
        questions: What is answered with them.
        shard: The part of the products that is answered for; None for all.
    Raises:
        CredentialsError: If a file for the connection cannot be used.
    """

    def __init__(self, history: History | None, questions: ServedQuestions, shard: Shard | None) -> None:
        self._log = CountLog(shard)
        self._rescorer = Rescorer(questions, self._log)
        self._watch: HistoryWatch | None = None
        if history:
            credentials = history.secrets.credentials()
            self._watch = HistoryWatch(history.address, credentials, self._log, self._rescorer.wake)

    @property
    def connected(self) -> bool | None:
        """Whether counts are heard of at the moment; None if there is nowhere to hear of them."""
        return self._watch.connected if self._watch else None

    async def prepare(self, serving: ServingSnapshot) -> ServingSnapshot:
        """The snapshot with the recorded counts that are newer than its own, to be answered from at once."""
        if self._watch is None:
            return serving
        await self._watch.cover(serving.first_day_of_counts)
        return await self._rescorer.prepare(serving)

    async def keep_up(self) -> None:
        """Answer with newer counts whenever there are some, until cancelled."""
        await self._rescorer.run()

    def close(self) -> None:
        """Hear of nothing any longer."""
        if self._watch:
            self._watch.close()

    def info(self, serving: ServingSnapshot) -> risk_service_pb2.RecordedCounts | None:
        """How it stands, as GetServiceInfo tells it."""
        if self._watch is None:
            return None
        info = risk_service_pb2.RecordedCounts(connected=self._watch.connected, products=len(serving.assessor.recorded))
        newest = serving.assessor.recorded.newest_in_days
        if newest is not None:
            info.newest_counted_on.CopyFrom(
                messages.date_message(serving.assessor.last_day + dt.timedelta(days=newest))
            )
        if self._log.heard_at:
            info.heard_at.CopyFrom(messages.timestamp_message(self._log.heard_at))
        return info
