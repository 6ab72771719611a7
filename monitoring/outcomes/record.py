"""The track record of a question, made of its figures."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from data.snapshots.track_record import (
    SCHEMA,
    Period,
    TrackRecord,
    TrackRecordError,
    WeekRecord,
    read_track_record,
)
from monitoring.outcomes.challengers import challenger_records
from monitoring.outcomes.performance import Performance
from monitoring.outcomes.predictions import PredictionsNote
from monitoring.outcomes.rows import date_of
from monitoring.outcomes.week_outcomes import RECONSIDERED_WEEKS

RECENT_WEEKS = 13
"""A quarter of a year."""

MOST_WEEKS = 52
"""Weeks that a track record holds one by one."""

_SETTLED_WEEKS = 2 * RECONSIDERED_WEEKS


def track_record(
    question: str,
    notes: Sequence[PredictionsNote],
    performance: Performance,
    before: TrackRecord | None,
    *,
    data_until: dt.date,
    open_alerts: int,
    now: dt.datetime,
) -> TrackRecord:
    """The record; figures of weeks that nothing changes any more are taken from the one before.

    Args:
        question: By name.
        notes: The predictions of weeks whose outcome is known, oldest first; at least one.
        performance: Over the same weeks.
        before: The record so far.
        data_until: The last day of the data.
        open_alerts: Episodes whose outcome is not known yet.
        now: When it is written.
    """
    known = _settled(before, notes[-1].as_of_week)
    by_week = {note.as_of_week: note for note in notes}
    numbers = performance.weeks
    for number in numbers[-MOST_WEEKS:]:
        note = by_week[date_of(number)]
        if note.as_of_week not in known or known[note.as_of_week].snapshot_id != note.snapshot_id:
            known[note.as_of_week] = _week_record(note, performance.over([number]))
    return TrackRecord(
        schema=SCHEMA,
        question=question,
        written_at=now.replace(microsecond=0),
        data_until=data_until,
        open_alerts=open_alerts,
        weeks=tuple(known[week] for week in sorted(known)[-MOST_WEEKS:]),
        recent=performance.over(numbers[-RECENT_WEEKS:]),
        all=performance.over(numbers),
        challengers=challenger_records(performance, notes),
    )


def record_before(snapshots: Path) -> TrackRecord | None:
    """The record beside the pointer; None where there is none, or it is damaged or of another schema."""
    try:
        return read_track_record(snapshots)
    except TrackRecordError:
        return None


def _week_record(note: PredictionsNote, figures: Period) -> WeekRecord:
    return WeekRecord(note.snapshot_id, note.model.name, note.model.version, figures)


def _settled(before: TrackRecord | None, newest_week: dt.date) -> dict[dt.date, WeekRecord]:
    since = newest_week - dt.timedelta(weeks=_SETTLED_WEEKS)
    weeks = before.weeks if before else ()
    return {each.figures.first_week: each for each in weeks if each.figures.first_week < since}
