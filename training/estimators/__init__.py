"""What can be fitted: each kind of model in a file of its own, each ending as one ONNX graph."""

from collections.abc import Mapping
from typing import Any

from feature_service.kernel import FloatArray
from training.errors import UnknownEstimatorError
from training.estimators.blend import BLEND
from training.estimators.boosters import LIGHTGBM, XGBOOST
from training.estimators.forest import RANDOM_FOREST
from training.estimators.interface import Estimator, Fitted
from training.estimators.logistic import LOGISTIC_REGRESSION

ESTIMATORS: Mapping[str, Estimator] = {
    each.name: each for each in (RANDOM_FOREST, LIGHTGBM, XGBOOST, LOGISTIC_REGRESSION, BLEND)
}

__all__ = ["ESTIMATORS", "Estimator", "Fitted", "estimator", "fit"]


def estimator(name: str) -> Estimator:
    """The estimator of that name.

    Raises:
        UnknownEstimatorError: If there is none.
    """
    try:
        return ESTIMATORS[name]
    except KeyError:
        raise UnknownEstimatorError(name, ESTIMATORS) from None


def fit(name: str, parameters: Mapping[str, Any], features: FloatArray, outcome: FloatArray, seed: int) -> Fitted:
    """Fit a model; the same data, parameters and seed give the same model.

    Args:
        name: Of the estimator.
        parameters: Those that differ from the estimator's own.
        features: Shape ``(rows, features)``; NaN means "not known".
        outcome: 1 or 0, shape ``(rows,)``.
        seed: Of every random choice.
    Raises:
        UnknownEstimatorError: If there is no such estimator.
    """
    chosen = estimator(name)
    return chosen.fit({**chosen.parameters, **parameters}, features, outcome, seed)
