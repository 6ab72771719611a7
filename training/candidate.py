"""Train: from the training table to a candidate, which is a model bundle with the record of how it came about.

candidate/
    model.onnx, contract.json   the bundle; its contract has no metrics yet
    training.json               settings, blocks, rows, the threshold's figures, parity, seconds
"""

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from feature_service.kernel import FloatArray
from training.bundle import CONTRACT_FILE, MODEL_FILE, Bundle, Contract
from training.dataset import Rows, read_training_table
from training.errors import ParityError, TrainingFileError
from training.estimators import Fitted, estimator, fit
from training.settings import TrainingSettings
from training.split import Block, Split, check_both_outcomes, split_by_time
from training.threshold import OperatingPoint, threshold_for_recall

TRAINING_FILE = "training.json"
ALLOWED_DIFFERENCE = 1e-5
_PARITY_ROWS = 50_000


@dataclass(frozen=True)
class TrainingRecord:
    """How a candidate came about.

    Attributes:
        settings: What the run was told.
        estimator_parameters: What the estimator was fitted with.
        split: The blocks.
        rows: Rows by block.
        positives: Positive outcomes by block.
        operating_point: The threshold and its figures on the validation block.
        parity: Largest difference in probability between the ONNX model and the fitted one.
        parity_rows: Real rows it was measured on.
        fit_seconds: Of the fit alone.
    """

    settings: TrainingSettings
    estimator_parameters: dict[str, Any]
    split: Split
    rows: dict[str, int]
    positives: dict[str, int]
    operating_point: OperatingPoint
    parity: float
    parity_rows: int
    fit_seconds: float


def train(table: Path, settings: TrainingSettings, data_fingerprint: str, to: Path) -> TrainingRecord:
    """Fit on the training block, export to ONNX, check parity, choose the threshold on the validation block.

    Args:
        table: The training table's file.
        settings: See there.
        data_fingerprint: SHA-256 of the input files, for the contract.
        to: An existing folder to write the candidate into.
    Raises:
        TrainingHistoryError: If the rows span too few weeks.
        OneSidedOutcomeError: If a block holds one outcome only.
        ParityError: If the ONNX model gives other probabilities.
        UnknownEstimatorError, TrainingFileError: See there.
    """
    rows, parameters = read_training_table(table), dict(estimator(settings.estimator).parameters)
    split = _split(rows, settings)
    blocks = {name: getattr(split, name).of(rows) for name in ("train", "validation", "test")}
    for name, inside in blocks.items():
        check_both_outcomes(name, rows.outcome[inside])
    started = time.perf_counter()
    inside = blocks["train"]
    fitted = fit(settings.estimator, {}, rows.features[inside], rows.outcome[inside], settings.seed)
    fit_seconds = time.perf_counter() - started
    (to / MODEL_FILE).write_bytes(fitted.to_onnx())
    contract = _contract(rows, split.train, settings, data_fingerprint)
    bundle = Bundle.load(_with_contract(to, contract))
    parity, parity_rows = check_parity(fitted, bundle, rows.features)
    # asked of the ONNX graph, so that the threshold is one of the numbers that are compared with it in production
    validation = bundle.predict(rows.features[blocks["validation"]])
    point = threshold_for_recall(rows.outcome[blocks["validation"]], validation, settings.target_recall)
    _with_contract(to, _contract(rows, split.train, settings, data_fingerprint, point.threshold))
    record = TrainingRecord(
        settings=settings,
        estimator_parameters=parameters,
        split=split,
        rows={name: int(inside.sum()) for name, inside in blocks.items()},
        positives={name: int((rows.outcome[inside] == 1).sum()) for name, inside in blocks.items()},
        operating_point=point,
        parity=parity,
        parity_rows=parity_rows,
        fit_seconds=round(fit_seconds, 3),
    )
    (to / TRAINING_FILE).write_text(json.dumps(asdict(record), indent=2) + "\n", encoding="utf-8")
    return record


def read_training_record(candidate: Path) -> TrainingRecord:
    """Read the record that :func:`train` wrote.

    Raises:
        TrainingFileError: If it is missing or broken.
    """
    path = candidate / TRAINING_FILE
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        fields["settings"] = TrainingSettings(**fields["settings"])
        fields["split"] = Split(**{name: Block(**block) for name, block in fields["split"].items()})
        fields["operating_point"] = OperatingPoint(**fields["operating_point"])
        return TrainingRecord(**fields)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrainingFileError(f"{path} cannot be read: {error}; train the model again") from error


def check_parity(fitted: Fitted, bundle: Bundle, features: FloatArray) -> tuple[float, int]:
    """The largest difference in probability between the two, and the number of rows it was measured on.

    Args:
        fitted: The model.
        bundle: What it was exported to.
        features: Real rows, shape ``(rows, features)``; the newest are taken, as production sees them.
    Raises:
        ParityError: If it is more than ``ALLOWED_DIFFERENCE``.
    """
    newest = features[-_PARITY_ROWS:]
    difference = float(np.abs(fitted.predict(newest) - bundle.predict(newest)).max())
    # a NaN difference is no parity either
    if not difference < ALLOWED_DIFFERENCE:
        raise ParityError(difference, ALLOWED_DIFFERENCE, len(newest))
    return difference, len(newest)


def _split(rows: Rows, settings: TrainingSettings) -> Split:
    return split_by_time(
        rows.as_of_week[np.isfinite(rows.outcome)],
        horizon_weeks=rows.label.horizon_weeks,
        min_train_weeks=settings.min_train_weeks,
        validation_weeks=settings.validation_weeks,
        test_weeks=settings.test_weeks,
    )


def _contract(
    rows: Rows, train: Block, settings: TrainingSettings, fingerprint: str, threshold: float = 1.0
) -> Contract:
    return Contract(
        feature_set=rows.feature_set,
        feature_names=rows.feature_names,
        label=rows.label,
        threshold=threshold,
        training_window=(train.first_week, train.last_week),
        metrics={},
        data_fingerprint=fingerprint,
        estimator=settings.estimator,
        seed=settings.seed,
    )


def _with_contract(folder: Path, contract: Contract) -> Path:
    (folder / CONTRACT_FILE).write_text(contract.to_json(), encoding="utf-8")
    return folder
