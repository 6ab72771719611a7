"""The hazard: how probable it is that a product which is still in stock at the beginning of a week runs out in it.

One booster for all weeks ahead; which one is asked stands beside the features, so that weeks of which little is known
learn from the others.
"""

from dataclasses import dataclass

import numpy as np

from feature_service.kernel.arrays import DoubleArray, FloatArray
from training.estimators.boosters import LIGHTGBM, LightGBM, fit_lightgbm
from training.estimators.hazard_graph import with_hazards
from training.estimators.interface import LearningRows

_TREES = {
    "num_iterations": 75,
    "learning_rate": 0.06,
    "num_leaves": 7,
    "min_child_samples": 200,
    "feature_fraction": 0.3,
    "lambda_l2": 200.0,
    "extra_trees": False,
}
"""Pulled towards the share of all much more than a model of next week: what a shelf tells of a week fades with its
distance, and trees that learn more of it rank worse and are too sure of themselves."""

FIRST_WEEK_AHEAD = 2
"""The first week ahead is the label's own question, which its model answers."""


@dataclass(frozen=True)
class Hazards:
    """A fitted hazard.

    Attributes:
        booster: Over the features, and the week ahead in the last column.
        reach_weeks: The last week ahead that it is asked of.
    """

    booster: LightGBM
    reach_weeks: int

    def predict(self, features: FloatArray) -> DoubleArray:
        """Of each week ahead from the second to the last in reach, shape ``(rows, reach_weeks - 1)``.

        Args:
            features: Shape ``(rows, features)``.
        """
        ahead = range(FIRST_WEEK_AHEAD, self.reach_weeks + 1)
        return np.stack([self.booster.predict(beside(features, np.float32(week))) for week in ahead], axis=1)

    def added_to(self, graph: bytes) -> bytes:
        """A model's graph with one more output, ``hazards``: what :meth:`predict` gives, in float32."""
        return with_hazards(graph, self.booster.converted(), self.reach_weeks)


def fit_hazards(rows: LearningRows, reach_weeks: int, seed: int) -> Hazards:
    """Fit the hazard.

    Args:
        rows: Weeks at risk, with the week ahead in the last column.
        reach_weeks: The last week ahead.
        seed: Of every random choice.
    """
    return Hazards(fit_lightgbm({**LIGHTGBM.parameters, **_TREES}, rows, seed), reach_weeks)


def beside(features: FloatArray, ahead: np.float32 | FloatArray) -> FloatArray:
    """The features with the week ahead in one more column."""
    column = np.broadcast_to(np.float32(ahead), len(features))
    return np.column_stack([features, column]).astype(np.float32, copy=False)
