"""The two pictures of an evaluation. Written without a display, on figures of their own, so nothing global changes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from sklearn.metrics import precision_recall_curve

from feature_service.kernel import FloatArray
from training.bundle import Contract

PRECISION_RECALL_FILE = "precision_recall.png"
CALIBRATION_FILE = "calibration.png"

_MODEL, _RULES, _QUIET = "#0b6e99", ("#8a8f98", "#d9822b", "#5aa469"), "#5f6670"
_BINS = 10
_LEAST_RECALL = 0.01
Scorers = Mapping[str, FloatArray]
"""Probabilities by scorer, each of shape ``(rows,)``; the model comes first."""


def plot_precision_recall(
    outcome: FloatArray, scorers: Scorers, contract: Contract, operating_point: tuple[float, float], to: Path
) -> None:
    """The curves of the model and the rules, with the recall and precision of the contract's threshold marked."""
    figure, axes = _canvas(f"Which share of the alerts comes true?  ({contract.label.name})")
    for name, probability, style in _styled(scorers):
        recall, precision = _curve(outcome, probability)
        axes.plot(recall, precision, drawstyle="steps-pre", label=name, **style)
    axes.plot(*operating_point, "o", color=_MODEL, markersize=9, zorder=5, label="the model's threshold")
    lowest = float(np.mean(outcome))
    axes.set(xlim=(0, 1.01), ylim=(max(0.0, lowest - 0.1 * (1 - lowest) - 0.02), 1.005))
    axes.set_xlabel("recall: share of the positive outcomes with an alert")
    axes.set_ylabel("precision: share of the alerts that come true")
    axes.legend(loc="lower left", facecolor="white", edgecolor="none", framealpha=1)
    figure.savefig(to / PRECISION_RECALL_FILE)


def plot_calibration(outcome: FloatArray, scorers: Scorers, contract: Contract, to: Path) -> None:
    """How often it came true by predicted probability: on the diagonal, a probability means what it says."""
    figure, axes = _canvas(f"Does a probability mean what it says?  ({contract.label.name})")
    axes.plot([0, 1], [0, 1], color=_QUIET, linewidth=1, linestyle=(0, (4, 3)), label="as it should be")
    for name, probability, style in _styled(scorers):
        predicted, observed, share = _reliability(outcome, probability)
        axes.plot(predicted, observed, label=name, **style)
        axes.scatter(predicted, observed, s=12 + 240 * share, color=style["color"], alpha=0.75, zorder=style["zorder"])
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    axes.set_xlabel("predicted probability")
    axes.set_ylabel("share that came true")
    axes.legend(loc="lower right", frameon=False, title="dot size: share of the rows", alignment="left")
    figure.savefig(to / CALIBRATION_FILE)


def _curve(outcome: FloatArray, probability: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Recall and precision, rising in recall, from the first percent of recall on: before it a few rows decide."""
    precision, recall, _ = precision_recall_curve(outcome, probability)
    seen = recall >= _LEAST_RECALL
    # among rows of one probability any share of them has, on average, the precision of all of them
    return np.append(recall[seen], 0.0)[::-1], np.append(precision[seen], precision[seen][-1])[::-1]


def _reliability(outcome: FloatArray, probability: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mean probability, share of positives and share of rows in each tenth of the probability axis that has rows."""
    bins = np.minimum((probability * _BINS).astype(int), _BINS - 1)
    count = np.bincount(bins, minlength=_BINS)
    filled = count > 0
    predicted = np.bincount(bins, weights=probability, minlength=_BINS)[filled] / count[filled]
    observed = np.bincount(bins, weights=outcome, minlength=_BINS)[filled] / count[filled]
    return predicted.astype(np.float32), observed.astype(np.float32), (count[filled] / len(outcome)).astype(np.float32)


def _styled(scorers: Scorers) -> list[tuple[str, FloatArray, dict[str, Any]]]:
    """The model in front, strong; the rules behind it."""
    styles: list[dict[str, Any]] = [{"color": _MODEL, "linewidth": 2.4, "zorder": 4}]
    styles += [{"color": color, "linewidth": 1.5, "zorder": 3} for color in _RULES]
    return [(name, p, styles[min(i, len(_RULES))]) for i, (name, p) in enumerate(scorers.items())]


def _canvas(title: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(7.2, 5.2), dpi=140, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", fontsize=12, fontweight="bold", pad=12)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#e6e8eb", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    return figure, axes
