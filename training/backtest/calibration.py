"""Calibration: from a model's raw probability to the share that came true in weeks after those of its fit.

A sigmoid in log-odds: two numbers, which a few hundred outcomes settle, where a step function would follow their noise.
It is kept as a table, read by linear interpolation, so that a reader need not know that it came from a sigmoid.
"""

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from feature_service.bundle import Calibration
from feature_service.kernel.arrays import DoubleArray

_POINTS = 257
_FARTHEST = 13.8155  # log-odds of 0.999999; no probability goes beyond it


def fit_calibration(raw: npt.NDArray[np.floating], outcome: npt.NDArray[np.floating]) -> Calibration:
    """Fit the sigmoid.

    Args:
        raw: Probabilities that the model gave to rows later than those it was fitted on, shape ``(rows,)``.
        outcome: 1 or 0, both kinds, shape ``(rows,)``.
    """
    sigmoid = LogisticRegression(C=1.0).fit(_log_odds(raw.astype(np.float64))[:, None], outcome)
    # a negative slope is not turned round: such a model gets one probability for all rows
    slope, intercept = max(float(sigmoid.coef_[0, 0]), 0.0), float(sigmoid.intercept_[0])
    inner = _probability(np.linspace(-_FARTHEST, _FARTHEST, _POINTS))
    points = np.concatenate([[0.0], inner, [1.0]])
    values = _probability(np.clip(slope * _log_odds(points) + intercept, -_FARTHEST, _FARTHEST))
    return Calibration(raw=tuple(points.tolist()), calibrated=tuple(values.tolist()))


def _log_odds(probability: DoubleArray) -> DoubleArray:
    clipped = np.clip(probability, _probability(np.array(-_FARTHEST)), _probability(np.array(_FARTHEST)))
    odds: DoubleArray = np.log(clipped / (1 - clipped))
    return odds


def _probability(log_odds: DoubleArray) -> DoubleArray:
    inverse: DoubleArray = 1 / (1 + np.exp(-log_odds))
    return inverse
