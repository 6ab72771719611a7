"""Which model a past week is answered with: the one that answered when that week was new, where it is still here.

Every published snapshot holds the model that was champion at its time. So the folder of snapshots remembers; where it
does not reach back far enough, or an old model cannot be used with today's panel, today's model answers. The
provenance of each answer says which it was.
"""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import structlog

from data.snapshots import AlertRule, ModelReference, Snapshot
from data.snapshots.published_models import PublishedModel, model_of_week, published_models
from feature_service.bundle import Bundle
from feature_service.kernel import StockoutError, feature_set
from feature_service.server.scoring.scorer import Inputs, Scorer

MAX_KEPT = 8
"""Models that are kept loaded."""

_Key = tuple[ModelReference, AlertRule | None]

_log = structlog.stdlib.get_logger("stockout.replay")


@dataclass(frozen=True)
class AnsweringModel:
    """A model that answers, which registered one it is, and what an alert is; None for the model's own threshold."""

    model: ModelReference
    scorer: Scorer
    alerts: AlertRule | None


class PastModels:
    """The models of one snapshot's past weeks; each is loaded when first asked for. Threads may share it.

    Args:
        root: Folder of all snapshots.
        snapshot: The one that is served.
        own: Its own model.
    """

    def __init__(self, root: Path, snapshot: Snapshot, own: Scorer) -> None:
        self._snapshot, self._own = snapshot, AnsweringModel(snapshot.model, own, snapshot.alerts)
        self._models = published_models(root)
        self._kept: dict[_Key, AnsweringModel] = {(snapshot.model, snapshot.alerts): self._own}

    def of(self, week: dt.date) -> AnsweringModel:
        """The model for a past week.

        Args:
            week: Its Monday.
        """
        then = model_of_week(self._models, week)
        if then is None:
            return self._own
        key = then.model, then.alerts
        model = self._kept.get(key)
        if model is None:
            if len(self._kept) > MAX_KEPT:
                self._kept = {(self._snapshot.model, self._snapshot.alerts): self._own}
            model = self._kept[key] = self._loaded(then)
        return model

    def _loaded(self, then: PublishedModel) -> AnsweringModel:
        try:
            bundle = Bundle.load(then.bundle_dir)
            bundle = bundle.with_threshold(then.alerts.threshold) if then.alerts else bundle
            contract, ours = bundle.contract, self._own.scorer
            if not contract.label.predicts_the_same_as(
                ours.contract.label
            ):  # another question: its answers would mean something else
                _log.warning("past model not used", model_version=then.model.version, error="it has another label")
                return self._own
            inputs = ours.inputs
            if contract.feature_set != inputs.feature_set.name:
                inputs = Inputs(feature_set(contract.feature_set), self._snapshot, stock_aware=inputs.stock_aware)
            return AnsweringModel(then.model, Scorer(inputs, bundle), then.alerts)
        except StockoutError as error:
            _log.warning("past model not used", model_version=then.model.version, error=str(error))
            return self._own
