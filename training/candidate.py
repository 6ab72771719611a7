"""Train a candidate: a model bundle with the record of its training.

The model is the one of the next origin: the backtest's recipe, fitted on the rows whose outcome is known, or on a
sample of them where they are more than the row budget. It is calibrated on the recipe's predictions at the newest
origins, which are later than the rows of those fits.

candidate/
    model.onnx, contract.json   the bundle; its contract has no metrics yet
    training.json               settings, rows, the threshold's figures, parity, importance of the features, seconds
"""

import json
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from data.weeks import monday
from feature_service.bundle import CONTRACT_FILE, MODEL_FILE, Bundle, Contract
from feature_service.kernel import feature_set
from feature_service.kernel.arrays import FloatArray
from training.backtest.predictions import PREDICTIONS_FILE, read_predictions
from training.backtest.record import read_backtest
from training.backtest.run_out import final_hazards, run_out_by
from training.backtest.walk import final_fit
from training.dataset import TrainingRows, read_training_table
from training.errors import ParityError
from training.estimators import IMPORTANCE_ROWS, FittedModel, estimator
from training.estimators.hazard import Hazards
from training.policy import AlertPolicy
from training.threshold import OperatingPoint, choose_threshold
from training.training_record import TRAINING_FILE, TrainingRecord

ALLOWED_DIFFERENCE = 1e-5
_PARITY_ROWS = 50_000
_RUN_OUT_PARITY_ROWS = 5_000


def train(table: Path, backtest: Path, seed: int, data_fingerprint: str, to: Path) -> TrainingRecord:
    """Fit on the known rows, export to ONNX, check parity, and choose the contract's own threshold.

    Args:
        table: The training table's file.
        backtest: Folder that ``training.backtest.record.run_backtest`` wrote.
        seed: Of every random choice.
        data_fingerprint: SHA-256 of the input files, for the contract.
        to: An existing folder to write the candidate into.
    Raises:
        OneSidedOutcomeError: If the rows hold one outcome only.
        ParityError: If the ONNX model gives other probabilities.
        UnknownEstimatorError: If there is no such estimator.
        TrainingFileError: If a file of an earlier stage is missing or broken.
    """
    rows, backtest_record = read_training_table(table), read_backtest(backtest)
    recipe = backtest_record.recipe
    started = time.perf_counter()
    model, sample = final_fit(rows, recipe, backtest_record.settings.row_budget, seed)
    reach_weeks, graph = backtest_record.reach_weeks, model.to_onnx()
    hazards = None
    if reach_weeks > 1:
        hazards = final_hazards(rows, reach_weeks, backtest_record.settings.row_budget, seed)
        graph = hazards.added_to(graph)
    fit_seconds = time.perf_counter() - started
    (to / MODEL_FILE).write_bytes(graph)
    contract = _contract(rows, recipe.estimator, seed, data_fingerprint, reach_weeks)
    newest = rows.features(np.arange(max(len(rows) - _PARITY_ROWS, 0), len(rows)))
    bundle = Bundle.load(_with_contract(to, contract))
    parity, parity_rows = check_parity(model, bundle, newest)
    if hazards is not None:
        check_run_out_parity(model, hazards, bundle, newest[-_RUN_OUT_PARITY_ROWS:])
    policy = AlertPolicy()
    point = _operating_point(backtest, policy)
    _with_contract(to, replace(contract, threshold=point.threshold, calibration=backtest_record.calibration))
    outcomes = rows.outcome[sample.rows]
    record = TrainingRecord(
        seed=seed,
        policy=policy,
        estimator_parameters={**estimator(recipe.estimator).parameters, **recipe.parameters},
        recipe_features=recipe.features,
        rows=len(outcomes),
        rows_known=int(np.isfinite(rows.outcome).sum()),
        positives=int((outcomes == 1).sum()),
        operating_point=point,
        parity=parity,
        parity_rows=parity_rows,
        importance=_importance(model, rows.feature_names, newest[-IMPORTANCE_ROWS:]),
        fit_seconds=round(fit_seconds, 3),
        row_budget=backtest_record.settings.row_budget,
        calibration_weeks=backtest_record.settings.calibration_weeks,
    )
    (to / TRAINING_FILE).write_text(json.dumps(asdict(record), indent=2) + "\n", encoding="utf-8")
    return record


def check_parity(model: FittedModel, bundle: Bundle, features: FloatArray) -> tuple[float, int]:
    """The largest difference in probability between model and bundle, and the number of rows compared.

    Args:
        model: The fitted model.
        bundle: The exported model, not calibrated.
        features: Real rows, shape ``(rows, features)``.
    Raises:
        ParityError: If it is more than ``ALLOWED_DIFFERENCE``.
    """
    difference = float(np.abs(model.predict(features) - bundle.predict(features)).max())
    # a NaN difference is no parity either
    if not difference < ALLOWED_DIFFERENCE:
        raise ParityError(difference, ALLOWED_DIFFERENCE, len(features))
    return difference, len(features)


def check_run_out_parity(model: FittedModel, hazards: Hazards, bundle: Bundle, features: FloatArray) -> None:
    """Compare the curves, as :func:`check_parity` compares the probabilities of the label.

    Raises:
        ParityError: If they differ by more than ``ALLOWED_DIFFERENCE``.
    """
    fitted = run_out_by(model.predict(features), hazards.predict(features))
    difference = float(np.abs(fitted - bundle.predict_run_out(features)).max())
    if not difference < ALLOWED_DIFFERENCE:
        raise ParityError(difference, ALLOWED_DIFFERENCE, len(features))


def _operating_point(backtest: Path, policy: AlertPolicy) -> OperatingPoint:
    """The threshold, chosen on the development origins: those before the locked ones."""
    predictions = read_predictions(backtest / PREDICTIONS_FILE)
    development = ~predictions.locked
    return choose_threshold(
        predictions.truth.outcome[development],
        predictions.model.values[development],
        predictions.truth.week[development],
        policy,
    )


def _importance(model: FittedModel, names: tuple[str, ...], features: FloatArray) -> dict[str, float]:
    contributions = model.contributions(features)
    if contributions is None:
        return {}
    mean = np.abs(contributions).mean(axis=0)
    return {name: float(share) for name, share in zip(names, mean / mean.sum(), strict=True)}


def _contract(rows: TrainingRows, estimator_name: str, seed: int, fingerprint: str, reach_weeks: int) -> Contract:
    week = rows.week[np.isfinite(rows.outcome)]
    return Contract(
        feature_set=rows.feature_set,
        feature_names=rows.feature_names,
        label=rows.label,
        threshold=1.0,
        training_window=(str(monday(int(week.min()))), str(monday(int(week.max())))),
        metrics={},
        data_fingerprint=fingerprint,
        estimator=estimator_name,
        seed=seed,
        takes_unknown=feature_set(rows.feature_set).unknown_allowed,
        reach_weeks=reach_weeks,
    )


def _with_contract(folder: Path, contract: Contract) -> Path:
    (folder / CONTRACT_FILE).write_text(contract.to_json(), encoding="utf-8")
    return folder
