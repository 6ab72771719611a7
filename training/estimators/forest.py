"""The original's random forest."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from skl2onnx import to_onnx
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline

from feature_service.kernel.arrays import DoubleArray, FloatArray
from training.estimators.interface import Estimator, LearningRows


@dataclass(frozen=True)
class Forest:
    """A fitted forest behind an imputer: a forest in ONNX answers NaN with a wrong probability and no error."""

    pipeline: Pipeline
    width: int

    def predict(self, features: FloatArray) -> DoubleArray:
        """See :class:`training.estimators.interface.FittedModel`."""
        probabilities: DoubleArray = self.pipeline.predict_proba(features)[:, 1]
        return probabilities

    def contributions(self, features: FloatArray) -> None:
        """None: a forest averages probabilities, so its trees do not add up to log-odds."""

    def to_onnx(self) -> bytes:
        """Probabilities as one float array, not as a list of dicts (zipmap)."""
        forest = self.pipeline[-1]
        rows = np.empty((1, self.width), dtype=np.float32)
        options = {id(forest): {"zipmap": False}}
        graph = to_onnx(self.pipeline, rows, options=options, name="stockout_risk")
        serialized: bytes = graph.SerializeToString()
        return serialized


def _fit(parameters: Mapping[str, Any], rows: LearningRows, seed: int) -> Forest:
    """Two jobs: each tree has a seed of its own, so the number of jobs changes nothing."""
    forest = RandomForestClassifier(**parameters, random_state=seed, n_jobs=2)
    imputer = SimpleImputer(strategy="median", keep_empty_features=True)
    weights = {f"{RandomForestClassifier.__name__.lower()}__sample_weight": rows.weights}
    pipeline = make_pipeline(imputer, forest).fit(rows.features, rows.outcome.astype(np.int8), **weights)
    forest.n_jobs = 1
    return Forest(pipeline, rows.features.shape[1])


RANDOM_FOREST = Estimator("random_forest", {"n_estimators": 100, "max_depth": 10}, _fit)
