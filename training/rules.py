"""The one-line rules that a model has to beat, as probabilities of the label ``zero_sales``."""

from collections.abc import Callable, Mapping

import numpy as np

from feature_service.kernel import FloatArray
from training.dataset import Rows

Rule = Callable[[Rows, float], FloatArray]
"""From rows and the training block's base rate to a probability per row."""


def _base_rate(rows: Rows, base_rate: float) -> FloatArray:
    """The same for every product: the share of positive outcomes in the training block."""
    return np.full(len(rows), base_rate, dtype=np.float32)


def _no_sale_last_week(rows: Rows, _base_rate: float) -> FloatArray:
    """Whoever sold nothing last week sells nothing next week."""
    return np.asarray(rows.column("sales_qtd_lag_1") == 0, dtype=np.float32)


def _poisson_trailing_mean(rows: Rows, _base_rate: float) -> FloatArray:
    """The Poisson probability of no sale at the rate of the last four weeks."""
    return np.asarray(np.exp(-rows.column("sales_qtd_roll_mean_4")), dtype=np.float32)


RULES: Mapping[str, Rule] = {
    "base rate": _base_rate,
    "no sale last week": _no_sale_last_week,
    "exp(-4-week mean)": _poisson_trailing_mean,
}
