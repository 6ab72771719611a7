"""How a model is made: the estimator, its parameters and the features it may use; one proven recipe per label.

The parameters were found on the development weeks of public data (stores with counted stock, a grocery chain with
in-stock flags, Olist), never on the locked ones. ``--search-trials`` searches on one's own data.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from training.estimators import FittedModel, LearningRows, fit


@dataclass(frozen=True)
class Recipe:
    """An estimator with its parameters and features.

    Attributes:
        estimator: Name in ``training.estimators``.
        parameters: Those that differ from the estimator's own.
        features: The features the fit may look at; all where empty.
    """

    estimator: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    features: tuple[str, ...] = ()

    def fit(self, names: tuple[str, ...], rows: LearningRows, seed: int) -> FittedModel:
        """Fit on rows of all features; the model takes rows of all features, too.

        Features that are left out are held constant: nothing can be learned from them, and the model keeps the shape
        that its feature set says.

        Args:
            names: Of the columns of the features.
            rows: What it learns from.
            seed: Of every random choice.
        """
        if self.features:
            features = rows.features.copy()
            features[:, [name not in self.features for name in names]] = np.float32(0)
            rows = replace(rows, features=features)
        return fit(self.estimator, self.parameters, rows, seed)


_STORE_TREES = {
    "num_iterations": 250,  # 500 at half the rate rank no better, and take twice as long to answer
    "learning_rate": 0.06,
    "num_leaves": 7,
    "min_child_samples": 80,
    "feature_fraction": 0.3,
    "lambda_l2": 20.0,
    "extra_trees": False,
}
_SHELF_TREES = {
    "num_iterations": 200,
    "learning_rate": 0.03,
    "num_leaves": 15,
    "min_child_samples": 100,
    "feature_fraction": 0.3,
    "lambda_l2": 10.0,
    "extra_trees": False,
}
_SALES_TREES = {
    "num_iterations": 400,
    "learning_rate": 0.04,
    "num_leaves": 31,
    "min_child_samples": 100,
    "feature_fraction": 0.3,
}

RECIPES: Mapping[str, Recipe] = {
    "inventory": Recipe("blend", _STORE_TREES),
    "availability": Recipe("lightgbm", _SHELF_TREES),
}

_DEFAULT = Recipe("lightgbm", _SALES_TREES)

ORIGINAL = Recipe("random_forest")
"""The model of the system that this one replaces: 100 trees of depth 10, as the estimator has them."""

CALIBRATION_WEEKS: Mapping[str, int] = {"inventory": 15, "availability": 26}
"""Weeks to calibrate on; labels with fewer positive outcomes need more."""

_DEFAULT_CALIBRATION_WEEKS = 8


def calibration_weeks_for(label: str) -> int:
    """How many origins before each origin a label is calibrated on."""
    return CALIBRATION_WEEKS.get(label, _DEFAULT_CALIBRATION_WEEKS)


def recipe_for(label: str) -> Recipe:
    """The proven recipe of a label, or that of the sales labels if it has none."""
    return RECIPES.get(label, _DEFAULT)
