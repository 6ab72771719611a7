"""Lags and rolling windows over a dense panel, one array operation each.

Everything is element by element: week ``t`` of a product is made of the same few float32 operations in the same order
whether one product or all of them, one week or all of them are computed. That is why serving equals training bit for
bit. The rows of all products are shifted as one, end to end, since a loop for each product takes twice as long; what
comes into a product's first weeks from the row before it is then replaced by NaN.
"""

import numpy as np

from feature_service.kernel.arrays import FloatArray


def lag(panel: FloatArray, k: int, out: FloatArray) -> None:
    """The value ``k - 1`` weeks before each week: lag 1 is the week itself, seen from the week that is predicted.

    Args:
        panel: Shape ``(products, weeks)``, oldest week first; NaN means "not known".
        k: Weeks, at least 1.
        out: The array to fill, shape ``(products, weeks)``, C-contiguous; NaN in the first ``k - 1`` weeks.
    """
    flat = panel.reshape(-1)
    shift = min(k - 1, panel.shape[1])
    np.copyto(out.reshape(-1, copy=False)[shift:], flat[: flat.size - shift])
    _forget_first(out, shift)


def rolling_sums(panel: FloatArray, longest: int, outs: dict[int, FloatArray]) -> None:
    """Sums of the last ``2..longest`` weeks up to and including each week, each made from the one before it.

    Args:
        panel: Shape ``(products, weeks)``, oldest week first; NaN means "not known".
        longest: Weeks of the longest window, at least 2.
        outs: For each window in weeks the array to fill, shape ``(products, weeks)``, C-contiguous; NaN where a
            week is unknown.
    """
    flat = panel.reshape(-1)
    shorter = flat
    for window in range(2, longest + 1):
        shift = min(window - 1, panel.shape[1])
        out = outs[window].reshape(-1, copy=False)
        np.add(shorter[shift:], flat[: flat.size - shift], out=out[shift:])
        _forget_first(outs[window], shift)
        shorter = out


def _forget_first(values: FloatArray, weeks: int) -> None:
    """Make the first weeks NaN: they hold what came from another product's last ones."""
    for week in range(weeks):
        values[:, week] = np.nan
