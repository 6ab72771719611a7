"""The pictures of an evaluation. They need no display and change nothing global in matplotlib."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import date2num
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from sklearn.metrics import precision_recall_curve

from data.weeks import monday
from feature_service.kernel.arrays import DoubleArray, FloatArray
from training.metrics.alerts import place_in_week
from training.metrics.ranking import average_precision
from training.metrics.truth import ScorerOutput, Truth

PRECISION_RECALL, CALIBRATION, GAIN = "precision_recall.png", "calibration.png", "gain.png"
WEEKS, IMPORTANCE = "weeks.png", "importance.png"
RULES_PER_PICTURE = 4
"""Rules in a picture: those with the highest average precision; the table has them all."""

MODEL_COLOR, RULE_COLORS, QUIET_COLOR = "#0b6e99", ("#d9822b", "#5aa469", "#9a6fb0", "#8a8f98"), "#5f6670"
_BINS = 10
_LEAST_RECALL = 0.01
_FEATURES_PER_PICTURE = 15
Scorers = Mapping[str, ScorerOutput]
"""Output by scorer; the model comes first."""


def plot_precision_recall(truth: Truth, scorers: Scorers, to: Path) -> None:
    """The curves of the model and the rules."""
    figure, axes = canvas("Which share of the alerts comes true?")
    for name, output, style in _with_styles(scorers):
        recall, precision = _curve(truth.outcome, output.values)
        axes.plot(recall, precision, drawstyle="steps-pre", label=name, **style)
    base = float(np.mean(truth.outcome))
    axes.axhline(base, color=QUIET_COLOR, linewidth=1, linestyle=(0, (4, 3)), label=f"base rate {base:.3f}")
    axes.set_xlim(0, 1.01)
    axes.set_xlabel("recall: share of the positive outcomes with an alert")
    axes.set_ylabel("precision: share of the alerts that come true")
    _percent(axes)
    save(figure, axes, to / PRECISION_RECALL)


def plot_calibration(outcome: FloatArray, scorers: Scorers, to: Path) -> None:
    """How often it came true by predicted probability, in ten bins with equal numbers of rows."""
    figure, axes = canvas("Does a probability mean what it says?")
    probabilities = {name: output for name, output in scorers.items() if output.is_probability}
    highest = 0.0
    for name, output, style in _with_styles(probabilities):
        predicted, observed = _reliability(outcome, output.values)
        axes.plot(predicted, observed, marker="o", markersize=4, label=name, **style)
        highest = max(highest, float(observed.max()), float(predicted.max()) if style["color"] == MODEL_COLOR else 0.0)
    top = min(1.0, 1.15 * highest)
    axes.plot([0, top], [0, top], color=QUIET_COLOR, linewidth=1, linestyle=(0, (4, 3)), label="as it should be")
    axes.set(xlim=(-0.02 * top, 1.02 * top), ylim=(-0.02 * top, 1.02 * top))
    axes.set_xlabel("predicted probability")
    axes.set_ylabel("share that came true")
    _percent(axes)
    save(figure, axes, to / CALIBRATION)


def plot_gain(truth: Truth, scorers: Scorers, budget: int, to: Path) -> None:
    """Recall by the number of products that are looked at in a week."""
    figure, axes = canvas("What does looking at more products a week find?")
    rows_a_week = len(truth.week) / len(np.unique(truth.week))
    budgets = np.unique(np.geomspace(1, max(2, rows_a_week), 25).astype(int))
    for name, output, style in _with_styles(scorers):
        of_hits = np.bincount(place_in_week(output.values, truth.week)[truth.outcome == 1], minlength=budgets[-1])
        axes.plot(budgets, np.cumsum(of_hits)[budgets - 1] / truth.outcome.sum(), label=name, **style)
    axes.axvline(budget, color=QUIET_COLOR, linewidth=1, linestyle=(0, (4, 3)), label=f"budget of {budget}")
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_xlabel("products alerted a week")
    axes.set_ylabel("recall: share of the positive outcomes found")
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    save(figure, axes, to / GAIN)


def plot_weeks(truth: Truth, scorers: Scorers, first_locked_week: int, to: Path) -> None:
    """Average precision of every origin by itself; the locked ones on a grey ground."""
    figure, axes = canvas("Does it hold from week to week?")
    weeks = [week for week in np.unique(truth.week) if 0 < truth.outcome[truth.week == week].mean() < 1]
    days = [monday(int(week)) for week in weeks]
    for name, output, style in _with_styles(scorers):
        by_week = [
            average_precision(truth.outcome[truth.week == week], output.values[truth.week == week]) for week in weeks
        ]
        axes.plot(days, by_week, marker="o", markersize=4, label=name, **style)
    from_day, to_day = date2num([monday(first_locked_week), days[-1]])  # type: ignore[no-untyped-call]
    locked = axes.axvspan(from_day - 3.5, to_day + 3.5, color="#eef0f2", zorder=0)
    locked.set_label("locked")
    axes.set_xlabel("week of the origin")
    axes.set_ylabel("average precision")
    axes.tick_params(axis="x", rotation=30)
    axes.xaxis.set_major_locator(MaxNLocator(10))
    save(figure, axes, to / WEEKS)


def plot_importance(importance: Mapping[str, float], to: Path) -> None:
    """What the model relies on: share of the mean absolute contribution to the log-odds, largest on top."""
    figure, axes = canvas("What does the model rely on?")
    largest = sorted(importance.items(), key=lambda pair: pair[1])[-_FEATURES_PER_PICTURE:]
    axes.barh([name for name, _ in largest], [share for _, share in largest], color=MODEL_COLOR)
    axes.set_xlabel("share of what moves the log-odds")
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    axes.grid(visible=False, axis="y")
    figure.savefig(to / IMPORTANCE)


def _curve(outcome: FloatArray, score: FloatArray) -> tuple[DoubleArray, DoubleArray]:
    """Recall and precision, rising in recall, from the first percent of recall on: before it a few rows decide."""
    precision, recall, _ = precision_recall_curve(outcome, score)
    is_drawn = recall >= _LEAST_RECALL
    # among rows of one score any share of them has, on average, the precision of all of them
    return np.append(recall[is_drawn], 0.0)[::-1], np.append(precision[is_drawn], precision[is_drawn][-1])[::-1]


def _reliability(outcome: FloatArray, probability: FloatArray) -> tuple[DoubleArray, DoubleArray]:
    """Mean probability and share of positives in each bin."""
    bins = np.array_split(np.argsort(probability, kind="stable"), _BINS)
    predicted = np.array([probability[each].mean() for each in bins], dtype=np.float64)
    return predicted, np.array([outcome[each].mean() for each in bins], dtype=np.float64)


def _with_styles(scorers: Scorers) -> list[tuple[str, ScorerOutput, dict[str, Any]]]:
    """The model in front, strong; the rules behind it."""
    styles: list[dict[str, Any]] = [{"color": MODEL_COLOR, "linewidth": 2.4, "zorder": 4}]
    styles += [{"color": color, "linewidth": 1.4, "zorder": 3} for color in RULE_COLORS]
    return [(name, output, style) for (name, output), style in zip(scorers.items(), styles, strict=False)]


def canvas(title: str) -> tuple[Figure, Axes]:
    """A picture with one pair of axes, in the look of all."""
    figure = Figure(figsize=(7.2, 4.8), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", fontsize=12, fontweight="bold", pad=12)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#e6e8eb", linewidth=0.8)
    axes.set_axisbelow(True)
    return figure, axes


def _percent(axes: Axes) -> None:
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))


def save(figure: Figure, axes: Axes, to: Path) -> None:
    """Add the legend, and write the picture."""
    axes.legend(loc="best", facecolor="white", edgecolor="none", framealpha=0.9, fontsize=8)
    figure.savefig(to)
