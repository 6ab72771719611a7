"""Each product's past in a few numbers a week; column t looks at weeks up to t only.

The rules and the segments are made of these, and of nothing that the model's features are made of, so that an error in
one does not hide in the other.
"""

import numpy as np

from feature_service.kernel.arrays import BoolArray, DoubleArray, FloatArray


def weeks_ago(matrix: DoubleArray, weeks: int) -> DoubleArray:
    """The value that many weeks earlier; NaN where there is none; shape ``(products, weeks)``."""
    earlier = np.full(matrix.shape, np.nan)
    earlier[:, weeks:] = matrix[:, : max(matrix.shape[1] - weeks, 0)]
    return earlier


def trailing_sum(matrix: FloatArray | DoubleArray, weeks: int | None = None) -> DoubleArray:
    """Sum of the known values among the last ``weeks`` (all so far if None); 0 where none is known."""
    running = np.zeros((matrix.shape[0], matrix.shape[1] + 1))
    np.cumsum(np.nan_to_num(matrix.astype(np.float64)), axis=1, out=running[:, 1:])
    width = matrix.shape[1] if weeks is None else min(weeks, matrix.shape[1])
    total: DoubleArray = running[:, 1:].copy()
    total[:, width:] -= running[:, 1:-width]
    return total


def trailing_count(matrix: FloatArray | DoubleArray, weeks: int | None = None) -> DoubleArray:
    """How many of the last ``weeks`` values are known (of all so far if None)."""
    return trailing_sum(np.isfinite(matrix).astype(np.float64), weeks)


def trailing_mean(matrix: FloatArray | DoubleArray, weeks: int | None = None) -> DoubleArray:
    """Mean of the known values among the last ``weeks``; NaN where none is known."""
    with np.errstate(invalid="ignore"):
        mean: DoubleArray = trailing_sum(matrix, weeks) / trailing_count(matrix, weeks)
    return mean


def weeks_since(event: BoolArray) -> DoubleArray:
    """Weeks since the event last happened, 0 in its own week; the number of weeks so far where it never did."""
    week = np.arange(event.shape[1], dtype=np.float64)
    last = np.maximum.accumulate(np.where(event, week, -1.0), axis=1)
    return week - last


def smoothed_share(event: DoubleArray, alpha: float) -> DoubleArray:
    """Exponentially smoothed share of the weeks with the event; an unknown week counts as a week without it."""
    share = np.zeros(event.shape[0])
    out = np.empty(event.shape)
    for week in range(event.shape[1]):
        share = share + alpha * (np.nan_to_num(event[:, week]) - share)
        out[:, week] = share
    return out
