"""What is declared about a feature, and how one is computed."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from feature_service.kernel.arrays import DoubleArray, FloatArray

View = TypeVar("View")


@dataclass(frozen=True)
class Feature:
    """One column of a feature set.

    Attributes:
        name: As clients send it and models know it.
        unit: E.g. ``units`` or ``currency per unit``.
        history_weeks: Known weeks, up to and including ``as_of``, without which it is unknown.
        phrase: The value in words, with one ``{}`` format field for it, e.g. ``covers {:.1f} weeks of demand``.
    """

    name: str
    unit: str
    history_weeks: int
    phrase: str

    def in_words(self, value: float) -> str:
        """The phrase with the value in it, fit for a planner."""
        if math.isnan(value):
            return f"{self.name.replace('_', ' ')} is not known"
        return self.phrase.format(value)


@dataclass(frozen=True)
class Formula(Generic[View]):
    """A feature and how it is computed from a view of some products' history."""

    feature: Feature
    value: Callable[[View], DoubleArray]


def formula(
    name: str, unit: str, phrase: str, value: Callable[[View], DoubleArray], history_weeks: int = 1
) -> Formula[View]:
    """Declare a feature and how it is computed."""
    return Formula(Feature(name, unit, history_weeks, phrase), value)


def compute_formulas(formulas: Iterable[Formula[View]], view: View, out: FloatArray) -> None:
    """Fill ``out``, shape ``(formulas, rows, columns)``; what is no finite number is NaN."""
    with np.errstate(all="ignore"):
        for index, each in enumerate(formulas):
            values = each.value(view)
            out[index] = np.where(np.isfinite(values), values, np.nan)
