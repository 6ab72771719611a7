"""The alerts of a question with what became of each so far, and the episodes that they make."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.weeks import monday_of
from monitoring.outcomes.episodes import Alert, Episode, Fate, episodes_of
from monitoring.outcomes.predictions import PREDICTION_COLUMNS, PredictionsNote, read_predictions
from monitoring.outcomes.reasons import OutcomeReason
from monitoring.outcomes.week_outcomes import RECONSIDERED_WEEKS, OutcomesNote, read_outcomes, read_outcomes_note

_DAY = dt.timedelta(days=1)

Row = Mapping[str, Any]
"""What was said of a product in a week, by ``PREDICTION_COLUMNS``, and how it turned out, by ``OUTCOME_COLUMNS``."""


@dataclass(frozen=True)
class ProductEpisode:
    """An episode of a product.

    Attributes:
        product_id: The product.
        episode: Its alerts, and what became of them.
        first: What was said with the first alert.
        note: Whose prediction that was.
        highest_probability: Of all its alerts.
    """

    product_id: str
    episode: Episode
    first: Row
    note: PredictionsNote
    highest_probability: float


def product_episodes(folder: Path, notes: Sequence[PredictionsNote], now: dt.datetime) -> Iterator[ProductEpisode]:
    """Every episode of the kept weeks.

    Args:
        folder: Of the question.
        notes: The predictions that count, of all weeks.
        now: Neither data nor predictions are waited for longer than ``RECONSIDERED_WEEKS``, by the calendar of the
            data: when the newest snapshot is published, its last day is today there, be the history of years ago.
    Raises:
        OutcomesError: If a file cannot be read.
    """
    if not notes:
        return
    today = notes[-1].last_day + max(now - notes[-1].published_at, 0 * _DAY)
    of_products: dict[str, list[tuple[PredictionsNote, Row, Alert]]] = {}
    for note in notes:
        told = read_outcomes_note(folder, note)
        for row in _alert_rows(folder, note):
            alert = _alert(note, row, told, today)
            of_products.setdefault(row["product_id"], []).append((note, row, alert))
    # a week of which nothing was said for so long had no alerts
    silent = monday_of(today) - dt.timedelta(weeks=RECONSIDERED_WEEKS)
    newest_week = max(notes[-1].as_of_week, silent)
    for product_id in sorted(of_products):
        said = {note.as_of_week: (note, row) for note, row, _ in of_products[product_id]}
        alerts = [alert for _, _, alert in of_products[product_id]]
        for episode in episodes_of(alerts, newest_week):
            note, first = said[episode.first_week]
            highest = max(said[each.week][1]["alert_probability"] for each in episode.alerts)
            yield ProductEpisode(product_id, episode, first, note, highest)


def _alert_rows(folder: Path, note: PredictionsNote) -> list[dict[str, Any]]:
    rows = read_predictions(folder, note, list(PREDICTION_COLUMNS))
    outcomes = read_outcomes(folder, note, rows["product_id"])
    if outcomes is not None:
        rows = rows.hstack(outcomes)
    return list(rows.filter("alert").iter_rows(named=True))


def _alert(note: PredictionsNote, row: Row, told: OutcomesNote | None, today: dt.date) -> Alert:
    first, last = note.last_day + _DAY, row["alert_until"]
    if told is None or not row["alert_is_over"]:
        if told is not None and row["out_on"] is not None:
            return Alert(note.as_of_week, last, Fate.CAME_TRUE, row["out_on"])
        is_given_up = today > last + RECONSIDERED_WEEKS * 7 * _DAY
        fate = Fate.UNKNOWN if is_given_up else Fate.OPEN
        return Alert(note.as_of_week, last, fate, reason=_why_not_yet(told, last, is_given_up))
    if row["alert_outcome"] == 1:
        return Alert(note.as_of_week, last, Fate.CAME_TRUE, row["out_on"])
    if row["alert_outcome"] is None:
        return Alert(note.as_of_week, last, Fate.UNKNOWN, reason=_why_unknown(row, first, last))
    if row["used_up_on"] is not None:
        reason = OutcomeReason.RECEIVED.on(row["received_on"], row["used_up_on"])
        return Alert(note.as_of_week, last, Fate.UNKNOWN, reason=reason)
    return Alert(note.as_of_week, last, Fate.DID_NOT)


def _why_not_yet(told: OutcomesNote | None, last: dt.date, is_given_up: bool) -> str:
    if told is None:
        return (OutcomeReason.NO_DATA_CAME if is_given_up else OutcomeReason.NO_DATA).on(last)
    return (OutcomeReason.DATA_ENDED if is_given_up else OutcomeReason.DATA_END).on(told.data_until, last)


def _why_unknown(row: Row, first: dt.date, last: dt.date) -> str:
    if not row["is_in_data"]:
        return OutcomeReason.PRODUCT_GONE.on()
    return OutcomeReason.NOT_COUNTED.on(first, last)
