"""The versioned feature sets: which features, in which order, in which unit, from how much history.

A feature set is never changed once a model was trained on it; a change gets a new name.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from feature_service.kernel import seed_18
from feature_service.kernel.errors import InsufficientHistoryError, UnknownFeatureSetError
from feature_service.kernel.features import Feature
from feature_service.kernel.windows import FloatArray

_CELLS_PER_BLOCK = 100_000
"""Products x weeks computed at a time: so few that a block is still in the cache when it is reused."""

Fields = Mapping[str, FloatArray]
"""The panel's matrices by name, each of shape ``(products, weeks)``, e.g. ``units_sold`` and ``price_mean``."""


@dataclass(frozen=True)
class FeatureSet:
    """Named features and the function that computes them all for every product and week."""

    name: str
    features: tuple[Feature, ...]
    fields: tuple[str, ...]
    compute_into: Callable[[Fields, FloatArray], None]

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names in the order of the values."""
        return tuple(feature.name for feature in self.features)

    @property
    def history_weeks(self) -> int:
        """Known weeks, up to and including ``as_of``, that a product needs before every feature is known."""
        return max(feature.history_weeks for feature in self.features)


_ALL = {
    feature_set.name: feature_set
    for feature_set in (
        FeatureSet(
            name="seed-18",
            features=seed_18.FEATURES,
            fields=seed_18.FIELDS,
            compute_into=seed_18.compute_into,
        ),
    )
}


def feature_set(name: str) -> FeatureSet:
    """The feature set of that name.

    Raises:
        UnknownFeatureSetError: If there is none.
    """
    try:
        return _ALL[name]
    except KeyError:
        raise UnknownFeatureSetError(name, tuple(_ALL)) from None


def features_of_all_weeks(chosen: FeatureSet, fields: Fields, out: FloatArray | None = None) -> FloatArray:
    """Every feature of every product, as seen at the end of every week.

    Args:
        chosen: The feature set.
        fields: The panel's matrices, shape ``(products, weeks)``, oldest week first.
        out: Array of the result's shape to fill; a new one if None. Memory that was used before is several times
            faster than new memory, which costs more than the arithmetic.
    Returns:
        Shape ``(features, products, weeks)``; NaN where the history is too short.
    Raises:
        InsufficientHistoryError: If the panel itself is shorter than the set's history.
    """
    products, weeks = fields[chosen.fields[0]].shape
    if weeks < chosen.history_weeks:
        raise InsufficientHistoryError(chosen.history_weeks, weeks)
    result = np.empty((len(chosen.features), products, weeks), dtype=np.float32) if out is None else out
    block = max(1, _CELLS_PER_BLOCK // weeks)
    for first in range(0, products, block):
        rows = slice(first, first + block)
        chosen.compute_into({name: fields[name][rows] for name in chosen.fields}, result[:, rows])
    return result


def features_at(chosen: FeatureSet, fields: Fields, week: int) -> FloatArray:
    """Every feature of every product as seen at the end of one week; later weeks are not looked at.

    Args:
        chosen: The feature set.
        fields: The panel's matrices, shape ``(products, weeks)``, oldest week first.
        week: Column of the ``as_of`` week.
    Returns:
        Shape ``(products, features)``; NaN where the history is too short.
    Raises:
        InsufficientHistoryError: If the panel holds too few weeks up to ``week``.
    """
    if week + 1 < chosen.history_weeks:
        raise InsufficientHistoryError(chosen.history_weeks, week + 1)
    first = week + 1 - chosen.history_weeks
    recent = {name: fields[name][:, first : week + 1] for name in chosen.fields}
    return np.ascontiguousarray(features_of_all_weeks(chosen, recent)[:, :, -1].T)
