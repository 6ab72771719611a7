"""The report on past alerts: one HTML page with its pictures inside, which loads nothing."""

import base64
import tempfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from data.snapshots.scorer_record import Figure, ScorerRecord
from data.snapshots.track_record import ChallengerRecord, Period, TrackRecord
from data.state.times import moment
from feature_service.terminal import visible
from monitoring.outcomes import plots
from monitoring.outcomes.ledger import Values
from monitoring.outcomes.performance import MODEL, Performance
from monitoring.outcomes.record import RECENT_WEEKS
from training.evaluation.plots import CALIBRATION, plot_calibration
from training.metrics.figures import LEAST_ROWS_OF_CALIBRATION

REPORT_FILE = "report.html"
LAST_EPISODES = 200
LAST_CHANGES = 50

_COLUMNS = (
    ("precision", "precision", ".3f"),
    ("precision_undisturbed", "precision, no delivery", ".3f"),
    ("recall", "recall", ".3f"),
    ("average_precision", "average precision", ".3f"),
    ("brier", "Brier", ".4f"),
    ("calibration_error", "calibration error", ".4f"),
    ("warning_days", "days of warning", ".0f"),
    ("units_lost_after_alert", "units lost after an alert", ",.0f"),
    ("units_lost_without_alert", "units lost without", ",.0f"),
    ("revenue_lost_after_alert", "revenue lost after an alert", ",.0f"),
    ("revenue_lost_without_alert", "revenue lost without", ",.0f"),
)
_PICTURES = (plots.PRECISION, plots.RECALL, plots.AVERAGE_PRECISION, CALIBRATION, plots.WARNING_DAYS)
_OUTCOMES = {"open": "open", "came_true": "came true", "did_not": "did not", "unknown": "cannot be known"}


def write_report(
    record: TrackRecord | None,
    performance: Performance | None,
    episodes: Sequence[Values],
    changes: Sequence[Values],
    question: str,
    to: Path,
) -> None:
    """Draw the pictures and write the page, in one step; one that says the same as before stays as it is.

    Args:
        record: The figures; None where no outcome is known yet.
        performance: What they are made of.
        episodes: Rows of the ledger, the newest first.
        changes: What turned out otherwise, the newest first.
        question: By name.
        to: Folder of the page.
    """
    with tempfile.TemporaryDirectory() as drawn:
        pictures = _draw(record, performance, episodes, Path(drawn)) if record and performance else []
    environment = Environment(
        loader=PackageLoader("monitoring.outcomes", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    page = environment.get_template("report.html.jinja").render(
        question=question,
        record=record,
        periods=_periods(record) if record else [],
        columns=[title for _, title, _ in _COLUMNS],
        pictures=pictures,
        episodes=[_episode(row) for row in episodes[:LAST_EPISODES]],
        episodes_in_all=len(episodes),
        changes=[_change(row) for row in changes[:LAST_CHANGES]],
        challengers=list(map(_contest, record.challengers)) if record else [],
        model=MODEL,
    )
    path, content = to / REPORT_FILE, page.encode()
    if not path.exists() or path.read_bytes() != content:
        draft = to / f".{REPORT_FILE}.partial"
        draft.write_bytes(content)
        draft.replace(path)


def _draw(record: TrackRecord, performance: Performance, episodes: Sequence[Values], folder: Path) -> list[str]:
    rule = _best_rule(record.recent)
    for name, file, title in (
        ("precision", plots.PRECISION, "Which share of the alerts came true?"),
        ("recall", plots.RECALL, "Which share of what happened had an alert?"),
        ("average_precision", plots.AVERAGE_PRECISION, "How well were the products ranked? (average precision)"),
    ):
        plots.plot_weeks(record.weeks, name, title, rule, folder / file)
    if record.recent and record.recent.product_weeks >= LEAST_ROWS_OF_CALIBRATION and record.recent.positives:
        outcome, given = performance.probabilities(performance.weeks[-RECENT_WEEKS:])
        best = {name: each for name, each in given.items() if name in (MODEL, _best_rule(record.recent, given))}
        plot_calibration(outcome, best, folder)
    warned = [row["warning_days"] for row in episodes if row["warning_days"] is not None]
    if warned:
        plots.plot_warning(warned, folder / plots.WARNING_DAYS)
    return [_data_uri(folder / name) for name in _PICTURES if (folder / name).exists()]


def _best_rule(period: Period | None, among: Collection[str] | None = None) -> str | None:
    """The one with the highest average precision, of all or of some."""
    rules = period.rules if period else {}
    ranked = {
        name: each.average_precision.value
        for name, each in rules.items()
        if each.average_precision and (among is None or name in among)
    }
    return max(ranked, key=lambda name: ranked[name], default=None)


def _periods(record: TrackRecord) -> list[dict[str, Any]]:
    named = [("The last weeks", record.recent), ("All weeks", record.all)]
    if record.recent == record.all:
        named = [("All weeks", record.all)]
    return [{"title": title, "period": each, "rows": _table(each)} for title, each in named if each]


def _table(period: Period) -> list[dict[str, Any]]:
    """The model, then the rules, the best first."""
    rules = sorted(period.rules.items(), key=lambda pair: -_value(pair[1].average_precision))
    return _lines([(MODEL, period.model), *rules])


def _contest(record: ChallengerRecord) -> Mapping[str, Any]:
    """A challenger beside the model that answered."""
    differences = [
        f"{what} {_signed(found)}"
        for what, found in (
            ("average precision", record.average_precision_difference),
            ("Brier (lower is better)", record.brier_difference),
        )
        if found
    ]
    scorers = [
        (f"version {record.champion_version}, which answered", record.champion),
        (f"version {record.model_version}, the challenger", record.challenger),
    ]
    return {"record": record, "rows": _lines(scorers), "differences": ", ".join(differences)}


def _signed(figure: Figure) -> str:
    return f"{figure.value:+.4f} [{figure.low:+.4f}, {figure.high:+.4f}]"


def _lines(scorers: Sequence[tuple[str, ScorerRecord]]) -> list[dict[str, Any]]:
    return [
        {
            "scorer": name,
            "alerts": scorer.alerts,
            "cells": [_cell(getattr(scorer, column), style) for column, _, style in _COLUMNS],
        }
        for name, scorer in scorers
    ]


def _value(figure: Figure | None) -> float:
    return figure.value if figure else -1.0


def _cell(figure: Figure | None, style: str) -> tuple[str, str]:
    if figure is None:
        return "–", ""
    return format(figure.value, style), f"{figure.low:{style}} … {figure.high:{style}}"


def _episode(row: Values) -> Mapping[str, Any]:
    acknowledged = row["acknowledged_at_us"]
    return {
        **row,
        "product_id": visible(row["product_id"]),
        "outcome": _OUTCOMES.get(row["outcome"], row["outcome"]),
        "acknowledged": moment(acknowledged).date() if acknowledged is not None else "",
    }


def _change(row: Values) -> Mapping[str, Any]:
    return {**row, "product_id": visible(row["product_id"]), "noted": moment(row["noted_at_us"]).date()}


def _data_uri(picture: Path) -> str:
    return f"data:image/png;base64,{base64.b64encode(picture.read_bytes()).decode()}"
