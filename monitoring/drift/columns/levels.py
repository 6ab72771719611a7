"""Prices of the same products: what each costs against what it cost itself."""

import numpy as np

from feature_service.kernel.arrays import DoubleArray
from monitoring.drift.statistics.kinds import BASE_WEEKS, GAP_WEEKS


def price_changes(price: DoubleArray) -> DoubleArray:
    """Each price against the mean of the product's own in the quarter before, as logarithms.

    So a level is not moved by which products happen to sell in a week.

    Args:
        price: Currency per unit, shape ``(products, weeks)``; 0 or NaN where there is none.
    Returns:
        Of the same shape; NaN where there is no price, or none before.
    """
    known = price > 0  # NaN is not
    logarithm = np.log(np.where(known, price, 1.0))
    with np.errstate(invalid="ignore"):
        base = _over_weeks_before(logarithm) / _over_weeks_before(known)
    return np.where(known, logarithm - base, np.nan)


def _over_weeks_before(values: np.ndarray) -> DoubleArray:
    products, weeks = values.shape
    added = np.zeros((products, BASE_WEEKS + GAP_WEEKS + weeks))
    np.cumsum(values[:, : weeks - 1], axis=1, out=added[:, BASE_WEEKS + GAP_WEEKS + 1 :])
    total: DoubleArray = added[:, BASE_WEEKS : BASE_WEEKS + weeks] - added[:, :weeks]
    return total
