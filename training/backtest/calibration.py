"""Calibration: from a model's raw probability to the share that came true in weeks after those of its fit.

A sigmoid in log-odds: two numbers, which a few hundred outcomes settle, where a step function would follow their noise.
Where there are fewer, the model's own word counts, too: like outcomes that came as it said. It is kept as a table, read
by linear interpolation, so that a reader need not know that it came from a sigmoid.
"""

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from feature_service.bundle import Calibration
from feature_service.kernel.arrays import DoubleArray

_POINTS = 257
_BELIEVED_OUTCOMES = 100
"""How many of the rarer outcomes the model's own word counts for."""

_FARTHEST = 13.8155  # log-odds of 0.999999; no probability goes beyond it


def fit_calibration(raw: npt.NDArray[np.floating], outcome: npt.NDArray[np.floating]) -> Calibration:
    """Fit the sigmoid.

    Args:
        raw: Probabilities that the model gave to rows later than those it was fitted on, shape ``(rows,)``.
        outcome: 1 or 0, both kinds, shape ``(rows,)``.
    """
    said = raw.astype(np.float64)
    weight = _BELIEVED_OUTCOMES / _rarer(said, outcome)
    sigmoid = LogisticRegression(C=1.0).fit(
        np.tile(_log_odds(said), 3)[:, None],
        np.concatenate([outcome, np.ones(len(said)), np.zeros(len(said))]),
        sample_weight=np.concatenate([np.ones(len(said)), weight * said, weight * (1 - said)]),
    )
    # a negative slope is not turned round: such a model gets one probability for all rows
    slope, intercept = max(float(sigmoid.coef_[0, 0]), 0.0), float(sigmoid.intercept_[0])
    inner = _probability(np.linspace(-_FARTHEST, _FARTHEST, _POINTS))
    points = np.concatenate([[0.0], inner, [1.0]])
    values = _probability(np.clip(slope * _log_odds(points) + intercept, -_FARTHEST, _FARTHEST))
    return Calibration(raw=tuple(points.tolist()), calibrated=tuple(values.tolist()))


def _rarer(said: DoubleArray, outcome: npt.NDArray[np.floating]) -> float:
    """How many of the rarer outcomes there were or were foreseen, whichever is more."""
    positive = max(said.sum(), outcome.sum())
    negative = max((1 - said).sum(), (1 - outcome).sum())
    return float(min(positive, negative))


def _log_odds(probability: DoubleArray) -> DoubleArray:
    clipped = np.clip(probability, _probability(np.array(-_FARTHEST)), _probability(np.array(_FARTHEST)))
    odds: DoubleArray = np.log(clipped / (1 - clipped))
    return odds


def _probability(log_odds: DoubleArray) -> DoubleArray:
    inverse: DoubleArray = 1 / (1 + np.exp(-log_odds))
    return inverse
