"""What labels share: sums over the weeks behind, and how the weeks ahead turned out."""

import numpy as np

from data.panel import UNITS_SOLD, Panel
from feature_service.kernel.arrays import FloatArray
from training.errors import LabelInputError

TRAILING_WEEKS = 4


def field(panel: Panel, name: str, *, label: str, file: str) -> FloatArray:
    """One of the panel's matrices, which a label cannot do without.

    Raises:
        LabelInputError: If the panel has no such field, since the input has no such file.
    """
    try:
        return panel.fields[name]
    except KeyError:
        raise LabelInputError(label, file) from None


def sold_lately(panel: Panel) -> FloatArray:
    """Units sold in the weeks that are known among the last four, shape ``(products, weeks)``; NaN before launch."""
    units = panel.fields[UNITS_SOLD]
    known = np.nan_to_num(units)
    total = known.copy()
    for shift in range(1, min(TRAILING_WEEKS, units.shape[1])):
        total[:, shift:] += known[:, :-shift]
    return np.where(np.isnan(units), units, total)


def weeks_ahead(matrix: FloatArray, horizon_weeks: int) -> FloatArray:
    """The values of the weeks t+1 to t+horizon, shape ``(horizon, products, weeks)``; NaN beyond the panel's end."""
    ahead = np.full((horizon_weeks, *matrix.shape), np.nan, dtype=np.float32)
    for step in range(1, min(horizon_weeks, matrix.shape[1] - 1) + 1):
        ahead[step - 1, :, :-step] = matrix[:, step:]
    return ahead


def nothing_sold_ahead(panel: Panel, horizon_weeks: int) -> FloatArray:
    """1 where none of the weeks ahead has a sale, 0 where one has, NaN where not all of them are known."""
    total: FloatArray = weeks_ahead(panel.fields[UNITS_SOLD], horizon_weeks).sum(axis=0)
    return np.where(np.isnan(total), total, (total == 0).astype(np.float32))


def runs_out_ahead(out: FloatArray, horizon_weeks: int) -> FloatArray:
    """How it turned out, from the weeks in which a product was out of stock.

    Args:
        out: 1 where the product was out of stock at some time of the week, 0 where not, NaN where not known.
        horizon_weeks: Weeks ahead.
    Returns:
        1 where any of the weeks ahead is 1; 0 where all of them are 0; NaN elsewhere, and wherever the horizon is not
        over, so that stock-outs are not known sooner than their absence.
    """
    ahead = weeks_ahead(out, horizon_weeks)
    outcome: FloatArray = np.where((ahead == 1).any(axis=0), np.float32(1), ahead.sum(axis=0))
    outcome[:, -horizon_weeks:] = np.nan
    return outcome


def in_words(horizon_weeks: int) -> str:
    """``the week after as_of``, or how many of them."""
    return "the week after as_of" if horizon_weeks == 1 else f"the {horizon_weeks} weeks after as_of"
