"""How the products of each kept week turned out, a file for each; what later corrections say replaces it for a while.

outcomes/<question>/outcomes/<snapshot id>.parquet      the rows of the predictions, in their order
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from data.ingest.result import CleanHistory
from data.panel import Panel
from feature_service.kernel.arrays import BoolArray, IntArray
from monitoring.outcomes.files import OUTCOMES, column_names, damaged, read_columns, read_note, write_file
from monitoring.outcomes.predictions import PredictionsNote, read_predictions
from monitoring.outcomes.truth import Truth, truth_of
from training.labels import Label

RECONSIDERED_WEEKS = 8
"""Weeks for which corrected data may change how a week turned out; after that it stays as it was last known."""

_DAY = dt.timedelta(days=1)

OUTCOME_COLUMNS = {
    "product_id": pl.String,
    "outcome": pl.Float32,
    "alert_outcome": pl.Float32,
    "alert_is_over": pl.Boolean,
    "is_in_data": pl.Boolean,
    "out_on": pl.Date,
    "days_out": pl.Float32,
    "received_on": pl.Date,
    "used_up_on": pl.Date,
}
"""``outcome``: the label's; null where it is not known. ``alert_outcome``: the same within the days that an alert is
about, 1 as soon as it happened; ``alert_is_over``: whether the data reach the end of these days, to which all dates
belong. ``is_in_data``: whether the newest data have the product.
``out_on``: the first day out of stock. ``days_out``: in the week after. ``received_on``, ``used_up_on``: of a product
that did not run out, though it would have without what came in: when that came, and when it would have run out."""


@dataclass(frozen=True)
class OutcomesNote:
    """What the outcomes of a week rest on.

    Attributes:
        snapshot_id: Of the predictions.
        as_of_week: Monday of their week.
        data_until: Sunday of the last week of the data that they were told by.
        is_over: Whether the data reach the end of what the outcomes take.
        alerts_over: Whether they reach the end of what every alert is about; None where that is the same.
    """

    snapshot_id: str
    as_of_week: dt.date
    data_until: dt.date
    is_over: bool
    alerts_over: bool | None = None

    @property
    def is_all_over(self) -> bool:
        """Whether nothing of the week is still to come."""
        return self.is_over if self.alerts_over is None else self.alerts_over


def tell_outcomes(
    folder: Path, notes: Sequence[PredictionsNote], target: Label, panel: Panel, history: CleanHistory
) -> int:
    """Write down how the weeks turned out that are not settled yet; what the data do not reach stays as it is.

    Args:
        folder: Of the question.
        notes: The predictions that count.
        target: The question's label.
        panel: The newest one.
        history: What it was built of.
    Returns:
        Weeks that are told now, or told otherwise than before.
    """
    open_notes = [note for note in notes if _is_open(folder, note, panel)]
    if not open_notes:
        return 0
    ids, first_week = pl.Series(panel.product_ids, dtype=pl.String), min(note.as_of_week for note in open_notes)
    weeks = (panel.as_of_week - first_week).days // 7 + 1
    alert_days = np.full((len(ids), weeks), 7 * target.horizon_weeks)
    for note in open_notes:
        said = read_predictions(folder, note, ["product_id", "alert_until"])
        place = places_of(said["product_id"], ids)
        alert_days[place[place >= 0], (note.as_of_week - first_week).days // 7] = _days_ahead(note, said)[place >= 0]
    truth = truth_of(target, panel, history, first_week, alert_days)
    return sum(_tell(folder, note, truth, ids) for note in open_notes)


def read_outcomes_note(folder: Path, note: PredictionsNote) -> OutcomesNote | None:
    """What a week's outcomes rest on; None if none are told.

    Raises:
        OutcomesError: If the file cannot be read.
    """
    path = _path(folder, note)
    return read_note(OutcomesNote, path) if path.exists() else None


def read_outcomes(folder: Path, note: PredictionsNote, product_ids: pl.Series) -> pl.DataFrame | None:
    """How the rows of a week's predictions turned out, in their order; None if that is not told.

    Args:
        folder: Of the question.
        note: The predictions.
        product_ids: Of their rows.
    Raises:
        OutcomesError: If the file cannot be read, or is of other rows.
    """
    path = _path(folder, note)
    if not path.exists():
        return None
    rows = _read(path)
    if not rows["product_id"].equals(product_ids):
        raise damaged(path, "it holds other products than the predictions")
    return rows.drop("product_id")


def _read(path: Path) -> pl.DataFrame:
    """Files of before alerts were raised on the risk until relief tell of the question, which alerts were about."""
    of_alert = {"alert_outcome", "alert_is_over"}
    if of_alert <= set(column_names(path)):
        return read_columns(path, OUTCOME_COLUMNS)
    rows = read_columns(path, {name: kind for name, kind in OUTCOME_COLUMNS.items() if name not in of_alert})
    is_over = read_note(OutcomesNote, path).is_over
    return rows.with_columns(alert_outcome=pl.col("outcome"), alert_is_over=pl.lit(is_over)).select(
        list(OUTCOME_COLUMNS)
    )


def _days_ahead(note: PredictionsNote, said: pl.DataFrame) -> IntArray:
    """Days that each alert of a week is about, shape ``(rows,)``."""
    return said.select((pl.col("alert_until") - pl.lit(note.last_day)).dt.total_days()).to_series().to_numpy()


def _is_open(folder: Path, note: PredictionsNote, panel: Panel) -> bool:
    if not panel.weeks[0].item() <= note.as_of_week <= panel.as_of_week:
        return False
    told = read_outcomes_note(folder, note)
    if told is None or not told.is_all_over:
        return told is None or told.data_until <= _sunday(panel.as_of_week)
    reconsidered = note.as_of_week >= panel.as_of_week - dt.timedelta(weeks=RECONSIDERED_WEEKS)
    return reconsidered and told.data_until <= _sunday(panel.as_of_week)


def _tell(folder: Path, note: PredictionsNote, truth: Truth, ids: pl.Series) -> bool:
    said = read_predictions(folder, note, ["product_id", "alert_until"])
    product_ids, place = said["product_id"], truth.weeks.index(note.as_of_week)
    alert_is_over = _days_ahead(note, said) <= 7 * truth.weeks_over[place]
    rows = _rows(product_ids, places_of(product_ids, ids), truth, place, alert_is_over)
    before = read_outcomes(folder, note, product_ids)
    is_over, are_over = truth.weeks_over[place] > 0, bool(alert_is_over.all())
    if before is not None and before.equals(rows.drop("product_id")):
        told = read_outcomes_note(folder, note)
        if told is not None and (told.is_over, told.is_all_over) == (is_over, are_over):
            return False
    # left out where it is the same, so that a program of before reads it
    alerts_over = None if are_over == is_over else are_over
    told_now = OutcomesNote(note.snapshot_id, note.as_of_week, _sunday(truth.weeks[-1]), is_over, alerts_over)
    write_file(rows, told_now, _path(folder, note))
    return True


def places_of(product_ids: pl.Series, ids: pl.Series) -> IntArray:
    """The place of each product in ``ids``; -1 where it is not among them."""
    places = ids.alias("product_id").to_frame().with_row_index("place").with_columns(pl.col("place").cast(pl.Int64))
    found = product_ids.alias("product_id").to_frame().join(places, on="product_id", how="left", maintain_order="left")
    return found["place"].fill_null(-1).to_numpy()


def _rows(product_ids: pl.Series, row: IntArray, truth: Truth, place: int, alert_is_over: BoolArray) -> pl.DataFrame:
    is_in_data = row >= 0
    sunday = _sunday(truth.weeks[place])

    def day(days: IntArray) -> pl.Series:
        known = np.where(is_in_data, days[row, place], 0)
        return pl.Series([sunday + int(each) * _DAY if each else None for each in known.tolist()], dtype=pl.Date)

    def number(values: np.ndarray) -> pl.Series:
        return pl.Series(np.where(is_in_data, values[row, place], np.nan)).cast(pl.Float32).fill_nan(None)

    columns = {
        "product_id": product_ids,
        "outcome": number(truth.outcome),
        "alert_outcome": number(truth.alert_outcome),
        "alert_is_over": pl.Series(alert_is_over),
        "is_in_data": pl.Series(is_in_data),
        "out_on": day(truth.out_day),
        "days_out": number(truth.days_out),
        "received_on": day(truth.receipt_day),
        "used_up_on": day(truth.used_up_day),
    }
    return pl.DataFrame(columns, schema=OUTCOME_COLUMNS)


def _sunday(week: dt.date) -> dt.date:
    return week + 6 * _DAY


def _path(folder: Path, note: PredictionsNote) -> Path:
    return folder / OUTCOMES / f"{note.snapshot_id}.parquet"
