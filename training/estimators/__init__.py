"""Estimators: each kind of model in a file of its own, each exported as one ONNX graph."""

from collections.abc import Callable, Mapping
from typing import Any

from training.errors import UnknownEstimatorError
from training.estimators.blend import BLEND, Blend
from training.estimators.boosters import LIGHTGBM, XGBOOST, LightGBM, XGBoost
from training.estimators.forest import RANDOM_FOREST
from training.estimators.graph import model_text_of
from training.estimators.interface import IMPORTANCE_ROWS, Estimator, FittedModel, LearningRows
from training.estimators.logistic import LOGISTIC_REGRESSION, Logistic

ESTIMATORS: Mapping[str, Estimator] = {
    each.name: each for each in (RANDOM_FOREST, LIGHTGBM, XGBOOST, LOGISTIC_REGRESSION, BLEND)
}

_RESTORERS: Mapping[frozenset[str], Callable[[Mapping[str, str]], FittedModel]] = {
    frozenset({LIGHTGBM.name}): LightGBM.from_model_text,
    frozenset({XGBOOST.name}): XGBoost.from_model_text,
    frozenset({LOGISTIC_REGRESSION.name}): Logistic.from_model_text,
    frozenset({LIGHTGBM.name, LOGISTIC_REGRESSION.name}): Blend.from_model_text,
}

__all__ = ["ESTIMATORS", "IMPORTANCE_ROWS", "Estimator", "FittedModel", "LearningRows", "estimator", "fit", "restore"]


def estimator(name: str) -> Estimator:
    """The estimator of that name.

    Raises:
        UnknownEstimatorError: If there is none.
    """
    try:
        return ESTIMATORS[name]
    except KeyError:
        raise UnknownEstimatorError(name, ESTIMATORS) from None


def fit(name: str, parameters: Mapping[str, Any], rows: LearningRows, seed: int) -> FittedModel:
    """Fit a model; the same data, parameters and seed give the same model.

    Args:
        name: Of the estimator.
        parameters: Those that differ from the estimator's own.
        rows: What it learns from.
        seed: Of every random choice.
    Raises:
        UnknownEstimatorError: If there is no such estimator.
    """
    kind = estimator(name)
    return kind.fit({**kind.parameters, **parameters}, rows, seed)


def restore(graph: bytes) -> FittedModel | None:
    """The fitted model inside a graph; None for a forest's graph or a foreign one, which hold none."""
    model_text = model_text_of(graph)
    restorer = _RESTORERS.get(frozenset(model_text))
    return None if restorer is None else restorer(model_text)
