"""Which model a past week is answered with where today's snapshot answers: the one of when that week was new.

Every published snapshot holds the model that was champion at its time. So the folder of snapshots remembers; where it
does not reach back far enough, or an old model cannot be used with today's panel, today's model answers. The
provenance of each answer says which it was.
"""

import structlog

from data.snapshots import AlertRule, ModelReference
from data.snapshots.published_models import PublishedModel
from feature_service.bundle import Bundle
from feature_service.kernel import StockoutError
from feature_service.server.scoring.scorer import Scorer
from feature_service.server.serving.scored_snapshot import AnsweringModel, ScoredSnapshot

MAX_KEPT = 8
"""Models that are kept loaded."""

_Key = tuple[ModelReference, AlertRule | None]

_log = structlog.stdlib.get_logger("stockout.replay")


class PastModels:
    """The models of past weeks on today's panel; each is loaded when first asked for. Threads may share it.

    Args:
        today: The snapshot that is served.
    """

    def __init__(self, today: ScoredSnapshot) -> None:
        self._today, self._own = today, today.own
        self._kept: dict[_Key, AnsweringModel] = {(today.own.model, today.own.alerts): today.own}

    def of(self, then: PublishedModel | None) -> AnsweringModel:
        """The model of a past week, by the snapshot that had it; today's where there was none."""
        if then is None:
            return self._own
        key = then.model, then.alerts
        model = self._kept.get(key)
        if model is None:
            if len(self._kept) > MAX_KEPT:
                self._kept = {(self._own.model, self._own.alerts): self._own}
            model = self._kept[key] = self._loaded(then)
        return model

    def _loaded(self, then: PublishedModel) -> AnsweringModel:
        try:
            bundle = Bundle.load(then.bundle_dir)
            contract = bundle.contract
            if not contract.label.predicts_the_same_as(
                self._today.contract.label
            ):  # another question: its answers would mean something else
                _log.warning("past model not used", model_version=then.model.version, error="it has another label")
                return self._own
            inputs = self._today.inputs(contract.feature_set)
            return AnsweringModel(then.model, Scorer(inputs, bundle, then.alerts), then.alerts)
        except StockoutError as error:
            _log.warning("past model not used", model_version=then.model.version, error=str(error))
            return self._own
