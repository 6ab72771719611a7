"""The model bundle: an ONNX graph and its contract, the one artifact that every door serves from.

This module imports only NumPy and ONNX Runtime, so that a server needs nothing of what a model is trained with, and
never loads a pickle.
"""

import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime

from feature_service.json_record import read_record
from feature_service.kernel import COUNT_AGE_DAYS, FloatArray, StockoutError
from feature_service.kernel.arrays import BoolArray

MODEL_FILE = "model.onnx"
CONTRACT_FILE = "contract.json"
CONTRACT_SCHEMA = 3


class BundleError(StockoutError):
    """A model bundle cannot be read, or is not what its contract says."""


class FeatureShapeError(StockoutError):
    """Feature rows do not fit the model: wrong width, or a value that is not a finite number."""


@dataclass(frozen=True)
class Bound:
    """What a feature must be for a label to apply to a row.

    Attributes:
        feature: Its name.
        above: It must be more than this; None if nothing is asked.
        at_most: It must not be more than this; None if nothing is asked.
    """

    feature: str
    above: float | None = None
    at_most: float | None = None

    def holds(self, values: FloatArray) -> BoolArray:
        """Where the values keep it; NaN, "not known", does not."""
        holds: BoolArray = np.isfinite(values)
        if self.above is not None:
            holds &= values > self.above
        if self.at_most is not None:
            holds &= values <= self.at_most
        return holds


@dataclass(frozen=True)
class LabelContract:
    """What a probability is the probability of.

    Attributes:
        name: E.g. ``zero_sales``.
        description: One sentence for a planner.
        evidence: ``SALES_ONLY`` or ``STOCK_AWARE``.
        horizon_weeks: Weeks ahead.
        applies_where: The label applies to a row exactly where all of these hold; empty if no feature of the model
            tells where it does. Where it does not apply, a probability means nothing.
    """

    name: str
    description: str
    evidence: str
    horizon_weeks: int
    applies_where: tuple[Bound, ...] = ()

    def predicts_the_same_as(self, other: "LabelContract") -> bool:
        """Whether the other's probabilities mean the same; by which features it is told where they do may differ."""
        return replace(self, applies_where=()) == replace(other, applies_where=())


@dataclass(frozen=True)
class Calibration:
    """From a raw probability to a calibrated one, with straight lines between the points.

    Attributes:
        raw: Rising, from 0 to 1.
        calibrated: Never falling, as many.
    """

    raw: tuple[float, ...]
    calibrated: tuple[float, ...]

    def apply(self, probability: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
        """Calibrated probabilities of the same shape."""
        calibrated: npt.NDArray[np.float32] = np.interp(probability, self.raw, self.calibrated).astype(np.float32)
        return calibrated


@dataclass(frozen=True)
class Contract:
    """What a caller must know of a model to ask it and to read its answer.

    Attributes:
        feature_set: Versioned name of the feature set.
        feature_names: Inputs of the graph, in order.
        label: What is predicted.
        threshold: An alert is raised where the probability reaches it.
        training_window: First and last as_of week of the rows it was fitted on, ISO dates.
        metrics: Figures on the untouched block, by name.
        data_fingerprint: SHA-256 of the input files.
        estimator: What was fitted, e.g. ``random_forest``.
        seed: Of every random choice.
        takes_unknown: Whether a feature may be NaN, "not known".
        calibration: Applied to what the graph says; None where that is the probability.
    """

    feature_set: str
    feature_names: tuple[str, ...]
    label: LabelContract
    threshold: float
    training_window: tuple[str, str]
    metrics: Mapping[str, float]
    data_fingerprint: str
    estimator: str
    seed: int
    takes_unknown: bool = False
    calibration: Calibration | None = None

    def __post_init__(self) -> None:
        """Raises:
        BundleError: If it tells where the label applies by a feature that the model does not take.
        """
        for bound in self.label.applies_where:
            if bound.feature not in self.feature_names:
                raise BundleError(
                    f"the label {self.label.name} applies by {bound.feature}, which is no feature of "
                    f"{self.feature_set}: train the model anew"
                )

    def applies(self, features: FloatArray, *, counted_now: bool = False) -> BoolArray:
        """Where the label applies, as far as features tell; everywhere if none of them does.

        Args:
            features: Shape ``(rows, features)``, in the contract's order.
            counted_now: The stock in the rows is what a caller counts at this moment, so that the age of the last
                count in the data does not matter.
        Returns:
            Shape ``(rows,)``.
        """
        applies: BoolArray = np.ones(len(features), dtype=np.bool_)
        for bound in self.label.applies_where:
            if not (counted_now and bound.feature == COUNT_AGE_DAYS):
                applies &= bound.holds(features[:, self.feature_names.index(bound.feature)])
        return applies

    def to_json(self) -> str:
        """The contract as the text of its file."""
        return json.dumps({"schema": CONTRACT_SCHEMA, **dataclasses.asdict(self)}, indent=2, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Contract":
        """Read what :meth:`to_json` wrote.

        Raises:
            BundleError: If it is not such a text, or of another schema.
        """
        try:
            fields = json.loads(text)
            if fields.pop("schema") != CONTRACT_SCHEMA:
                raise BundleError(f"the contract's schema is not {CONTRACT_SCHEMA}; build the bundle anew")
            return read_record(cls, fields)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BundleError(f"the contract cannot be read: {error}") from error


class Bundle:
    """A loaded model: features in, probabilities out."""

    def __init__(self, contract: Contract, session: onnxruntime.InferenceSession) -> None:
        self.contract = contract
        self._session = session
        self._input = session.get_inputs()[0].name
        self._output = session.get_outputs()[-1].name

    @classmethod
    def load(cls, folder: Path) -> "Bundle":
        """Read a bundle's folder.

        Raises:
            BundleError: If a file is missing or broken, or the graph's width is not the contract's.
        """
        try:
            contract = Contract.from_json((folder / CONTRACT_FILE).read_text(encoding="utf-8"))
            graph = (folder / MODEL_FILE).read_bytes()
        except OSError as error:
            raise BundleError(f"the model bundle {folder} cannot be read: {error.strerror}") from error
        try:
            session = _single_threaded_session(graph)
        except Exception as error:  # ONNX Runtime's own errors share no base class but Exception
            raise BundleError(f"{folder / MODEL_FILE} is no model that ONNX Runtime can run: {error}") from error
        width = session.get_inputs()[0].shape[-1]
        if width != len(contract.feature_names):
            raise BundleError(f"{folder}: the graph takes {width} features, its contract {len(contract.feature_names)}")
        return cls(contract, session)

    def predict(self, features: FloatArray) -> npt.NDArray[np.float32]:
        """The probability of the label's positive outcome.

        Args:
            features: Shape ``(rows, features)``, in the contract's order.
        Returns:
            In [0, 1], calibrated, shape ``(rows,)``.
        Raises:
            FeatureShapeError: If the width is another one, or a value is infinite, or NaN though the contract does not
                take what is not known.
        """
        width = len(self.contract.feature_names)
        if features.ndim != 2 or features.shape[1] != width:
            raise FeatureShapeError(f"the model takes rows of {width} features, got shape {features.shape}")
        self._check_known(features)
        if not len(features):
            return np.empty(0, dtype=np.float32)
        probabilities = self._session.run([self._output], {self._input: features})[0]
        # A forest's sum of float32 leaves can be 1.0000001.
        clipped: npt.NDArray[np.float32] = np.clip(probabilities[:, 1], 0.0, 1.0, dtype=np.float32)
        calibration = self.contract.calibration
        return clipped if calibration is None else calibration.apply(clipped)

    def _check_known(self, features: FloatArray) -> None:
        if self.contract.takes_unknown:
            if np.isinf(features).any():
                raise FeatureShapeError("a feature is infinite; what is not known is NaN")
        elif not math.isfinite(features.sum(dtype=np.float64)):
            raise FeatureShapeError("a feature is NaN or infinite; rows with unknown features have no probability")


def _single_threaded_session(graph: bytes) -> onnxruntime.InferenceSession:
    """One thread: on a busy machine the default thread pool makes a call of microseconds last milliseconds."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
