"""Trees and a line, averaged in log-odds. They err on different products, so together they rank better."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from feature_service.kernel.arrays import DoubleArray, FloatArray
from training.estimators.boosters import LIGHTGBM, LightGBM, fit_lightgbm
from training.estimators.graph import graph_of
from training.estimators.interface import Estimator, LearningRows
from training.estimators.logistic import LOGISTIC_REGRESSION, Logistic, fit_logistic_regression, probability


@dataclass(frozen=True)
class Blend:
    """LightGBM and logistic regression in equal shares."""

    trees: LightGBM
    line: Logistic

    def predict(self, features: FloatArray) -> DoubleArray:
        """See :class:`training.estimators.interface.FittedModel`."""
        return probability((self.trees.log_odds(features) + self.line.log_odds(features)) / 2)

    def contributions(self, features: FloatArray) -> DoubleArray:
        """The average of both, which is exact since the log-odds are averaged."""
        return (self.trees.contributions(features) + self.line.contributions(features)) / 2

    def to_onnx(self) -> bytes:
        """See :class:`training.estimators.interface.FittedModel`."""
        parts = [self.trees.part(0.5), self.line.part(0.5)]
        return graph_of(parts, len(self.line.weights), {**self.trees.model_text(), **self.line.model_text()})

    @classmethod
    def from_model_text(cls, model_text: Mapping[str, str]) -> "Blend":
        """Restore both models from the text in the graph."""
        return cls(LightGBM.from_model_text(model_text), Logistic.from_model_text(model_text))


def _fit(parameters: Mapping[str, Any], rows: LearningRows, seed: int) -> Blend:
    of_line = {name: value for name, value in parameters.items() if name in LOGISTIC_REGRESSION.parameters}
    of_trees = {name: value for name, value in parameters.items() if name not in of_line}
    return Blend(fit_lightgbm(of_trees, rows, seed), fit_logistic_regression(of_line, rows, seed))


BLEND = Estimator("blend", {**LIGHTGBM.parameters, **LOGISTIC_REGRESSION.parameters}, _fit)
