"""The model report: one HTML page with its pictures inside, which loads nothing."""

import base64
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from feature_service.bundle import Contract
from feature_service.terminal import visible
from training.backtest.predictions import Predictions
from training.evaluation import plots
from training.evaluation.comparison import MODEL
from training.evaluation.figures import ALL, LOCKED, Evaluation
from training.evaluation.run_out import RUN_OUT, plot_run_out, scores_of, table_of
from training.metrics.bootstrap import Interval
from training.metrics.truth import ScorerOutput
from training.training_record import TrainingRecord

REPORT_FILE = "report.html"
_PICTURES = (plots.PRECISION_RECALL, plots.CALIBRATION, plots.GAIN, plots.WEEKS, RUN_OUT, plots.IMPORTANCE)
_COLUMNS = (
    ("average_precision", "average precision", 3),
    ("auc", "AUC", 3),
    ("recall_at_budget", "recall at budget", 3),
    ("precision_at_budget", "precision at budget", 3),
    ("lift_at_budget", "lift", 2),
    ("onset_recall", "onset recall", 3),
    ("lead_time_weeks", "lead time, weeks", 2),
    ("brier", "Brier", 4),
    ("brier_skill", "Brier skill", 3),
    ("calibration_error", "calibration error", 4),
    ("cost_per_100", "cost per 100", 1),
)


def write_report(
    result: Evaluation,
    predictions: Predictions,
    record: TrainingRecord,
    contract: Contract,
    to: Path,
    warnings: Sequence[str],
) -> None:
    """Draw the pictures and write the page.

    Args:
        result: The figures.
        predictions: The out-of-fold predictions.
        record: The record of the training.
        contract: Of the finished bundle.
        to: The folder of the pictures and of ``report.html``.
        warnings: What looks wrong about the data, a sentence each.
    """
    draw(result, predictions, record.importance, to)
    environment = Environment(
        loader=PackageLoader("training.evaluation", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    page = environment.get_template("report.html.jinja").render(
        contract=contract,
        warnings=[visible(each) for each in warnings],
        record=record,
        result=result,
        all=result.blocks[ALL],
        locked=result.blocks[LOCKED],
        tables={name: _table(block.figures) for name, block in result.blocks.items()},
        columns=[(name, title) for name, title, _ in _COLUMNS],
        segments=_segments(result),
        run_out=[] if result.run_out is None else table_of(result.run_out),
        run_out_scores=[] if result.run_out is None else scores_of(result.run_out),
        pictures=[_data_uri(to / name) for name in _PICTURES if (to / name).exists()],
        model=MODEL,
    )
    (to / REPORT_FILE).write_text(page, encoding="utf-8")


def draw(result: Evaluation, predictions: Predictions, importance: Mapping[str, float], to: Path) -> None:
    """The pictures, the model beside the best rules."""
    figures = result.blocks[ALL].figures
    best_first = sorted(predictions.rules, key=lambda name: -figures[name]["average_precision"].value)
    scorers: dict[str, ScorerOutput] = {MODEL: predictions.model} | {
        name: predictions.rules[name] for name in best_first[: plots.RULES_PER_PICTURE]
    }
    plots.plot_precision_recall(predictions.truth, scorers, to)
    plots.plot_calibration(predictions.truth.outcome, scorers, to)
    plots.plot_gain(predictions.truth, scorers, result.yardstick.alert_budget, to)
    plots.plot_weeks(predictions.truth, scorers, int(predictions.truth.week[predictions.locked].min()), to)
    if result.run_out is not None and result.run_out.weeks:
        plot_run_out(result.run_out, to)
    if importance:
        plots.plot_importance(importance, to)


def _table(figures: Mapping[str, Mapping[str, Interval]]) -> list[dict[str, Any]]:
    """One row for each scorer: its figures, each with the interval in small print."""
    return [
        {"scorer": scorer, **{name: _cell(of_scorer.get(name), digits) for name, _, digits in _COLUMNS}}
        for scorer, of_scorer in figures.items()
    ]


def _cell(figure: Interval | None, digits: int) -> tuple[str, str]:
    if figure is None:
        return "–", ""
    if math.isnan(figure.value):
        return "–", ""  # e.g. the lead time of a rule that found nothing
    return f"{figure.value:.{digits}f}", f"{figure.low:.{digits}f} … {figure.high:.{digits}f}"


def _segments(result: Evaluation) -> list[tuple[str, str]]:
    of_model = result.blocks[ALL].figures[MODEL]
    prefix = "calibration_error, "
    return [(name.removeprefix(prefix), str(each)) for name, each in of_model.items() if name.startswith(prefix)]


def _data_uri(picture: Path) -> str:
    return f"data:image/png;base64,{base64.b64encode(picture.read_bytes()).decode()}"
