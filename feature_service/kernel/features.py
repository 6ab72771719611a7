"""What is declared about a feature and about a feature set, and how their values are computed."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from feature_service.kernel.arrays import DoubleArray, FloatArray
from feature_service.kernel.block import Block, View
from feature_service.kernel.groups import Measures
from feature_service.kernel.phrases import ENGLISH, Phrase, Words, unknown

AnyView = TypeVar("AnyView", bound=View)

History = Mapping[str, DoubleArray]
"""What a stock is compared with, by name: one row per product; nothing in it depends on the week's-end stock."""


@dataclass(frozen=True)
class Feature:
    """One column of a feature set.

    Attributes:
        name: As clients send it and models know it.
        unit: E.g. ``units`` or ``currency per unit``.
        history_weeks: Known weeks, up to and including ``as_of``, without which it is unknown.
        phrase: The value in words.
    """

    name: str
    unit: str
    history_weeks: int
    phrase: Phrase

    def in_words(self, value: float, words: Words = ENGLISH) -> str:
        """What the value says to whoever keeps the shop."""
        return unknown(self.name, words) if math.isnan(value) else self.phrase(value, words)


@dataclass(frozen=True)
class Formula(Generic[AnyView]):
    """A feature and how it is computed from a view of some products' history."""

    feature: Feature
    value: Callable[[AnyView], DoubleArray]


def formula(
    name: str, unit: str, phrase: Phrase, value: Callable[[AnyView], DoubleArray], history_weeks: int = 1
) -> Formula[AnyView]:
    """Declare a feature and how it is computed."""
    return Formula(Feature(name, unit, history_weeks, phrase), value)


@dataclass(frozen=True)
class StockFormula:
    """A feature and how it is computed from the stock at the week's end and the product's history without it."""

    feature: Feature
    value: Callable[[DoubleArray, History], DoubleArray]


@dataclass(frozen=True)
class FeatureSet:
    """Named features and the functions that compute them for the products of a block.

    Attributes:
        name: Versioned.
        features: In the order of the values.
        fields: What the panel must hold.
        compute_into: Fills the features of a block, shape ``(features, products, weeks - block.first)``.
        unknown_allowed: Whether NaN is a value that models of this set take. Then windows reach back to the panel's
            first week, and a product has features from its first week on.
        measures: What is summed over groups; None if the set looks at each product alone.
        stock_history: What a stock is compared with; None if no feature depends on the stock at the week's end.
        stock_formulas: Every feature that depends on that stock, computed from it and the history.
        takes_orders: Whether orders with suppliers are looked at.

    Raises:
        ValueError: If a stock formula's feature is not in the set, or there are stock formulas without a history or
            a history without stock formulas.
    """

    name: str
    features: tuple[Feature, ...]
    fields: tuple[str, ...]
    compute_into: Callable[[Block, FloatArray], None]
    unknown_allowed: bool = True
    measures: Callable[[Block], Measures] | None = None
    stock_history: Callable[[Block], History] | None = None
    stock_formulas: tuple[StockFormula, ...] = ()
    takes_orders: bool = False

    def __post_init__(self) -> None:
        for each in self.stock_formulas:
            if each.feature not in self.features:
                name = each.feature.name
                raise ValueError(f"{self.name!r} has a stock formula for {name!r}, which is not one of its features")
        if (self.stock_history is None) != (not self.stock_formulas):
            raise ValueError(f"{self.name!r} needs stock formulas and a stock history, or neither")

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names in the order of the values."""
        return tuple(feature.name for feature in self.features)

    @property
    def history_weeks(self) -> int:
        """Known weeks, up to and including ``as_of``, that a product needs before its features can be used."""
        return 1 if self.unknown_allowed else max(feature.history_weeks for feature in self.features)


def compute_formulas(formulas: Iterable[Formula[AnyView]], view: AnyView, out: FloatArray) -> None:
    """Fill ``out``, shape ``(formulas, rows, columns)``; what is no finite number is NaN."""
    with np.errstate(all="ignore"):
        for index, each in enumerate(formulas):
            values = each.value(view)
            out[index] = np.where(np.isfinite(values), values, np.nan)
