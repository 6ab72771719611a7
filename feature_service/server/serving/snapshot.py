"""One loaded snapshot, ready to answer."""

import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Iterable, Iterator, Sequence
from copy import copy
from pathlib import Path

from stockout.v1.provenance_pb2 import Provenance

from data import snapshots
from feature_service.bundle import LabelContract
from feature_service.server.errors import InvalidFieldError
from feature_service.server.scoring.assessor import Assessor
from feature_service.server.scoring.queries import FeatureQuery, ListQuery, RiskQuery
from feature_service.server.scoring.ranked_list import Categories
from feature_service.server.scoring.recount import first_day_of_counts, newer_counts
from feature_service.server.serving import responses
from feature_service.server.serving.ages import Ages
from feature_service.server.serving.computing import compute_in_thread
from feature_service.server.serving.count_log import StockCount
from feature_service.server.serving.newest_week import NewestWeek
from feature_service.server.serving.replay.weeks import PastWeeks
from feature_service.server.serving.scored_snapshot import ScoredSnapshot
from feature_service.shards import Shard

COMPUTED_IN_PASSING = 50
"""Products with a caller's own stock that are computed between two other calls: in about a millisecond."""


class ServingSnapshot:
    """A snapshot with its model, scored; immutable but for what is kept of encoded answers, and its getting stale.

    With recorded counts it is another one of the same id, which shares with it what the counts leave as it is.

    Attributes:
        shard: Which part of the published products is answered for; None for all of them.
        now: The newest week, with its recorded counts.
        without_counts: The same without any; None for itself, since a cycle that is frozen would never be freed.
        counts_number: Up to which number of the log the counts are in.
    """

    def __init__(self, scored: ScoredSnapshot, root: Path) -> None:
        snapshot = scored.snapshot
        self.id, self.shard = snapshot.id, snapshot.shard
        self.model, self.published_at = snapshot.model, snapshot.published_at
        self.serving_since = dt.datetime.now(dt.UTC)
        self.ages = Ages(snapshot.published_at, snapshot.panel.data_until, self.serving_since)
        self._scored, self._contract = scored, scored.contract
        self._past = PastWeeks(root, scored)
        self.without_counts: ServingSnapshot | None = None
        self.counts_number = 0
        self.now = NewestWeek(scored.assessor, scored.writer, self._contract, Categories(snapshot.panel.categories))
        self.set_stale(False)

    @classmethod
    def load(cls, root: Path, snapshot_id: str | None = None, shard: Shard | None = None) -> "ServingSnapshot":
        """Read, verify and score a snapshot or a shard of it, by default of the one that is published in ``root``.

        Raises:
            StockoutError: If there is none, or it cannot be served.
        """
        return cls(ScoredSnapshot.load(root, snapshot_id or snapshots.current_id(root), shard), root)

    @property
    def assessor(self) -> Assessor:
        """Has the products and their answers."""
        return self.now.assessor

    @property
    def data_warnings(self) -> tuple[str, ...]:
        """What was taken of the data though it looks wrong, a sentence each."""
        return self._scored.snapshot.warnings

    @property
    def label(self) -> LabelContract:
        """What the probabilities are of."""
        return self._contract.label

    @property
    def question(self) -> str:
        """What is answered, by its name."""
        return self._contract.label.question

    @property
    def counts_version(self) -> str:
        """Which recorded counts answers stand on; empty for none."""
        return self.assessor.recorded.version

    @property
    def first_day_of_counts(self) -> dt.date:
        """Counts that were recorded for this day and later may be newer than the snapshot's."""
        return first_day_of_counts(self.assessor)

    def as_of(self, day: dt.date | None) -> "ServingSnapshot":
        """What a request is answered from: who gives a day asks for what was known then, without recorded counts."""
        return self if day is None else self.without_counts or self

    def with_counts(self, counts: Sequence[StockCount]) -> "ServingSnapshot":
        """The same snapshot answering with the counts that are newer than its own; itself if none is.

        It may take long. Before it is answered from, it takes over what is kept by :meth:`take_over`.
        """
        newer = newer_counts(self.assessor, ((each.product_id, each.counted_on, each.units_on_hand) for each in counts))
        if not len(newer.rows):
            return self
        after = copy(self)
        after.without_counts = self.without_counts or self
        after.now = self.now.with_counts(newer)
        after.set_stale(self.stale)
        return after

    def take_over(self, before: "ServingSnapshot") -> None:
        """Go on keeping what ``before`` has encoded, which this was made of."""
        self.now.take_over(before.now)

    def set_stale(self, stale: bool) -> None:
        """Say in every answer from now on whether newer data should have come."""
        self.stale = stale
        if self.without_counts:
            self.without_counts.set_stale(stale)
        self.head = responses.risk_head(self.provenance())
        self._newest_features_head = responses.features_head(
            self.provenance(), self.assessor.inputs.feature_set.feature_names
        )

    def forget_unasked(self) -> None:
        """Free the snapshots of past weeks that nobody asked for a while."""
        self._past.forget_unasked()

    def risks(self, query: RiskQuery) -> bytes | Awaitable[bytes]:
        """An encoded AssessStockoutRisksResponse; what takes long is made in a thread, so that no call waits for it.

        Raises:
            InvalidFieldError: If the model does not cover the horizon.
            AsOfOutOfRangeError: If the snapshot does not hold the week.
            TooManyPastWeeksError: If there is no room for the snapshot of the week.
        """
        horizon_weeks = self._contract.label.horizon_weeks
        if query.horizon_weeks not in (0, horizon_weeks):
            raise InvalidFieldError("horizon_weeks", f"must be 0 or {horizon_weeks}, the horizon of the model")
        column = self.assessor.column(query.as_of)
        if column != self.assessor.newest:
            return self._past.risks(query, column, stale=self.stale)
        if query.caller_stock is None and not query.include_challenger:
            return b"".join([self.head, *self.entries(query.product_ids)])
        if len(query.product_ids) > COMPUTED_IN_PASSING:
            return compute_in_thread(self._risks_on_the_spot, query)
        return self._risks_on_the_spot(query)

    def known_risks(self, product_ids: Iterable[str]) -> bytes | None:
        """The encoded risk response for the newest week, if all of it is encoded already; see :class:`Entries`."""
        return self.now.risks.joined(self.head, product_ids)

    def known_features(self, product_ids: Iterable[str]) -> bytes | None:
        """The encoded features response for the newest week, if all of it is encoded already; see :class:`Entries`."""
        return self.now.features.joined(self._newest_features_head, product_ids)

    def entries(self, product_ids: Sequence[str]) -> Iterator[bytes]:
        """What a response holds of each product, for the newest week."""
        return map(self.now.risks.__getitem__, product_ids)

    def entries_with_challenger(self, product_ids: Sequence[str]) -> list[bytes]:
        """The same with what the challenger gives, which nobody keeps: it may take long."""
        return self.now.writer.including(challenger=True).newest_entries(product_ids)

    def head_with_challenger(self) -> bytes:
        """What such a response begins with."""
        return responses.risk_head(self.provenance(include_challenger=True))

    async def all_risks(self, as_of: dt.date | None, *, include_challenger: bool = False) -> AsyncIterator[bytes]:
        """Every product, as encoded StreamStockoutRisksResponses.

        Raises:
            AsOfOutOfRangeError: If the snapshot does not hold the week.
        """
        column = self.assessor.column(as_of)
        if column != self.assessor.newest:
            async for message in self._past.all_risks(column, stale=self.stale, include_challenger=include_challenger):
                yield message
            return
        head = self.head_with_challenger() if include_challenger else self.head
        for rows in responses.message_rows(len(self.assessor)):
            if include_challenger:
                product_ids = self.assessor.panel.product_ids[rows]
                entries = await compute_in_thread(self.entries_with_challenger, product_ids)
            else:
                entries = self.now.risks.of(rows)
            yield head + b"".join(entries)
            head = b""

    def page(self, query: ListQuery) -> bytes:
        """An encoded ListStockoutRisksResponse; a page token must be one of this snapshot with its counts.

        Raises:
            InvalidFieldError: If the page token was given for another query.
        """
        return self.now.pages.page(query, self.provenance(include_challenger=query.include_challenger))

    def features(self, query: FeatureQuery) -> bytes | Awaitable[bytes]:
        """An encoded GetFeaturesResponse; of a past week it is made in a thread, so that no call waits for it.

        Raises:
            InvalidFieldError: If the feature set is not the model's.
            AsOfOutOfRangeError: If the snapshot does not hold the week.
        """
        column = self.assessor.column(query.as_of)
        if column != self.assessor.newest:
            return self._past.features(query, column, stale=self.stale)
        self._check_feature_set(query.feature_set)
        return b"".join([self._newest_features_head, *map(self.now.features.__getitem__, query.product_ids)])

    async def all_features(self, feature_set: str, as_of: dt.date | None) -> AsyncIterator[bytes]:
        """Every product, as encoded StreamFeaturesResponses.

        Raises:
            InvalidFieldError: If the feature set is not the model's.
            AsOfOutOfRangeError: If the snapshot does not hold the week.
        """
        column = self.assessor.column(as_of)
        if column == self.assessor.newest:
            self._check_feature_set(feature_set)
            head = self._newest_features_head
            for rows in responses.message_rows(len(self.assessor)):
                product_ids = self.assessor.panel.product_ids[rows]
                yield head + await compute_in_thread(self.now.writer.features, product_ids, column)
                head = b""
            return
        async for message in self._past.all_features(feature_set, column, stale=self.stale):
            yield message

    def provenance(self, *, include_challenger: bool = False) -> Provenance:
        """What answers for the newest week rest on."""
        provenance = self._scored.provenance(
            self.assessor.newest, self._scored.own, stale=self.stale, include_challenger=include_challenger
        )
        provenance.counts_version = self.counts_version
        return provenance

    def _risks_on_the_spot(self, query: RiskQuery) -> bytes:
        head = self.head_with_challenger() if query.include_challenger else self.head
        writer = self.now.writer.including(challenger=query.include_challenger)
        if query.caller_stock is None:
            return head + b"".join(writer.newest_entries(query.product_ids))
        newest, scorer = self.assessor.newest, self.assessor.scorer
        return head + writer.risks(query.product_ids, newest, scorer, query.caller_stock)

    def _check_feature_set(self, name: str) -> None:
        ours = self._contract.feature_set
        if name not in ("", ours):
            raise InvalidFieldError("feature_set", f"must be empty or {ours!r}, the feature set of the model")
