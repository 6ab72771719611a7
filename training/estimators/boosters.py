"""Gradient-boosted trees: LightGBM and XGBoost. Both send NaN down a learned branch at every node."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
import onnx
import onnxmltools
import xgboost
from onnxmltools.convert.common.data_types import FloatTensorType

from feature_service.kernel.arrays import DoubleArray, FloatArray
from training.estimators.graph import INPUT, Part, graph_of, trees
from training.estimators.interface import Estimator, LearningRows
from training.estimators.tree_contributions import LARGEST_THRESHOLD, contributions_of_trees

_CONVERTED_OPSET = 15


@dataclass(frozen=True)
class LightGBM:
    """A fitted LightGBM booster."""

    booster: lightgbm.Booster

    def predict(self, features: FloatArray) -> DoubleArray:
        """See :class:`training.estimators.interface.FittedModel`."""
        probabilities: DoubleArray = np.asarray(self.booster.predict(features, num_threads=1))
        return probabilities

    def log_odds(self, features: FloatArray) -> DoubleArray:
        """Shape ``(rows,)``."""
        margins: DoubleArray = np.asarray(self.booster.predict(features, raw_score=True, num_threads=1))
        return margins

    def contributions(self, features: FloatArray) -> DoubleArray:
        """Exact TreeSHAP values; the last column that LightGBM itself gives is the average log-odds."""
        found = contributions_of_trees(self.booster.dump_model(), features)
        if found is not None:
            return found
        with_average: DoubleArray = np.asarray(self.booster.predict(features, pred_contrib=True, num_threads=1))
        return with_average[:, :-1]

    def part(self, share: float) -> Part:
        """The trees as a share of an ONNX graph."""
        return trees(self.converted(), share)

    def converted(self) -> onnx.ModelProto:
        """The trees as onnxmltools writes them."""
        inputs = [(INPUT, FloatTensorType([None, self.booster.num_feature()]))]
        model: onnx.ModelProto = onnxmltools.convert_lightgbm(
            self.booster, initial_types=inputs, zipmap=False, target_opset=_CONVERTED_OPSET
        )
        return model

    def to_onnx(self) -> bytes:
        """See :class:`training.estimators.interface.FittedModel`."""
        return graph_of([self.part(1.0)], self.booster.num_feature(), self.model_text())

    def model_text(self) -> dict[str, str]:
        """The trees as LightGBM's own text, which also holds the number of rows in each leaf; ONNX does not."""
        return {LIGHTGBM.name: self.booster.model_to_string()}

    @classmethod
    def from_model_text(cls, model_text: Mapping[str, str]) -> "LightGBM":
        """Restore what :meth:`model_text` wrote."""
        return cls(lightgbm.Booster(model_str=model_text[LIGHTGBM.name]))


def fit_lightgbm(parameters: Mapping[str, Any], rows: LearningRows, seed: int) -> LightGBM:
    """Boosted trees. Split thresholds drawn at random rank weekly retail data better than the best ones."""
    options = dict(parameters)
    rounds = options.pop("num_iterations")
    fixed = {"objective": "binary", "deterministic": True, "force_row_wise": True, "num_threads": 1, "verbose": -1}
    data = lightgbm.Dataset(rows.features, rows.outcome, weight=rows.weights)
    booster = lightgbm.train({**fixed, **options, "seed": seed}, data, rounds)
    return LightGBM(lightgbm.Booster(model_str=_with_float32_thresholds(booster.model_to_string())))


def _with_float32_thresholds(model: str) -> str:
    """The same trees with each threshold as the largest float32 that is not above it.

    Float32 features go the same ways. But ONNX keeps thresholds as float32, and one that was rounded up could reach the
    next feature value.
    """
    without_sizes = re.sub(r"(?m)^tree_sizes=.*\n", "", model)  # the lengths of the trees' texts, which change
    return re.sub(r"(?m)^threshold=(.*)$", lambda line: f"threshold={_round_down(line[1])}", without_sizes)


def _round_down(numbers: str) -> str:
    exact = np.clip(np.array(numbers.split(), dtype=np.float64), -LARGEST_THRESHOLD, LARGEST_THRESHOLD)
    nearest = exact.astype(np.float32)
    below = np.where(nearest > exact, np.nextafter(nearest, np.float32(-np.inf)), nearest)
    return " ".join(f"{number:.17g}" for number in below.astype(np.float64))


@dataclass(frozen=True)
class XGBoost:
    """A fitted XGBoost booster."""

    booster: xgboost.Booster

    def predict(self, features: FloatArray) -> DoubleArray:
        """See :class:`training.estimators.interface.FittedModel`."""
        probabilities: DoubleArray = self.booster.predict(xgboost.DMatrix(features, nthread=1)).astype(float)
        return probabilities

    def contributions(self, features: FloatArray) -> DoubleArray:
        """Exact TreeSHAP values; the last column that XGBoost gives is the average log-odds."""
        rows = xgboost.DMatrix(features, nthread=1)
        with_average: DoubleArray = self.booster.predict(rows, pred_contribs=True).astype(float)
        return with_average[:, :-1]

    def to_onnx(self) -> bytes:
        """See :class:`training.estimators.interface.FittedModel`."""
        width = self.booster.num_features()
        inputs = [(INPUT, FloatTensorType([None, width]))]
        converted = onnxmltools.convert_xgboost(self.booster, initial_types=inputs, target_opset=_CONVERTED_OPSET)
        return graph_of([trees(converted, 1.0)], width, {XGBOOST.name: self.booster.save_raw("json").decode()})

    @classmethod
    def from_model_text(cls, model_text: Mapping[str, str]) -> "XGBoost":
        """Restore the booster from the text in the graph."""
        return cls(xgboost.Booster({"nthread": 1}, model_file=bytearray(model_text[XGBOOST.name].encode())))


def _fit_xgboost(parameters: Mapping[str, Any], rows: LearningRows, seed: int) -> XGBoost:
    options = dict(parameters)
    rounds = options.pop("num_boost_round")
    fixed = {"objective": "binary:logistic", "tree_method": "hist", "nthread": 1}
    data = xgboost.DMatrix(rows.features, rows.outcome, weight=rows.weights, nthread=1)
    return XGBoost(xgboost.train({**fixed, **options, "seed": seed}, data, rounds))


LIGHTGBM = Estimator(
    "lightgbm",
    {
        "num_iterations": 500,
        "learning_rate": 0.03,
        "num_leaves": 15,
        "min_child_samples": 40,
        "feature_fraction": 0.3,
        "bagging_fraction": 0.7,
        "bagging_freq": 1,
        "lambda_l2": 5.0,
        "extra_trees": True,
    },
    fit_lightgbm,
)

XGBOOST = Estimator(
    "xgboost",
    {
        "num_boost_round": 250,
        "learning_rate": 0.03,
        "max_depth": 4,
        "min_child_weight": 5.0,
        "subsample": 0.7,
        "colsample_bynode": 0.3,
        "reg_lambda": 5.0,
    },
    _fit_xgboost,
)
