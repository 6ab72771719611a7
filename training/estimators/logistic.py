"""Logistic regression on the signed logarithms of the features: a straight line, which few rows can settle."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from feature_service.kernel.arrays import DoubleArray, FloatArray
from training.estimators.graph import Part, graph_of, linear
from training.estimators.interface import Estimator, LearningRows


@dataclass(frozen=True)
class Logistic:
    """A fitted line in the signed logarithms; shape ``(features,)`` each.

    Attributes:
        fill: The median signed logarithm, which stands in for an unknown one.
        centre: The mean after filling: there a feature contributes nothing.
        weights: Of the signed logarithms as they are, not standardised.
        intercept: Log-odds where every signed logarithm is 0.
    """

    fill: DoubleArray
    centre: DoubleArray
    weights: DoubleArray
    intercept: float

    def log_odds(self, features: FloatArray) -> DoubleArray:
        """Shape ``(rows,)``."""
        margins: DoubleArray = _fill_unknown(features, self.fill) @ self.weights + self.intercept
        return margins

    def predict(self, features: FloatArray) -> DoubleArray:
        """See :class:`training.estimators.interface.FittedModel`."""
        return probability(self.log_odds(features))

    def contributions(self, features: FloatArray) -> DoubleArray:
        """Weight times the distance from the average row."""
        contributions: DoubleArray = (_fill_unknown(features, self.fill) - self.centre) * self.weights
        return contributions

    def part(self, share: float) -> Part:
        """The line as a share of an ONNX graph."""
        return linear(self.fill, self.weights, self.intercept, share)

    def to_onnx(self) -> bytes:
        """See :class:`training.estimators.interface.FittedModel`."""
        return graph_of([self.part(1.0)], len(self.weights), self.model_text())

    def model_text(self) -> dict[str, str]:
        """The line as text, with the average row, which explanations need and the graph does not."""
        numbers = {"fill": self.fill, "centre": self.centre, "weights": self.weights}
        lists = {name: values.tolist() for name, values in numbers.items()}
        return {LOGISTIC_REGRESSION.name: json.dumps({**lists, "intercept": self.intercept})}

    @classmethod
    def from_model_text(cls, model_text: Mapping[str, str]) -> "Logistic":
        """Restore what :meth:`model_text` wrote."""
        kept = json.loads(model_text[LOGISTIC_REGRESSION.name])
        return cls(
            **{name: np.array(kept[name]) for name in ("fill", "centre", "weights")}, intercept=kept["intercept"]
        )


def probability(log_odds: DoubleArray) -> DoubleArray:
    """The logistic function; log-odds beyond 30 change no float32."""
    inverse: DoubleArray = 1.0 / (1.0 + np.exp(-np.clip(log_odds, -30.0, 30.0)))
    return inverse


def fit_logistic_regression(parameters: Mapping[str, Any], rows: LearningRows, seed: int) -> Logistic:
    """A ridge-penalised line; the solver draws nothing at random, so that the seed changes nothing."""
    logarithms = _signed_logarithms(rows.features)
    has_values = np.isfinite(logarithms).any(axis=0)
    fill = np.zeros(rows.features.shape[1])
    fill[has_values] = np.nanmedian(logarithms[:, has_values], axis=0)
    whole = np.where(np.isnan(logarithms), fill, logarithms)
    centre, spread = whole.mean(axis=0), whole.std(axis=0)
    spread[spread < 1e-9] = 1.0  # a constant feature says nothing whatever its weight
    model = LogisticRegression(**parameters, random_state=seed)
    model.fit((whole - centre) / spread, rows.outcome, sample_weight=rows.weights)
    weights = model.coef_[0] / spread
    return Logistic(fill, centre, weights, float(model.intercept_[0] - centre @ weights))


def _signed_logarithms(features: FloatArray) -> DoubleArray:
    wide = features.astype(np.float64)
    logarithms: DoubleArray = np.sign(wide) * np.log1p(np.abs(wide))
    return logarithms


def _fill_unknown(features: FloatArray, fill: DoubleArray) -> DoubleArray:
    logarithms = _signed_logarithms(features)
    return np.where(np.isnan(logarithms), fill, logarithms)


LOGISTIC_REGRESSION = Estimator("logistic_regression", {"C": 0.02, "max_iter": 500}, fit_logistic_regression)
