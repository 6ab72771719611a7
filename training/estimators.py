"""What can be fitted, and how it becomes an ONNX graph."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from skl2onnx import to_onnx
from sklearn.ensemble import RandomForestClassifier

from feature_service.kernel import FloatArray
from training.errors import UnknownEstimatorError


class Fitted(Protocol):
    """A fitted classifier."""

    def predict_proba(self, features: FloatArray) -> npt.NDArray[np.float64]:
        """Probability of each class, shape ``(rows, 2)``."""


@dataclass(frozen=True)
class Estimator:
    """One kind of model.

    Attributes:
        name: As it is asked for.
        parameters: What it is fitted with, for the record.
        fit: From features, outcomes and a seed to a fitted classifier; the same every time.
        to_onnx: From the classifier and the number of features to an ONNX graph.
    """

    name: str
    parameters: Mapping[str, Any]
    fit: Callable[[FloatArray, FloatArray, int], Fitted]
    to_onnx: Callable[[Fitted, int], bytes]


_FOREST = {"n_estimators": 100, "max_depth": 10}


def _fit_forest(features: FloatArray, outcome: FloatArray, seed: int) -> Fitted:
    """The original's forest. Two jobs: each tree has a seed of its own, so the number of jobs changes nothing."""
    forest = RandomForestClassifier(**_FOREST, random_state=seed, n_jobs=2)
    forest.fit(features, outcome.astype(np.int8))
    forest.n_jobs = 1
    fitted: Fitted = forest
    return fitted


def _forest_to_onnx(fitted: Fitted, width: int) -> bytes:
    """Probabilities as one float array, not as a list of dicts (zipmap).

    The graph is wrong, without a word, for NaN (sklearn-onnx issue 1253); the bundle refuses such rows.
    """
    graph = to_onnx(
        fitted, np.empty((1, width), dtype=np.float32), options={id(fitted): {"zipmap": False}}, name="stockout_risk"
    )
    serialized: bytes = graph.SerializeToString()
    return serialized


ESTIMATORS: Mapping[str, Estimator] = {
    "random_forest": Estimator("random_forest", _FOREST, _fit_forest, _forest_to_onnx),
}


def estimator(name: str) -> Estimator:
    """The estimator of that name.

    Raises:
        UnknownEstimatorError: If there is none.
    """
    try:
        return ESTIMATORS[name]
    except KeyError:
        raise UnknownEstimatorError(name, ESTIMATORS) from None
