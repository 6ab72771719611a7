"""Evaluate: the candidate on weeks that neither the fit nor the threshold has seen, beside the rules it has to beat.

evaluation/
    bundle/                 the candidate's bundle, its contract now with the figures of the test block
    metrics.json            one entry per scorer: the model first, then the rules
    precision_recall.png    the model's curve and the rules' curves
    calibration.png         how often it came true, by predicted probability
"""

import json
import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from feature_service.kernel import FloatArray
from training.bundle import CONTRACT_FILE, MODEL_FILE, Bundle
from training.candidate import read_training_record
from training.dataset import Rows, read_training_table
from training.errors import TrainingFileError
from training.plots import plot_calibration, plot_precision_recall
from training.rules import RULES
from training.split import check_both_outcomes
from training.threshold import at_threshold, threshold_for_recall

METRICS_FILE = "metrics.json"
BUNDLE_DIR = "bundle"
MODEL = "model"
# a rule that says 0 or 1 would have an infinite log loss from one mistake on
_LEAST_PROBABILITY = 1e-6


@dataclass(frozen=True)
class Score:
    """How one scorer did on the test block.

    Attributes:
        scorer: ``model``, or the rule's name.
        average_precision: Area under its precision-recall curve; the base rate is what chance gives.
        auc: Area under its ROC curve; 0.5 is chance.
        brier: Mean squared error of the probability; lower is better.
        log_loss: With probabilities held at least 1e-6 away from 0 and 1; lower is better.
        threshold: Chosen for the target recall on the validation block, for each scorer on its own.
        recall: Of that threshold on the test block.
        precision: Of that threshold on the test block.
    """

    scorer: str
    average_precision: float
    auc: float
    brier: float
    log_loss: float
    threshold: float
    recall: float
    precision: float


@dataclass(frozen=True)
class Evaluation:
    """The figures of the test block.

    Attributes:
        rows: Rows of the block.
        base_rate: Share of positive outcomes.
        weeks: First and last ``as_of`` week, ISO dates.
        scores: The model first, then the rules.
    """

    rows: int
    base_rate: float
    weeks: tuple[str, str]
    scores: tuple[Score, ...]


def evaluate(table: Path, candidate: Path, to: Path) -> Evaluation:
    """Measure a candidate and the rules on the test block, and write figures, plots and the finished bundle.

    Args:
        table: The training table's file.
        candidate: Folder that ``training.candidate.train`` wrote.
        to: An existing folder to write the evaluation into.
    Raises:
        TrainingFileError, BundleError: If a file of an earlier stage is missing or broken.
        OneSidedOutcomeError: If the test block holds one outcome only.
    """
    rows, record, bundle = read_training_table(table), read_training_record(candidate), Bundle.load(candidate)
    blocks = {name: _take(rows, getattr(record.split, name).of(rows)) for name in ("validation", "test")}
    for name, block in blocks.items():
        check_both_outcomes(name, block.outcome)
    base_rate = record.positives["train"] / record.rows["train"]
    # every scorer by name, its probabilities on the validation and on the test block
    validation, test = (
        {MODEL: bundle.predict(block.features)} | {name: rule(block, base_rate) for name, rule in RULES.items()}
        for block in blocks.values()
    )
    truth, tuning = blocks["test"].outcome, blocks["validation"].outcome
    scores = tuple(
        _score(name, truth, test[name], threshold_for_recall(tuning, p, record.settings.target_recall).threshold)
        for name, p in validation.items()
    )
    result = Evaluation(
        rows=len(truth),
        base_rate=float(truth.mean()),
        weeks=(record.split.test.first_week, record.split.test.last_week),
        scores=scores,
    )
    plot_precision_recall(truth, test, bundle.contract, (scores[0].recall, scores[0].precision), to)
    plot_calibration(truth, test, bundle.contract, to)
    (to / METRICS_FILE).write_text(json.dumps(asdict(result), indent=2) + "\n", encoding="utf-8")
    _write_bundle(candidate, bundle, result, to / BUNDLE_DIR)
    return result


def read_evaluation(folder: Path) -> Evaluation:
    """Read the figures that :func:`evaluate` wrote.

    Raises:
        TrainingFileError: If they are missing or broken.
    """
    path = folder / METRICS_FILE
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        fields["weeks"] = tuple(fields["weeks"])
        fields["scores"] = tuple(Score(**score) for score in fields["scores"])
        return Evaluation(**fields)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrainingFileError(f"{path} cannot be read: {error}; evaluate the model again") from error


def _score(name: str, outcome: FloatArray, probability: FloatArray, threshold: float) -> Score:
    held = np.clip(probability.astype(np.float64), _LEAST_PROBABILITY, 1 - _LEAST_PROBABILITY)
    point = at_threshold(outcome, probability, threshold)
    return Score(
        scorer=name,
        average_precision=float(average_precision_score(outcome, probability)),
        auc=float(roc_auc_score(outcome, probability)),
        brier=float(brier_score_loss(outcome, probability)),
        log_loss=float(log_loss(outcome, held)),
        threshold=point.threshold,
        recall=point.recall,
        precision=point.precision,
    )


def _take(rows: Rows, inside: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Rows:
    return replace(
        rows,
        features=rows.features[inside],
        outcome=rows.outcome[inside],
        as_of_week=rows.as_of_week[inside],
        product=rows.product[inside],
    )


def _write_bundle(candidate: Path, bundle: Bundle, result: Evaluation, to: Path) -> None:
    figures = {name: value for name, value in asdict(result.scores[0]).items() if isinstance(value, float)}
    figures |= {"base_rate": result.base_rate, "test_rows": float(result.rows)}
    del figures["threshold"]  # the contract has it already
    to.mkdir()
    shutil.copyfile(candidate / MODEL_FILE, to / MODEL_FILE)
    (to / CONTRACT_FILE).write_text(replace(bundle.contract, metrics=figures).to_json(), encoding="utf-8")
