"""What every estimator and every fitted model offers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from feature_service.kernel.arrays import DoubleArray, FloatArray

IMPORTANCE_ROWS = 5_000
"""Of how many of the newest rows the contributions are averaged, where features are weighed."""


@dataclass(frozen=True)
class LearningRows:
    """What a model is fitted on.

    Attributes:
        features: Shape ``(rows, features)``; NaN means "not known".
        outcome: 1 or 0, shape ``(rows,)``.
        weights: How much each row counts, 1 on average, shape ``(rows,)``; None where all count the same.
    """

    features: FloatArray
    outcome: FloatArray
    weights: DoubleArray | None = None


class FittedModel(Protocol):
    """A fitted model of a yes-or-no outcome. Feature rows have shape ``(rows, features)``; NaN means "not known"."""

    def predict(self, features: FloatArray) -> DoubleArray:
        """The probability of a positive outcome, not calibrated, shape ``(rows,)``."""

    def contributions(self, features: FloatArray) -> DoubleArray | None:
        """What each feature adds to the log-odds, exactly, shape ``(rows, features)``; None if that is undefined."""

    def to_onnx(self) -> bytes:
        """One graph: ``features`` in, ``probabilities`` of both outcomes out, shape ``(rows, 2)``."""


@dataclass(frozen=True)
class Estimator:
    """One kind of model.

    Attributes:
        name: E.g. ``lightgbm``.
        parameters: The defaults of the fit.
        fit: From parameters, rows and a seed to a fitted model; the same every time.
    """

    name: str
    parameters: Mapping[str, Any]
    fit: Callable[[Mapping[str, Any], LearningRows, int], FittedModel]
