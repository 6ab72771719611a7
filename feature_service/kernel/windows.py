"""Lags and rolling windows over a dense panel, one array operation each.

Everything is element by element: week ``t`` of a product is made of the same few float32 operations in the same order
whether one product or all of them, one week or all of them are computed. That is why serving equals training bit for
bit.
"""

import numpy as np

from feature_service.kernel.arrays import FloatArray


def lag(panel: FloatArray, k: int, out: FloatArray | None = None) -> FloatArray:
    """The value ``k - 1`` weeks before each week: lag 1 is the week itself, seen from the week that is predicted.

    Args:
        panel: Shape ``(products, weeks)``, oldest week first; NaN means "not known".
        k: Weeks, at least 1.
        out: Where to write the result; a new array if None.
    Returns:
        Shape ``(products, weeks)``; NaN in the first ``k - 1`` weeks.
    """
    result = np.empty_like(panel) if out is None else out
    shift = min(k - 1, panel.shape[1])
    result[:, :shift] = np.nan
    result[:, shift:] = panel[:, : panel.shape[1] - shift]
    return result


def rolling_sums(panel: FloatArray, longest: int, outs: dict[int, FloatArray]) -> None:
    """Sums of the last ``2..longest`` weeks up to and including each week, each made from the one before it.

    Args:
        panel: Shape ``(products, weeks)``, oldest week first; NaN means "not known".
        longest: Weeks of the longest window, at least 2.
        outs: For each window in weeks the array to fill, shape ``(products, weeks)``; NaN where a week is unknown.
    """
    weeks = panel.shape[1]
    shorter = panel
    for window in range(2, longest + 1):
        shift = min(window - 1, weeks)
        out = outs[window]
        out[:, :shift] = np.nan
        np.add(shorter[:, shift:], panel[:, : weeks - shift], out=out[:, shift:])
        shorter = out
