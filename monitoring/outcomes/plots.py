"""The pictures of the report on past alerts, in the look of the model report."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from matplotlib.ticker import MaxNLocator, PercentFormatter

from data.snapshots.scorer_record import Figure, ScorerRecord
from data.snapshots.track_record import WeekRecord
from training.evaluation.plots import MODEL_COLOR, RULE_COLORS, canvas, save

PRECISION, RECALL, AVERAGE_PRECISION, WARNING_DAYS = (
    "precision.png",
    "recall.png",
    "average_precision.png",
    "warning.png",
)

_MOST_DAYS = 28
_MOST_TICKS = 8

Of = Callable[[WeekRecord], ScorerRecord | None]


def plot_weeks(weeks: Sequence[WeekRecord], figure: str, title: str, rule: str | None, to: Path) -> None:
    """A figure of the model in each week with its interval, beside the best rule's; weeks without one are left out.

    Where no week has one, nothing is drawn.
    """
    scorers: list[tuple[str, str, Of]] = [("model", MODEL_COLOR, lambda week: week.figures.model)]
    if rule is not None:
        scorers.append((rule, RULE_COLORS[0], lambda week: week.figures.rules.get(rule)))
    drawing, axes = canvas(title)
    for name, color, of in scorers:
        known = [(week.figures.first_week, found) for week in weeks if (found := _figure(of(week), figure))]
        if not known:
            continue
        days = [day for day, _ in known]
        axes.plot(days, [found.value for _, found in known], color=color, marker="o", markersize=4, label=name)  # type: ignore[arg-type]
        low, high = [found.low for _, found in known], [found.high for _, found in known]
        axes.fill_between(days, low, high, color=color, alpha=0.12, linewidth=0)  # type: ignore[arg-type]
        axes.vlines(days, low, high, color=color, alpha=0.5, linewidth=1)  # type: ignore[arg-type]
    if not axes.lines:
        return
    axes.set_ylim(bottom=0)
    axes.set_xlabel("week of the alerts")
    axes.yaxis.set_major_formatter(PercentFormatter(1.0) if figure != "average_precision" else "{x:.2f}")
    axes.tick_params(axis="x", rotation=30)
    mondays = [week.figures.first_week for week in weeks]
    axes.set_xticks(mondays[:: -(-len(mondays) // _MOST_TICKS)])  # type: ignore[arg-type]
    save(drawing, axes, to)


def plot_warning(days: Sequence[int], to: Path) -> None:
    """How many days before it happened the first alert stood."""
    drawing, axes = canvas("How long before was the first alert?")
    capped = np.minimum(np.array(days), _MOST_DAYS)
    median = float(np.median(np.array(days)))
    axes.hist(
        capped,
        bins=np.arange(0.5, capped.max() + 1).tolist(),
        color=MODEL_COLOR,
        rwidth=0.85,
        label="episodes that came true",
    )
    axes.axvline(median, color=RULE_COLORS[0], linestyle=(0, (4, 3)), label=f"median {median:g}")
    axes.set_xlabel(f"days of warning ({_MOST_DAYS}: or more)" if max(days) > _MOST_DAYS else "days of warning")
    axes.set_ylabel("episodes")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    save(drawing, axes, to)


def _figure(scorer: ScorerRecord | None, name: str) -> Figure | None:
    found: Figure | None = getattr(scorer, name, None)
    return found
