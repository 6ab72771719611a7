"""One loaded snapshot, ready to answer; and the place that holds the current one."""

from pathlib import Path

from stockout.v1.provenance_pb2 import Provenance

from data import snapshot as snapshots
from data.snapshot import Snapshot
from feature_service.server import wire
from feature_service.server.assessor import Assessor
from feature_service.server.errors import InvalidFieldError, NotLoadedError
from feature_service.server.questions import FeatureQuestion, RiskQuestion
from training.bundle import Bundle


class ServingSnapshot:
    """A snapshot with its model, scored; immutable but for the cache of encoded answers."""

    def __init__(self, snapshot: Snapshot, bundle: Bundle) -> None:
        self.id = snapshot.id
        self.assessor = Assessor(snapshot, bundle)
        self.model, self.published_at = snapshot.model, snapshot.published_at
        self._contract = bundle.contract
        self._head = wire.risk_head(self._provenance(self.assessor.newest))
        self._entries = wire.RiskEntries(self.assessor)

    @classmethod
    def load(cls, root: Path) -> "ServingSnapshot":
        """Read, verify and score the snapshot that is published in ``root``.

        Raises:
            StockoutError: If there is none, or it cannot be served.
        """
        snapshot = snapshots.load(root, snapshots.current_id(root))
        return cls(snapshot, Bundle.load(snapshot.bundle_dir))

    def risks(self, question: RiskQuestion) -> bytes:
        """An encoded AssessStockoutRisksResponse.

        Raises:
            InvalidFieldError: If the model does not cover the horizon.
            AsOfOutOfRangeError: If the snapshot does not hold the week.
        """
        horizon_weeks = self._contract.label.horizon_weeks
        if question.horizon_weeks not in (0, horizon_weeks):
            raise InvalidFieldError("horizon_weeks", f"must be 0 or {horizon_weeks}, the horizon of the model")
        column = self.assessor.column(question.as_of)
        if column == self.assessor.newest:
            return b"".join([self._head, *map(self._entries.__getitem__, question.product_ids)])
        answers = self.assessor.risks(question.product_ids, column)
        head = wire.risk_head(self._provenance(column))
        return b"".join([head, *map(wire.risk_entry, question.product_ids, answers)])

    def features(self, question: FeatureQuestion) -> bytes:
        """An encoded GetFeaturesResponse.

        Raises:
            InvalidFieldError: If the feature set is not the model's.
            AsOfOutOfRangeError: If the snapshot does not hold the week.
        """
        feature_set = self.assessor.feature_set
        if question.feature_set not in ("", feature_set.name):
            raise InvalidFieldError(
                "feature_set", f"must be empty or {feature_set.name!r}, the feature set of the model"
            )
        column = self.assessor.column(question.as_of)
        answers = self.assessor.features(question.product_ids, column)
        return wire.features_response(
            self._provenance(column), feature_set.feature_names, question.product_ids, answers
        )

    def _provenance(self, column: int) -> Provenance:
        return wire.provenance_of(self.id, self.model, self._contract, self.assessor.week(column))


class CurrentSnapshot:
    """Holds the snapshot to answer from. A call takes it once and keeps it to its end."""

    def __init__(self) -> None:
        self._serving: ServingSnapshot | None = None

    def swap_in(self, serving: ServingSnapshot) -> None:
        """Answer from ``serving`` from now on."""
        self._serving = serving

    def get(self) -> ServingSnapshot:
        """The snapshot to answer from.

        Raises:
            NotLoadedError: If none is loaded yet.
        """
        if self._serving is None:
            raise NotLoadedError
        return self._serving
