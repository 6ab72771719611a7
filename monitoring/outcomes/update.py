"""Brings all that is known of past alerts up to the newest data. Called again, it changes nothing."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from data.files import locked
from data.ingest.result import read_history
from data.panel.file import read_panel
from data.snapshots.track_record import (
    SCHEMA,
    Period,
    TrackRecord,
    TrackRecordError,
    WeekRecord,
    read_track_record,
    write_track_record,
)
from data.state.database import Database
from monitoring.outcomes.alerts import ProductEpisode, product_episodes
from monitoring.outcomes.episodes import Fate
from monitoring.outcomes.ledger import LedgerChanges, acknowledgements, reconcile
from monitoring.outcomes.performance import Performance
from monitoring.outcomes.predictions import PredictionsNote, counted_weeks
from monitoring.outcomes.rows import date_of, read_rows
from monitoring.outcomes.week_outcomes import RECONSIDERED_WEEKS, read_outcomes_note, tell_outcomes
from training.labels import label
from training.registry.question import Question

RECENT_WEEKS = 13
"""A quarter of a year."""

MOST_WEEKS = 52
"""Weeks that a track record holds one by one."""


_SETTLED_WEEKS = 2 * RECONSIDERED_WEEKS


@dataclass(frozen=True)
class OutcomesSummary:
    """What a look at the outcomes found.

    Attributes:
        kept_weeks: Weeks of which it is kept what was said.
        told_weeks: Weeks whose outcomes are told now, or otherwise than before.
        changes: What it changed in the ledger.
        open_alerts: Episodes whose outcome is not known yet.
        recent: The figures of the newest weeks; None if no outcome is known yet.
    """

    kept_weeks: int
    told_weeks: int
    changes: LedgerChanges
    open_alerts: int
    recent: Period | None

    def in_words(self) -> str:
        """The main things in a line."""
        ledger = f"{self.changes.opened:,} alert episodes opened, {self.changes.closed:,} ended"
        changed = f", {self.changes.changed:,} turned out otherwise than was known" if self.changes.changed else ""
        start = (
            f"{self.kept_weeks} weeks kept, {self.told_weeks} told anew: {ledger}{changed}, {self.open_alerts:,} open"
        )
        if self.recent is None:
            return f"{start}; no outcome is known yet"
        return f"{start}; {figures_in_words(self.recent)}"


def figures_in_words(period: Period) -> str:
    """E.g. "of 214 alerts up to 2024-W23 25 % came true, recall 46 %"."""
    model = period.model
    precision = f"{model.precision.value:.0%} came true" if model.precision else "nothing is known"
    recall = f", of what happened {model.recall.value:.0%} had one" if model.recall else ""
    return f"of {model.alerts:,} alerts up to {period.last_week:%G-W%V} {precision}{recall}"


def outcomes_folder(work_dir: Path, question: Question) -> Path:
    """Where the outcomes of a question are kept."""
    return work_dir / "outcomes" / question.name


def update(
    folder: Path,
    question: Question,
    *,
    panel_dir: Path,
    history_dir: Path,
    database: Database,
    snapshots: Path,
    now: dt.datetime,
) -> OutcomesSummary:
    """Tell outcomes by the newest data, bring the ledger and the track record to them.

    Args:
        folder: See :func:`outcomes_folder`; what snapshots said is kept in it before.
        question: Whose alerts.
        panel_dir: The newest panel.
        history_dir: The clean history that it was built of.
        database: Of the state.
        snapshots: Where the question's snapshots are served from; the track record goes beside them.
        now: For times that are noted; and of data that do not come for long, nothing is waited for.
    Raises:
        StockoutError: If a file or the database cannot be read or written.
    """
    with locked(folder / "update"):
        notes = counted_weeks(folder)
        target = label(question.label, horizon_weeks=question.horizon_weeks, alpha=question.alpha)
        told = tell_outcomes(folder, notes, target, read_panel(panel_dir), read_history(history_dir)) if notes else 0
        episodes = list(product_episodes(folder, notes, now))
        weeks = {note.as_of_week for note in notes}
        changes = reconcile(database, question.name, episodes, weeks, now)
        before = _record_before(snapshots)
        record = _track_record(folder, question, notes, episodes, database, now, before)
        if record is not None and (before is None or replace(before, written_at=record.written_at) != record):
            write_track_record(record, snapshots)
        still_open = sum(each.episode.fate is Fate.OPEN for each in episodes)
        return OutcomesSummary(len(notes), told, changes, still_open, record.recent if record else None)


def _track_record(
    folder: Path,
    question: Question,
    notes: Sequence[PredictionsNote],
    episodes: Sequence[ProductEpisode],
    database: Database,
    now: dt.datetime,
    before: TrackRecord | None,
) -> TrackRecord | None:
    """None where no outcome is known yet."""
    told = {note.as_of_week: read_outcomes_note(folder, note) for note in notes}
    over = [note for note in notes if (found := told[note.as_of_week]) and found.is_over]
    if not over:
        return None
    rows = read_rows(folder, over, acknowledgements(database, question.name))
    probabilities = {name for note in over for name in note.probabilities}
    performance = Performance(rows, probabilities, question.horizon_weeks)
    settled = _settled(before, over[-1].as_of_week)
    by_week = {note.as_of_week: note for note in over}
    weeks = performance.weeks
    return TrackRecord(
        schema=SCHEMA,
        question=question.name,
        written_at=now.replace(microsecond=0),
        data_until=max(found.data_until for found in told.values() if found),
        open_alerts=sum(each.episode.fate is Fate.OPEN for each in episodes),
        weeks=tuple(
            settled.get(by_week[date_of(week)].snapshot_id)
            or _week_record(by_week[date_of(week)], performance.over([week]))
            for week in weeks[-MOST_WEEKS:]
        ),
        recent=performance.over(weeks[-RECENT_WEEKS:]),
        all=performance.over(weeks),
    )


def _week_record(note: PredictionsNote, figures: Period) -> WeekRecord:
    return WeekRecord(note.snapshot_id, note.model.name, note.model.version, figures)


def _record_before(snapshots: Path) -> TrackRecord | None:
    """A record that is damaged, or of another schema, is made anew."""
    try:
        return read_track_record(snapshots)
    except TrackRecordError:
        return None


def _settled(before: TrackRecord | None, newest_week: dt.date) -> dict[str, WeekRecord]:
    """By snapshot, the figures of weeks that nothing changes any more."""
    since = newest_week - dt.timedelta(weeks=_SETTLED_WEEKS)
    return {each.snapshot_id: each for each in before.weeks if each.figures.first_week < since} if before else {}
