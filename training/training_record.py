"""The record of a training; apart from the training itself, so that it is read without loading any model's library."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.policy import AlertPolicy
from training.record_file import read_record_file
from training.threshold import OperatingPoint

TRAINING_FILE = "training.json"


@dataclass(frozen=True)
class TrainingRecord:
    """The record of one training.

    Attributes:
        seed: Of every random choice.
        policy: That the contract's own threshold goes by; a snapshot is published with one of its own.
        estimator_parameters: What the estimator was fitted with.
        recipe_features: The features that it could look at; all where empty.
        rows: Rows that it was fitted on.
        rows_known: Rows whose outcome is known, of which these are a sample where they are more than the budget.
        positives: Positive outcomes among the rows that it was fitted on.
        operating_point: The threshold and its figures on the origins before the locked ones.
        parity: Largest difference in probability between the ONNX model and the fitted one.
        parity_rows: Real rows it was measured on.
        importance: Share of each feature in the mean absolute contribution on the newest rows; empty where the
            estimator has no contributions.
        fit_seconds: Of the fit alone.
        row_budget: Rows that a fit may learn from; None in records of before.
        calibration_weeks: Origins that it is calibrated on; None in records of before.
    """

    seed: int
    policy: AlertPolicy
    estimator_parameters: dict[str, Any]
    recipe_features: tuple[str, ...]
    rows: int
    rows_known: int
    positives: int
    operating_point: OperatingPoint
    parity: float
    parity_rows: int
    importance: Mapping[str, float]
    fit_seconds: float
    row_budget: int | None = None
    calibration_weeks: int | None = None


def read_training_record(candidate: Path) -> TrainingRecord:
    """Read the record that :func:`training.candidate.train` wrote.

    Raises:
        TrainingFileError: If it is missing or broken.
    """
    return read_record_file(TrainingRecord, candidate / TRAINING_FILE, "train the model again")
