"""Prices of the same products: what each costs against what it cost itself."""

import numpy as np

from feature_service.kernel.arrays import BoolArray, DoubleArray
from monitoring.drift.columns.column import GAP_WEEKS

BASE_WEEKS = 13
_FAR = np.log(1.5)


def price_changes(price: DoubleArray) -> DoubleArray:
    """Each price against the mean of the product's own in the quarter before, as logarithms.

    So a level is not moved by which products happen to sell in a week. In the mean, a price that is far from the
    product's usual ones counts as nearer than it is: a week of wrong prices does not make right ones look wrong.

    Args:
        price: Currency per unit, shape ``(products, weeks)``; 0 or NaN where there is none.
    Returns:
        Of the same shape; NaN where there is no price, or none before.
    """
    known = price > 0  # NaN is not
    logarithm = np.log(np.where(known, price, 1.0))
    with np.errstate(invalid="ignore"):
        usual = _near(logarithm, _near(logarithm, logarithm, known), known)
        base = _over_weeks_before(np.where(known, usual, 0)) / _over_weeks_before(known)
    return np.where(known, logarithm - base, np.nan)


def _near(logarithm: DoubleArray, typical: DoubleArray, known: BoolArray) -> DoubleArray:
    """The logarithms, none far from the mean of the typical ones of the product."""
    mean = np.where(known, typical, 0).sum(axis=1, keepdims=True) / known.sum(axis=1, keepdims=True)
    return np.clip(logarithm, mean - _FAR, mean + _FAR)


def _over_weeks_before(values: np.ndarray) -> DoubleArray:
    products, weeks = values.shape
    added = np.zeros((products, BASE_WEEKS + GAP_WEEKS + weeks))
    np.cumsum(values[:, : weeks - 1], axis=1, out=added[:, BASE_WEEKS + GAP_WEEKS + 1 :])
    total: DoubleArray = added[:, BASE_WEEKS : BASE_WEEKS + weeks] - added[:, :weeks]
    return total
