"""The run-out curves of a backtest beside those of simple rules: figures, a picture, and a table for the report."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from training.backtest.run_out_file import RunOutPredictions
from training.evaluation import plots
from training.evaluation.comparison import MODEL
from training.labels.run_out import out_by
from training.metrics.bootstrap import Interval
from training.metrics.run_out import Curves, RunOutFigures, measure_run_out
from training.metrics.yardstick import Yardstick

RUN_OUT = "run_out.png"
_RANKING, _ERROR = "average_precision", "calibration_error"


def figures_of(predictions: RunOutPredictions, yardstick: Yardstick) -> RunOutFigures:
    """Measure the curves of all origins."""
    weeks = range(1, predictions.reach_weeks + 1)
    outcomes = np.stack(
        [
            np.where(predictions.weeks_known >= week, out_by(predictions.times, week), np.float32(np.nan))
            for week in weeks
        ],
        axis=1,
    )
    scorers = {MODEL: Curves(predictions.curve, is_probability=True)}
    scorers |= {name: Curves(rule.scores, rule.is_probability) for name, rule in predictions.rules.items()}
    return measure_run_out(outcomes, predictions.product, predictions.week, scorers, MODEL, yardstick)


def metrics_of(figures: RunOutFigures) -> dict[str, float]:
    """The model's figures by name, as contract and registry have them."""
    by_week = {
        f"run_out_{name}_{week.weeks_ahead}": week.figures[MODEL][name].value
        for week in figures.weeks
        for name in (_RANKING, _ERROR)
    }
    return {"run_out_ranked_probability_score": figures.ranked_probability_score[MODEL].value, **by_week}


def table_of(figures: RunOutFigures) -> list[dict[str, Any]]:
    """A row for each week ahead."""
    return [
        {
            "weeks_ahead": week.weeks_ahead,
            "rows": f"{week.rows:,}",
            "origins": week.origins,
            "base_rate": f"{week.base_rate:.3f}",
            "model": _cell(week.figures[MODEL][_RANKING], 3),
            "best_rule": week.best_rule,
            "of_best_rule": _cell(week.figures[week.best_rule][_RANKING], 3),
            "difference": _cell(week.over_best_rule, 3),
            "brier": _cell(week.figures[MODEL]["brier"], 4),
            "calibration_error": _cell(week.figures[MODEL][_ERROR], 4),
        }
        for week in figures.weeks
    ]


def scores_of(figures: RunOutFigures) -> list[tuple[str, tuple[str, str]]]:
    """The ranked probability score of each scorer that gives probabilities, the best first."""
    ordered = sorted(figures.ranked_probability_score.items(), key=lambda each: each[1].value)
    return [(name, _cell(each, 4)) for name, each in ordered]


def plot_run_out(figures: RunOutFigures, to: Path) -> None:
    """Average precision by week ahead, the model with its interval, and the rules."""
    figure, axes = plots.canvas("How well is it told by when a product is out?")
    ahead = [week.weeks_ahead for week in figures.weeks]
    of_model = [week.figures[MODEL][_RANKING] for week in figures.weeks]
    axes.fill_between(ahead, [each.low for each in of_model], [each.high for each in of_model], color="#cfe4ee")
    axes.plot(ahead, [each.value for each in of_model], color=plots.MODEL_COLOR, linewidth=2.4, marker="o", label=MODEL)
    for name, color in zip(_best_rules(figures), plots.RULE_COLORS, strict=False):
        axes.plot(ahead, [week.figures[name][_RANKING].value for week in figures.weeks], color=color, label=name)
    base = [week.base_rate for week in figures.weeks]
    axes.plot(ahead, base, color=plots.QUIET_COLOR, linewidth=1, linestyle=(0, (4, 3)), label="share that is out")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("weeks ahead")
    axes.set_ylabel("average precision of being out by the week's end")
    axes.set_ylim(0)
    plots.save(figure, axes, to / RUN_OUT)


def _best_rules(figures: RunOutFigures) -> list[str]:
    means: Mapping[str, float] = {
        name: sum(week.figures[name][_RANKING].value for week in figures.weeks)
        for name in figures.weeks[0].figures
        if name != MODEL
    }
    return sorted(means, key=lambda name: -means[name])


def _cell(figure: Interval, digits: int) -> tuple[str, str]:
    return f"{figure.value:.{digits}f}", f"{figure.low:.{digits}f} … {figure.high:.{digits}f}"
