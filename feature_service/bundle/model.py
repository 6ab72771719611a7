"""The model bundle: an ONNX graph and its contract, the one artifact that every door serves from.

This module imports only NumPy and ONNX Runtime, so that a server needs nothing of what a model is trained with, and
never loads a pickle.
"""

import math
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime

from feature_service.bundle.contract import BundleError, Calibration, Contract
from feature_service.kernel import FloatArray, StockoutError
from feature_service.kernel.sets.catalogue import FEATURE_SETS

MODEL_FILE = "model.onnx"
CONTRACT_FILE = "contract.json"
HAZARDS = "hazards"
"""The graph's output of a model that reaches further than its horizon: the probability that a product which is in stock
at the beginning of the second, third ... week ahead runs out in it, shape ``(rows, reach_weeks - 1)``."""
ASKS_HAZARDS = "asks_hazards"
"""The graph's input that asks for them; false where it is not given."""
_ROUNDING = 1e-4
"""How far beyond 0 and 1 the sum of a forest's float32 leaves may be."""


class FeatureShapeError(StockoutError):
    """Feature rows do not fit the model: wrong width, or a value that is not a finite number."""


class Bundle:
    """A loaded model: features in, probabilities out."""

    def __init__(self, contract: Contract, session: onnxruntime.InferenceSession) -> None:
        self.contract = contract
        self._session = session
        self._input = session.get_inputs()[0].name
        self._output = [each.name for each in session.get_outputs() if each.name != HAZARDS][-1]

    @classmethod
    def load(cls, folder: Path) -> "Bundle":
        """Read a bundle's folder.

        Raises:
            BundleError: If a file is missing or broken, the graph is not what the contract says, or the features that
                the model was trained on are not computed any more.
        """
        try:
            contract = Contract.from_json((folder / CONTRACT_FILE).read_text(encoding="utf-8"))
            graph = (folder / MODEL_FILE).read_bytes()
        except (OSError, UnicodeDecodeError) as error:
            raise BundleError(f"the model bundle {folder} cannot be read: {error}") from error
        if contract.feature_set not in FEATURE_SETS:
            raise BundleError(
                f"the model in {folder} takes the feature set {contract.feature_set!r}, which this version does not "
                f"compute ({', '.join(FEATURE_SETS)}): run the pipeline to train one anew"
            )
        try:
            session = _single_threaded_session(graph)
        except Exception as error:  # ONNX Runtime's own errors share no base class but Exception
            raise BundleError(f"{folder / MODEL_FILE} is no model that ONNX Runtime can run: {error}") from error
        width = session.get_inputs()[0].shape[-1]
        if width != len(contract.feature_names):
            raise BundleError(f"{folder}: the graph takes {width} features, its contract {len(contract.feature_names)}")
        hazards = [each.shape[-1] for each in session.get_outputs() if each.name == HAZARDS]
        if sum(hazards) != contract.reach_weeks - 1:
            raise BundleError(
                f"{folder}: the graph reaches {sum(hazards) + 1} weeks ahead, its contract {contract.reach_weeks}"
            )
        bundle = cls(contract, session)
        bundle._probe(folder)
        return bundle

    def predict(self, features: FloatArray) -> npt.NDArray[np.float32]:
        """The probability of the label's positive outcome.

        Args:
            features: Shape ``(rows, features)``, in the contract's order.
        Returns:
            In [0, 1], calibrated, shape ``(rows,)``.
        Raises:
            FeatureShapeError: If the width is another one, or a value is infinite, or NaN though the contract does not
                take what is not known.
            BundleError: If the graph gives something that is no probability.
        """
        self._check_shape(features)
        if not len(features):
            return np.empty(0, dtype=np.float32)
        (both,) = self._session.run([self._output], {self._input: _with_an_end(features)})
        return _calibrated(self._checked(both, 2, features)[:, 1], self.contract.calibration)

    def predict_run_out(self, features: FloatArray) -> npt.NDArray[np.float32]:
        """The probability that it runs out by the end of each week ahead, which never falls from week to week.

        Args:
            features: As :meth:`predict` takes them.
        Returns:
            In [0, 1], shape ``(rows, reach_weeks)``; the first column is what :meth:`predict` gives.
        Raises:
            FeatureShapeError, BundleError: As :meth:`predict`.
        """
        self._check_shape(features)
        weeks = self.contract.reach_weeks
        if not len(features):
            return np.empty((0, weeks), dtype=np.float32)
        if weeks == 1:
            return self.predict(features)[:, None]
        asked = {self._input: _with_an_end(features), ASKS_HAZARDS: np.array(True)}
        both, hazards = self._session.run([self._output, HAZARDS], asked)
        first = _calibrated(self._checked(both, 2, features)[:, 1], self.contract.calibration)
        later = self._checked(hazards, weeks - 1, features)
        in_stock = np.cumprod(1 - np.column_stack([first, later]).astype(np.float64), axis=1)
        run_out: npt.NDArray[np.float32] = np.column_stack([first, 1 - in_stock[:, 1:]]).astype(np.float32)
        return np.maximum.accumulate(run_out, axis=1)

    def _check_shape(self, features: FloatArray) -> None:
        width = len(self.contract.feature_names)
        if features.ndim != 2 or features.shape[1] != width:
            raise FeatureShapeError(f"the model takes rows of {width} features, got shape {features.shape}")
        self._check_known(features)

    def _checked(self, given: npt.NDArray[np.float32], width: int, features: FloatArray) -> npt.NDArray[np.float32]:
        """What the graph gives for the rows that were asked, each a probability.

        Raises:
            BundleError: If it is not.
        """
        rows = len(features) + 1
        if getattr(given, "shape", None) != (rows, width):
            raise BundleError(f"the model gives {getattr(given, 'shape', 'no array')} for {rows} rows of features")
        raw = given[:-1]
        if not (raw.min() >= -_ROUNDING and raw.max() <= 1 + _ROUNDING):  # false for NaN as well
            raise BundleError(f"the model gives {raw.min()} to {raw.max()}, which is no probability; train it anew")
        clipped: npt.NDArray[np.float32] = np.clip(raw, 0.0, 1.0, dtype=np.float32)
        return clipped

    def _probe(self, folder: Path) -> None:
        """Ask for some rows, so that a graph which cannot answer is refused now; each row by itself as among others.

        Raises:
            BundleError: If it cannot answer, or answers for a row by what the other rows are.
        """
        width = len(self.contract.feature_names)
        rows = np.array([[0.0] * width, [1.0] * width, [100.0] * width, [0.0] * width], dtype=np.float32)
        try:
            together = self.predict_run_out(rows)
            alone = np.concatenate([self.predict_run_out(row[None]) for row in rows])
        except BundleError:
            raise
        except Exception as error:  # ONNX Runtime's own errors share no base class but Exception
            raise BundleError(f"{folder / MODEL_FILE} cannot be run: {error}") from error
        if not np.array_equal(together, alone):
            raise BundleError(f"{folder / MODEL_FILE} answers for a row by what the other rows are; train it anew")

    def _check_known(self, features: FloatArray) -> None:
        if self.contract.takes_unknown:
            if np.isinf(features).any():
                raise FeatureShapeError("a feature is infinite; what is not known is NaN")
        elif not math.isfinite(features.sum(dtype=np.float64)):
            raise FeatureShapeError("a feature is NaN or infinite; rows with unknown features have no probability")


def _with_an_end(features: FloatArray) -> FloatArray:
    """The rows, and the last one once more.

    The end of a batch goes through other instructions, which may differ in the last bit: no answer lies there, so that
    a row is answered alike in every batch, and by a server of some products as by one of all.
    """
    return np.concatenate([features, features[-1:]])


def _calibrated(raw: npt.NDArray[np.float32], calibration: Calibration | None) -> npt.NDArray[np.float32]:
    return raw if calibration is None else calibration.apply(raw)


def _single_threaded_session(graph: bytes) -> onnxruntime.InferenceSession:
    """One thread: on a busy machine the default thread pool makes a call of microseconds last milliseconds."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # it warns of an input with a default, as a graph with hazards has one
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
