"""Evaluate: the out-of-fold predictions beside those of every rule, as figures with intervals.

evaluation/
    bundle/                 the candidate's bundle, its contract now with the figures
    metrics.json            figures by block and scorer, and the model less each rule
    report.html             all of it on one page, with the plots in it
    precision_recall.png, calibration.png, gain.png, weeks.png, run_out.png, importance.png
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from feature_service.bundle import CONTRACT_FILE, MODEL_FILE, Bundle
from training.backtest.predictions import Predictions, read_predictions
from training.backtest.run_out_file import RUN_OUT_FILE, read_run_out
from training.evaluation import BUNDLE_DIR
from training.evaluation.comparison import MODEL, compare_with_rules
from training.evaluation.figures import ALL, LOCKED, METRICS_FILE, Evaluation, EvaluationBlock
from training.evaluation.report import write_report
from training.evaluation.run_out import figures_of, metrics_of
from training.metrics.figures import Measurements, measure
from training.metrics.run_out import RunOutFigures
from training.metrics.truth import ScorerOutput, Truth
from training.metrics.yardstick import Yardstick
from training.outcomes import check_both_outcomes
from training.threshold import at_threshold
from training.training_record import read_training_record


def evaluate(
    predictions: Path, candidate: Path, yardstick: Yardstick, to: Path, warnings: Sequence[str] = ()
) -> Evaluation:
    """Measure, plot, report, and finish the bundle.

    Args:
        predictions: The backtest's file.
        candidate: Folder that ``training.candidate.train`` wrote.
        yardstick: Budget, costs and draws.
        to: An existing folder to write the evaluation into.
        warnings: What looks wrong about the data, a sentence each, for the top of the report.
    Raises:
        TrainingFileError, BundleError: If a file of an earlier stage is missing or broken.
        OneSidedOutcomeError: If a block holds one outcome only.
    """
    out_of_fold, record, bundle = read_predictions(predictions), read_training_record(candidate), Bundle.load(candidate)
    figures = measure(out_of_fold.truth, _scorers(out_of_fold), yardstick)
    rows = out_of_fold.locked
    locked = out_of_fold.truth.take(rows)
    check_both_outcomes("locked", locked.outcome)
    result = Evaluation(
        blocks={
            ALL: _block(out_of_fold.truth, out_of_fold, figures),
            LOCKED: _block(
                locked,
                replace(out_of_fold, as_of_week=out_of_fold.as_of_week[rows]),
                measure(locked, {name: each.take(rows) for name, each in _scorers(out_of_fold).items()}, yardstick),
            ),
        },
        over_rules=compare_with_rules(figures),
        at_threshold=at_threshold(locked.outcome, out_of_fold.model.take(rows).values, bundle.contract.threshold),
        yardstick=yardstick,
        run_out=_run_out(predictions.with_name(RUN_OUT_FILE), bundle, yardstick),
    )
    (to / METRICS_FILE).write_text(json.dumps(asdict(result), indent=2) + "\n", encoding="utf-8")
    _write_bundle(candidate, bundle, result, to / BUNDLE_DIR)
    write_report(result, out_of_fold, record, Bundle.load(to / BUNDLE_DIR).contract, to, warnings)
    return result


def _run_out(path: Path, bundle: Bundle, yardstick: Yardstick) -> RunOutFigures | None:
    return figures_of(read_run_out(path), yardstick) if bundle.contract.reach_weeks > 1 else None


def _scorers(predictions: Predictions) -> dict[str, ScorerOutput]:
    return {MODEL: predictions.model, **predictions.rules}


def _block(truth: Truth, predictions: Predictions, figures: Mapping[str, Measurements]) -> EvaluationBlock:
    return EvaluationBlock(
        first_week=str(predictions.as_of_week.min()),
        last_week=str(predictions.as_of_week.max()),
        rows=len(truth.outcome),
        base_rate=float(truth.outcome.mean()),
        figures={scorer: {name: draws.interval() for name, draws in figures[scorer].items()} for scorer in figures},
    )


def contract_metrics(result: Evaluation) -> dict[str, float]:
    """The model's figures over all origins by name, and those of the locked origins as ``locked_...``."""
    figures = {name: each.value for name, each in result.blocks[ALL].figures[MODEL].items()}
    figures |= {f"locked_{name}": each.value for name, each in result.blocks[LOCKED].figures[MODEL].items()}
    figures |= {} if result.run_out is None else metrics_of(result.run_out)
    figures |= {"base_rate": result.blocks[ALL].base_rate, "rows": float(result.blocks[ALL].rows)}
    return figures | {
        "locked_recall_at_threshold": result.at_threshold.recall,
        "locked_precision_at_threshold": result.at_threshold.precision,
    }


def _write_bundle(candidate: Path, bundle: Bundle, result: Evaluation, to: Path) -> None:
    to.mkdir()
    shutil.copyfile(candidate / MODEL_FILE, to / MODEL_FILE)
    (to / CONTRACT_FILE).write_text(
        replace(bundle.contract, metrics=contract_metrics(result)).to_json(), encoding="utf-8"
    )
