"""What an estimator has to say."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from feature_service.kernel.arrays import DoubleArray, FloatArray


class Fitted(Protocol):
    """A fitted model of a yes-or-no outcome. Feature rows have shape ``(rows, features)``; NaN means "not known"."""

    def predict(self, features: FloatArray) -> DoubleArray:
        """The probability of a positive outcome, not calibrated, shape ``(rows,)``."""

    def contributions(self, features: FloatArray) -> DoubleArray | None:
        """What each feature adds to the log-odds, exactly, shape ``(rows, features)``; None if it cannot be told."""

    def to_onnx(self) -> bytes:
        """One graph: ``features`` in, ``probabilities`` of both outcomes out, shape ``(rows, 2)``."""


@dataclass(frozen=True)
class Estimator:
    """One kind of model.

    Attributes:
        name: As it is asked for.
        parameters: What it is fitted with unless told otherwise.
        fit: From parameters, features, outcomes and a seed to a fitted model; the same every time.
    """

    name: str
    parameters: Mapping[str, Any]
    fit: Callable[[Mapping[str, Any], FloatArray, FloatArray, int], Fitted]
