"""One loaded snapshot, ready to answer."""

import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Iterable, Iterator, Sequence
from copy import copy
from pathlib import Path

import numpy as np
from stockout.v1.provenance_pb2 import Provenance

from data import snapshots
from data.snapshots import Snapshot
from feature_service.bundle import Bundle, LabelContract
from feature_service.server.errors import InvalidFieldError
from feature_service.server.scoring.assessor import Assessor
from feature_service.server.scoring.queries import FeatureQuery, ListQuery, RiskQuery
from feature_service.server.scoring.ranked_list import Categories
from feature_service.server.scoring.recount import first_day_of_counts, newer_counts
from feature_service.server.scoring.scorer import Scorer
from feature_service.server.serving import responses
from feature_service.server.serving.ages import Ages
from feature_service.server.serving.computing import compute_in_thread
from feature_service.server.serving.count_log import StockCount
from feature_service.server.serving.newest_week import NewestWeek
from feature_service.server.serving.past_models import AnsweringModel, PastModels
from feature_service.shards import Shard

PER_MESSAGE = 1000
"""Products in one message of a stream: some 100 kB, so that one slow reader holds no more than a few of them."""

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

    def __init__(self, snapshot: Snapshot, bundle: Bundle, root: Path) -> None:
        self.id, self.shard = snapshot.id, snapshot.shard
        assessor = Assessor(snapshot, bundle)
        self.model, self.published_at = snapshot.model, snapshot.published_at
        self.serving_since = dt.datetime.now(dt.UTC)
        self.ages = Ages(snapshot.published_at, snapshot.panel.data_until, self.serving_since)
        self._snapshot, self._contract = snapshot, bundle.contract
        self._past_models = PastModels(root, snapshot, assessor.scorer)
        self.without_counts: ServingSnapshot | None = None
        self.counts_number = 0
        writer, categories = responses.Writer(assessor), Categories(snapshot.panel.categories)
        self.now = NewestWeek(assessor, writer, self._contract, categories)
        self.set_stale(False)
        snapshot.panel.release()  # the newest week is answered without it

    @classmethod
    def load(cls, root: Path, snapshot_id: str | None = None, shard: Shard | None = None) -> "ServingSnapshot":
        """Read, verify and score a snapshot or a shard of it, by default of the one that is published in ``root``.

        Raises:
            StockoutError: If there is none, or it cannot be served.
        """
        snapshot = snapshots.load(root, snapshot_id or snapshots.current_id(root), shard)
        bundle = Bundle.load(snapshot.bundle_dir)
        return cls(snapshot, bundle.with_threshold(snapshot.alerts.threshold) if snapshot.alerts else bundle, root)

    @property
    def assessor(self) -> Assessor:
        """Has the products and their answers."""
        return self.now.assessor

    @property
    def data_warnings(self) -> tuple[str, ...]:
        """What was taken of the data though it looks wrong, a sentence each."""
        return self._snapshot.warnings

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
        self._newest_features_head = self._features_head(self.assessor.newest)

    def risks(self, query: RiskQuery) -> bytes | Awaitable[bytes]:
        """An encoded AssessStockoutRisksResponse; what takes long is made in a thread, so that no call waits for it.

        Raises:
            InvalidFieldError: If the model does not cover the horizon.
            AsOfOutOfRangeError: If the snapshot does not hold the week.
        """
        horizon_weeks = self._contract.label.horizon_weeks
        if query.horizon_weeks not in (0, horizon_weeks):
            raise InvalidFieldError("horizon_weeks", f"must be 0 or {horizon_weeks}, the horizon of the model")
        column = self.assessor.column(query.as_of)
        if column != self.assessor.newest:
            return compute_in_thread(self._past_risks, query, column)
        if query.caller_stock is None:
            return b"".join([self.head, *self.entries(query.product_ids)])
        if len(query.product_ids) > COMPUTED_IN_PASSING:
            return compute_in_thread(self._risks_with_stock, query)
        return self._risks_with_stock(query)

    def known_risks(self, product_ids: Iterable[str]) -> bytes | None:
        """The encoded risk response for the newest week, if all of it is encoded already; see :class:`Entries`."""
        return self.now.risks.joined(self.head, product_ids)

    def known_features(self, product_ids: Iterable[str]) -> bytes | None:
        """The encoded features response for the newest week, if all of it is encoded already; see :class:`Entries`."""
        return self.now.features.joined(self._newest_features_head, product_ids)

    def entries(self, product_ids: Sequence[str]) -> Iterator[bytes]:
        """What a response holds of each product, for the newest week."""
        return map(self.now.risks.__getitem__, product_ids)

    async def all_risks(self, as_of: dt.date | None) -> AsyncIterator[bytes]:
        """Every product, as encoded StreamStockoutRisksResponses.

        Raises:
            AsOfOutOfRangeError: If the snapshot does not hold the week.
        """
        column = self.assessor.column(as_of)
        if column == self.assessor.newest:
            head = self.head
            for rows in self._messages():
                yield head + b"".join(self.now.risks.of(rows))
                head = b""
            return
        answering = await compute_in_thread(self._past_models.of, self.assessor.week(column))
        head = responses.risk_head(self.provenance(column, answering))
        for rows in self._messages():
            yield head + await compute_in_thread(self._past_entries, rows, column, answering.scorer)
            head = b""

    def page(self, query: ListQuery) -> bytes:
        """An encoded ListStockoutRisksResponse; a page token must be one of this snapshot with its counts.

        Raises:
            InvalidFieldError: If the page token was given for another query.
        """
        return self.now.pages.page(query, self.provenance())

    def features(self, query: FeatureQuery) -> bytes | Awaitable[bytes]:
        """An encoded GetFeaturesResponse; of a past week it is made in a thread, so that no call waits for it.

        Raises:
            InvalidFieldError: If the feature set is not the model's.
            AsOfOutOfRangeError: If the snapshot does not hold the week.
        """
        column = self._feature_column(query.feature_set, query.as_of)
        if column == self.assessor.newest:
            return b"".join([self._newest_features_head, *map(self.now.features.__getitem__, query.product_ids)])
        return compute_in_thread(self._past_features, query.product_ids, column)

    async def all_features(self, feature_set: str, as_of: dt.date | None) -> AsyncIterator[bytes]:
        """Every product, as encoded StreamFeaturesResponses.

        Raises:
            InvalidFieldError: If the feature set is not the model's.
            AsOfOutOfRangeError: If the snapshot does not hold the week.
        """
        column = self._feature_column(feature_set, as_of)
        head = self._features_head(column)
        for rows in self._messages():
            product_ids = self.assessor.panel.product_ids[rows]
            yield head + await compute_in_thread(self.now.writer.features, product_ids, column)
            head = b""

    def provenance(self, column: int | None = None, answering: AnsweringModel | None = None) -> Provenance:
        """What answers for a week rest on; by default the newest, and this snapshot's own model."""
        week = self.assessor.week(self.assessor.newest if column is None else column)
        model, contract, alerts = self.model, self._contract, self._snapshot.alerts
        if answering is not None:
            model, contract, alerts = answering.model, answering.scorer.contract, answering.alerts
        provenance = responses.provenance_of(self._snapshot, model, contract, week, self.stale)
        provenance.alert_policy = alerts.policy if alerts else ""
        provenance.question, provenance.counts_version = self.question, self.counts_version
        return provenance

    def _risks_with_stock(self, query: RiskQuery) -> bytes:
        newest, scorer = self.assessor.newest, self.assessor.scorer
        return self.head + self.now.writer.risks(query.product_ids, newest, scorer, query.caller_stock)

    def _past_risks(self, query: RiskQuery, column: int) -> bytes:
        answering = self._past_models.of(self.assessor.week(column))
        head = responses.risk_head(self.provenance(column, answering))
        return head + self.now.writer.risks(query.product_ids, column, answering.scorer, query.caller_stock)

    def _past_features(self, product_ids: Sequence[str], column: int) -> bytes:
        return self._features_head(column) + self.now.writer.features(product_ids, column)

    def _past_entries(self, rows: slice, column: int, scorer: Scorer) -> bytes:
        numbers = np.arange(*rows.indices(len(self.assessor)))
        return b"".join(self.now.writer.risk_entries(self.assessor.answers(numbers, column, scorer)))

    def _messages(self) -> Iterator[slice]:
        """At least one, so that a stream of nothing says what it rests on."""
        return (slice(start, start + PER_MESSAGE) for start in range(0, max(1, len(self.assessor)), PER_MESSAGE))

    def _feature_column(self, set_name: str, as_of: dt.date | None) -> int:
        ours = self.assessor.inputs.feature_set.name
        if set_name not in ("", ours):
            raise InvalidFieldError("feature_set", f"must be empty or {ours!r}, the feature set of the model")
        return self.assessor.column(as_of)

    def _features_head(self, column: int) -> bytes:
        return responses.features_head(self.provenance(column), self.assessor.inputs.feature_set.feature_names)
