"""A snapshot with its model, every product of its newest week scored: what answers are made of."""

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path

from stockout.v1.provenance_pb2 import Evidence, Provenance

from data import snapshots
from data.snapshots import AlertRule, ModelReference, Snapshot
from feature_service.bundle import Bundle, Contract
from feature_service.kernel import feature_set
from feature_service.server.scoring.assessor import Assessor
from feature_service.server.scoring.scorer import Inputs, Scorer
from feature_service.server.serving import messages, responses
from feature_service.shards import Shard


@dataclass(frozen=True)
class AnsweringModel:
    """A model that answers, which registered one it is, and what an alert is; None for the model's own threshold."""

    model: ModelReference
    scorer: Scorer
    alerts: AlertRule | None


@dataclass(frozen=True, eq=False)
class ScoredSnapshot:
    """A snapshot as it was published: it knows of no count that was recorded since. Threads may share it.

    Attributes:
        snapshot: What was read.
        own: Its own model.
        assessor: Has the products and their answers.
        writer: Writes those.
    """

    snapshot: Snapshot
    own: AnsweringModel
    assessor: Assessor
    writer: responses.Writer
    _other_inputs: dict[str, Inputs] = field(default_factory=dict)

    @classmethod
    def load(cls, root: Path, snapshot_id: str, shard: Shard | None = None) -> "ScoredSnapshot":
        """Read, verify and score one of the snapshots in ``root``, or a shard of it.

        Raises:
            StockoutError: If it is not there, or cannot be served.
        """
        snapshot = snapshots.load(root, snapshot_id, shard)
        return cls.of(snapshot, Bundle.load(snapshot.bundle_dir))

    @classmethod
    def of(cls, snapshot: Snapshot, bundle: Bundle) -> "ScoredSnapshot":
        """Score a snapshot that was read, by its model."""
        assessor = Assessor(snapshot, bundle)
        snapshot.panel.release()  # the newest week is answered without it
        own = AnsweringModel(snapshot.model, assessor.scorer, snapshot.alerts)
        return cls(snapshot, own, assessor, responses.Writer(assessor, challenger=snapshot.challenger))

    @property
    def contract(self) -> Contract:
        """Its own model's."""
        return self.own.scorer.contract

    def week(self, column: int) -> dt.date:
        """Monday of a column's week."""
        return self.assessor.week(column)

    def inputs(self, feature_set_name: str) -> Inputs:
        """A feature set over the snapshot's panel: its model's, or another one.

        Raises:
            StockoutError: If there is no such set, or the panel lacks what it is made of.
        """
        own = self.assessor.inputs
        if feature_set_name == own.feature_set.name:
            return own
        if feature_set_name not in self._other_inputs:
            inputs = Inputs(feature_set(feature_set_name), self.snapshot, stock_aware=own.stock_aware)
            self._other_inputs[feature_set_name] = inputs
        return self._other_inputs[feature_set_name]

    def provenance(
        self, column: int, answering: AnsweringModel, *, stale: bool, include_challenger: bool = False
    ) -> Provenance:
        """What the answers of a model for a week rest on; a challenger was there for the newest week alone."""
        contract, line, snapshot = answering.scorer.contract, answering.scorer.alert_line, self.snapshot
        has_challenger = include_challenger and column == self.assessor.newest
        return Provenance(
            model_name=answering.model.name,
            model_version=answering.model.version,
            feature_set=contract.feature_set,
            label=contract.label.name,
            threshold=line.threshold,
            snapshot_id=snapshot.id,
            as_of_week=messages.date_message(self.week(column)),
            horizon_weeks=contract.label.horizon_weeks,
            evidence=Evidence.Value(f"EVIDENCE_{contract.label.evidence}"),
            published_at=messages.timestamp_message(snapshot.published_at),
            stale=stale,
            data_until=messages.date_message(snapshot.panel.data_until),
            alert_policy=answering.alerts.policy if answering.alerts else "",
            data_warnings=len(snapshot.warnings),
            question=contract.label.question,
            challenger=messages.challenger_message(snapshot.challenger) if has_challenger else None,
            alerts_until_relief=line.until_relief,
        )
