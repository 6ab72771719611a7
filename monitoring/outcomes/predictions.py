"""What was said of a week when it was the newest: kept for ever, a file for each published snapshot.

    outcomes/<question>/predictions/<snapshot id>.parquet

A week may have been published several times, after a correction of the data or by another policy. The one that counts
is the last that was published while no newer week was: planners acted on it. What is published of a week later, in
hindsight, is kept too and counts for nothing.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from data.files import locked
from data.snapshots import Challenger, ModelReference
from monitoring.outcomes.files import PREDICTIONS, column_names, read_columns, read_note, write_file

RULE = "rule: "
"""Begins the names of the columns that hold what a simple rule gave: higher means riskier."""

_SCHEMA = 1

PREDICTION_COLUMNS = {
    "product_id": pl.String,
    "probability": pl.Float32,
    "alert": pl.Boolean,
    "alert_probability": pl.Float32,
    "alert_until": pl.Date,
    "units_on_hand": pl.Float64,
    "demand_per_week": pl.Float64,
    "units_at_risk": pl.Float64,
    "revenue_at_risk": pl.Float64,
    "price": pl.Float64,
    "lead_time_days": pl.Float64,
    "reorder_by": pl.Date,
}
"""Of every product with a probability, as the server tells them (``StockoutRisk`` in the protos); null: not known.

``alert_probability``: the risk that alerts are raised on, which is the question's own probability or the risk until
relief; ``alert_until``: the last day that it is the risk of, up to which ``units_at_risk`` and ``revenue_at_risk`` are
lost on average. ``demand_per_week`` is the mean of the forecast, ``price``
the last known one."""

_OF_ALERT = {"alert_probability", "alert_until"}

CHALLENGER_COLUMNS = {"challenger_probability": pl.Float32, "challenger_alert": pl.Boolean}
"""Of the same products where there was a challenger: what it gave them, null where it gave nothing."""


@dataclass(frozen=True)
class PredictionsNote:
    """Whose predictions these are.

    Attributes:
        question: By name.
        as_of_week: Monday of the week that was the newest.
        snapshot_id: The published snapshot.
        published_at: When it was first published, UTC.
        horizon_weeks: Weeks ahead.
        model: The registered model.
        threshold: An alert was raised where the risk reached it.
        policy: What the threshold was chosen by; empty where it was the model's own.
        probabilities: Names of the rules that give probabilities; the others give ranks only.
        challenger: Whose the challenger's columns are; None where there are none.
        schema: Of the file.
    """

    question: str
    as_of_week: dt.date
    snapshot_id: str
    published_at: dt.datetime
    horizon_weeks: int
    model: ModelReference
    threshold: float
    policy: str
    probabilities: tuple[str, ...] = ()
    challenger: Challenger | None = None
    schema: int = _SCHEMA

    @property
    def last_day(self) -> dt.date:
        """Sunday of the week: an alert was raised on the evening of it, at the earliest."""
        return self.as_of_week + dt.timedelta(days=6)

    @property
    def horizon_end(self) -> dt.date:
        """Sunday of the last week that the question asks about."""
        return self.last_day + dt.timedelta(weeks=self.horizon_weeks)


def keep_predictions(rows: pl.DataFrame, note: PredictionsNote, folder: Path) -> bool:
    """Keep what a snapshot said, once and for all.

    Args:
        rows: ``PREDICTION_COLUMNS``, a column for each simple rule, and ``CHALLENGER_COLUMNS`` where there was one;
            every product with a probability.
        note: Whose predictions these are.
        folder: Of the question.
    Returns:
        Whether they were not kept before.
    """
    path = _path(folder, note.snapshot_id)
    with locked(path):
        if path.exists():
            return False
        write_file(rows, note, path)
    return True


def is_kept(folder: Path, snapshot_id: str) -> bool:
    """Whether the predictions of a snapshot are kept."""
    return _path(folder, snapshot_id).exists()


def counted_weeks(folder: Path) -> list[PredictionsNote]:
    """Of each week the predictions that count, oldest week first.

    Raises:
        OutcomesError: If a file cannot be read.
    """
    notes = [read_note(PredictionsNote, path) for path in sorted((folder / PREDICTIONS).glob("[!.]*.parquet"))]
    return those_that_count(notes)


def those_that_count(notes: Sequence[PredictionsNote]) -> list[PredictionsNote]:
    """Of each week the last that was published before any newer week was; oldest week first."""
    counted: dict[dt.date, PredictionsNote] = {}
    first_published: dict[dt.date, dt.datetime] = {}
    for note in sorted(notes, key=lambda each: (each.published_at, each.snapshot_id)):
        first_published.setdefault(note.as_of_week, note.published_at)
        newer = (moment for week, moment in first_published.items() if week > note.as_of_week)
        if min(newer, default=note.published_at) >= note.published_at:
            counted[note.as_of_week] = note
    return [counted[week] for week in sorted(counted)]


def read_predictions(folder: Path, note: PredictionsNote, columns: Sequence[str]) -> pl.DataFrame:
    """Some columns of what a snapshot said, out of ``PREDICTION_COLUMNS``.

    Files of before alerts were raised on the risk until relief do not tell what an alert is about: it was the question.

    Raises:
        OutcomesError: If they cannot be read.
    """
    path = _path(folder, note.snapshot_id)
    if set(column_names(path)) >= _OF_ALERT:
        return read_columns(path, {name: PREDICTION_COLUMNS[name] for name in columns})
    asked = {*columns, "probability"} - _OF_ALERT
    rows = read_columns(path, {name: kind for name, kind in PREDICTION_COLUMNS.items() if name in asked})
    of_question = {"alert_probability": pl.col("probability"), "alert_until": pl.lit(note.horizon_end)}
    return rows.with_columns(**of_question).select(columns)


def read_challenger(folder: Path, note: PredictionsNote) -> pl.DataFrame | None:
    """``CHALLENGER_COLUMNS`` of the same rows; None where there was no challenger.

    Raises:
        OutcomesError: If they cannot be read.
    """
    return read_columns(_path(folder, note.snapshot_id), CHALLENGER_COLUMNS) if note.challenger else None


def read_rules(folder: Path, note: PredictionsNote) -> pl.DataFrame:
    """What each simple rule gave the same rows; the columns are called by the rules.

    Raises:
        OutcomesError: If it cannot be read.
    """
    path = _path(folder, note.snapshot_id)
    names = [name for name in column_names(path) if name.startswith(RULE)]
    rules = read_columns(path, dict.fromkeys(names, pl.Float32))
    return rules.rename({name: name.removeprefix(RULE) for name in names})


def _path(folder: Path, snapshot_id: str) -> Path:
    return folder / PREDICTIONS / f"{snapshot_id}.parquet"
