"""One loaded snapshot, ready to answer."""

import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Iterable, Iterator, Sequence
from pathlib import Path
from time import monotonic

import numpy as np
from stockout.v1.provenance_pb2 import Provenance

from data import snapshots
from data.snapshots import Snapshot
from feature_service.bundle import Bundle, LabelContract
from feature_service.server.errors import InvalidFieldError
from feature_service.server.scoring.assessor import Assessor
from feature_service.server.scoring.queries import FeatureQuery, ListQuery, RankFilter, RiskQuery
from feature_service.server.scoring.ranked_list import RankedList, sort_keys
from feature_service.server.scoring.scorer import Scorer
from feature_service.server.serving import responses
from feature_service.server.serving.computing import compute_in_thread
from feature_service.server.serving.entries import feature_entries, risk_entries
from feature_service.server.serving.page_token import PageToken, digest
from feature_service.server.serving.past_models import AnsweringModel, PastModels

PER_MESSAGE = 1000
"""Products in one message of a stream: some 100 kB, so that one slow reader holds no more than a few of them."""

COMPUTED_IN_PASSING = 50
"""Products with a caller's own stock that are computed between two other calls: in about a millisecond."""

MAX_KEPT_BYTES = 256 * 1024 * 1024
"""Of encoded risks, and of encoded features: a million products take some 120 MB each, more with reasons."""


class ServingSnapshot:
    """A snapshot with its model, scored; immutable but for what is kept of encoded answers, and its getting stale."""

    def __init__(self, snapshot: Snapshot, bundle: Bundle, root: Path) -> None:
        self.id = snapshot.id
        self.assessor = Assessor(snapshot, bundle)
        self.model, self.published_at = snapshot.model, snapshot.published_at
        self.serving_since = dt.datetime.now(dt.UTC)
        self._age_s = self._since(snapshot.published_at) - monotonic()
        self._data_age_s = self._since(_end_of(snapshot.panel.data_until)) - monotonic()
        self._snapshot, self._contract = snapshot, bundle.contract
        self._past_models = PastModels(root, snapshot, self.assessor.scorer)
        self._writer = responses.Writer(self.assessor)
        self._risks = risk_entries(self.assessor, self._writer, MAX_KEPT_BYTES)
        self._features = feature_entries(self.assessor, self._writer, MAX_KEPT_BYTES)
        scored = self.assessor.probabilities
        figures = self.assessor.figures
        keys = sort_keys(scored, figures.revenue_at_risk, figures.reorder_in_days)
        out_of_stock = self.assessor.stock_outs.worst_first()
        self._ranked_list = RankedList(scored, bundle.contract.threshold, snapshot.panel.categories, keys, out_of_stock)
        self.set_stale(False)

    @classmethod
    def load(cls, root: Path, snapshot_id: str | None = None) -> "ServingSnapshot":
        """Read, verify and score a snapshot, by default the one that is published in ``root``.

        Raises:
            StockoutError: If there is none, or it cannot be served.
        """
        snapshot = snapshots.load(root, snapshot_id or snapshots.current_id(root))
        bundle = Bundle.load(snapshot.bundle_dir)
        return cls(snapshot, bundle.with_threshold(snapshot.alerts.threshold) if snapshot.alerts else bundle, root)

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
    def age_s(self) -> float:
        """Seconds since it was published: by the wall clock when it was loaded, by one that never jumps since."""
        return self._age_s + monotonic()

    @property
    def data_age_s(self) -> float:
        """Seconds since the end (by UTC) of the last day that the data tells of, by the same clocks."""
        return self._data_age_s + monotonic()

    def set_stale(self, stale: bool) -> None:
        """Say in every answer from now on whether newer data should have come."""
        self.stale = stale
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
        return self._risks.joined(self.head, product_ids)

    def known_features(self, product_ids: Iterable[str]) -> bytes | None:
        """The encoded features response for the newest week, if all of it is encoded already; see :class:`Entries`."""
        return self._features.joined(self._newest_features_head, product_ids)

    def entries(self, product_ids: Sequence[str]) -> Iterator[bytes]:
        """What a response holds of each product, for the newest week."""
        return map(self._risks.__getitem__, product_ids)

    async def all_risks(self, as_of: dt.date | None) -> AsyncIterator[bytes]:
        """Every product, as encoded StreamStockoutRisksResponses.

        Raises:
            AsOfOutOfRangeError: If the snapshot does not hold the week.
        """
        column = self.assessor.column(as_of)
        if column == self.assessor.newest:
            head = self.head
            for rows in self._messages():
                yield head + b"".join(self._risks.of(rows))
                head = b""
            return
        answering = await compute_in_thread(self._past_models.of, self.assessor.week(column))
        head = responses.risk_head(self.provenance(column, answering))
        for rows in self._messages():
            yield head + await compute_in_thread(self._past_entries, rows, column, answering.scorer)
            head = b""

    def page(self, query: ListQuery) -> bytes:
        """An encoded ListStockoutRisksResponse; a page token must be one of this snapshot.

        Raises:
            InvalidFieldError: If the page token was given for another query.
        """
        filter_digest = digest(repr(query.filter).encode())
        first = 0
        if query.page_token:
            token = PageToken.read(query.page_token)
            if token.query != filter_digest:
                raise InvalidFieldError("page_token", "must come with the filters and the order it was given for")
            first = token.offset
        rows = self._listed(query.filter)
        last = min(first + query.page_size, len(rows))
        token_text = PageToken(self.id, filter_digest, last).text() if last < len(rows) else ""
        ranked = self._writer.ranked(self.assessor.newest_answers(rows[first:last].astype(np.intp)), first + 1)
        return responses.list_response(self.provenance(), ranked, token_text, len(rows))

    def features(self, query: FeatureQuery) -> bytes | Awaitable[bytes]:
        """An encoded GetFeaturesResponse; of a past week it is made in a thread, so that no call waits for it.

        Raises:
            InvalidFieldError: If the feature set is not the model's.
            AsOfOutOfRangeError: If the snapshot does not hold the week.
        """
        column = self._feature_column(query.feature_set, query.as_of)
        if column == self.assessor.newest:
            return b"".join([self._newest_features_head, *map(self._features.__getitem__, query.product_ids)])
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
            yield head + await compute_in_thread(self._writer.features, product_ids, column)
            head = b""

    def provenance(self, column: int | None = None, answering: AnsweringModel | None = None) -> Provenance:
        """What answers for a week rest on; by default the newest, and this snapshot's own model."""
        week = self.assessor.week(self.assessor.newest if column is None else column)
        model, contract, alerts = self.model, self._contract, self._snapshot.alerts
        if answering is not None:
            model, contract, alerts = answering.model, answering.scorer.contract, answering.alerts
        provenance = responses.provenance_of(self._snapshot, model, contract, week, self.stale)
        provenance.alert_policy = alerts.policy if alerts else ""
        provenance.question = self.question
        return provenance

    def _since(self, moment: dt.datetime) -> float:
        """Seconds, when it was loaded; of a publisher whose clock is ahead: as young as can be."""
        return max(0.0, (self.serving_since - moment).total_seconds())

    def _risks_with_stock(self, query: RiskQuery) -> bytes:
        newest, scorer = self.assessor.newest, self.assessor.scorer
        return self.head + self._writer.risks(query.product_ids, newest, scorer, query.caller_stock)

    def _past_risks(self, query: RiskQuery, column: int) -> bytes:
        answering = self._past_models.of(self.assessor.week(column))
        head = responses.risk_head(self.provenance(column, answering))
        return head + self._writer.risks(query.product_ids, column, answering.scorer, query.caller_stock)

    def _past_features(self, product_ids: Sequence[str], column: int) -> bytes:
        return self._features_head(column) + self._writer.features(product_ids, column)

    def _past_entries(self, rows: slice, column: int, scorer: Scorer) -> bytes:
        numbers = np.arange(*rows.indices(len(self.assessor)))
        return b"".join(self._writer.risk_entries(self.assessor.answers(numbers, column, scorer)))

    def _messages(self) -> Iterator[slice]:
        """At least one, so that a stream of nothing says what it rests on."""
        return (slice(start, start + PER_MESSAGE) for start in range(0, max(1, len(self.assessor)), PER_MESSAGE))

    def _listed(self, rank_filter: RankFilter) -> "np.ndarray[tuple[int], np.dtype[np.int32]]":
        if rank_filter.evidence not in ("", self._contract.label.evidence):
            return np.empty(0, np.int32)
        return self._ranked_list.rows(rank_filter)

    def _feature_column(self, set_name: str, as_of: dt.date | None) -> int:
        ours = self.assessor.inputs.feature_set.name
        if set_name not in ("", ours):
            raise InvalidFieldError("feature_set", f"must be empty or {ours!r}, the feature set of the model")
        return self.assessor.column(as_of)

    def _features_head(self, column: int) -> bytes:
        return responses.features_head(self.provenance(column), self.assessor.inputs.feature_set.feature_names)


def _end_of(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), dt.UTC)
