"""Brings all that is known of past alerts up to the newest data. Called again, it changes nothing."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from data.files import locked
from data.ingest.result import read_history
from data.panel.file import read_panel
from data.snapshots.scorer_record import FIGURES
from data.snapshots.track_record import Period, TrackRecord, write_track_record
from data.state.database import Database
from monitoring.outcomes.alerts import product_episodes
from monitoring.outcomes.episodes import Fate
from monitoring.outcomes.ledger import LedgerChanges, acknowledgements, changes_in, episodes_in, reconcile
from monitoring.outcomes.performance import Performance
from monitoring.outcomes.predictions import PredictionsNote, counted_weeks
from monitoring.outcomes.record import record_before, track_record
from monitoring.outcomes.report import write_report
from monitoring.outcomes.rows import read_rows
from monitoring.outcomes.week_outcomes import read_outcomes_note, tell_outcomes
from training.labels import label
from training.registry.question import Question


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


def update(
    folder: Path,
    question: Question,
    *,
    panel_dir: Path,
    history_dir: Path,
    database: Database,
    snapshots: Path,
    now: dt.datetime,
    tracking_uri: str | None = None,
) -> OutcomesSummary:
    """Tell outcomes by the newest data, bring ledger, track record, report and the models' runs to them.

    Args:
        folder: See :func:`monitoring.outcomes.files.outcomes_folder`; what snapshots said is kept in it before.
        question: Whose alerts.
        panel_dir: The newest panel.
        history_dir: The clean history that it was built of.
        database: Of the state.
        snapshots: Where the question's snapshots are served from; the track record goes beside them.
        now: For times that are noted; and of data that do not come for long, nothing is waited for.
        tracking_uri: Of the MLflow server whose runs get the figures, last of all; None for none.
    Raises:
        StockoutError: If a file, the database or the MLflow server cannot be read or written.
    """
    with locked(folder / "update"):
        notes = counted_weeks(folder)
        target = label(question.label, horizon_weeks=question.horizon_weeks, alpha=question.alpha)
        told = tell_outcomes(folder, notes, target, read_panel(panel_dir), read_history(history_dir)) if notes else 0
        episodes = list(product_episodes(folder, notes, now))
        changes = reconcile(database, question.name, episodes, {note.as_of_week for note in notes}, now)
        still_open = sum(each.episode.fate is Fate.OPEN for each in episodes)
        performance = _performance(folder, question, notes, database)
        record = _write_record(folder, question, notes, performance, still_open, snapshots, now)
        rows, otherwise = episodes_in(database, question.name), changes_in(database, question.name)
        write_report(record, performance, rows, otherwise, question.name, folder)
        if record is not None and tracking_uri is not None:
            _log(record, notes, tracking_uri)
        return OutcomesSummary(len(notes), told, changes, still_open, record.recent if record else None)


def _performance(
    folder: Path, question: Question, notes: Sequence[PredictionsNote], database: Database
) -> Performance | None:
    """None where no outcome is known yet."""
    over = _over(folder, notes)
    if not over:
        return None
    rows = read_rows(folder, over, acknowledgements(database, question.name))
    probabilities = {name for note in over for name in note.probabilities}
    return Performance(rows, probabilities)


def _write_record(
    folder: Path,
    question: Question,
    notes: Sequence[PredictionsNote],
    performance: Performance | None,
    open_alerts: int,
    snapshots: Path,
    now: dt.datetime,
) -> TrackRecord | None:
    """Make the record, and write it unless it says the same as the one before, which then stays with its time."""
    if performance is None:
        return None
    before = record_before(snapshots)
    told = [read_outcomes_note(folder, note) for note in notes]
    data_until = max(each.data_until for each in told if each)
    over = _over(folder, notes)
    record = track_record(
        question.name, over, performance, before, data_until=data_until, open_alerts=open_alerts, now=now
    )
    if before is not None and replace(before, written_at=record.written_at) == record:
        return before
    write_track_record(record, snapshots)
    return record


def _over(folder: Path, notes: Sequence[PredictionsNote]) -> list[PredictionsNote]:
    """Those whose outcomes are told to the end."""
    return [note for note in notes if (told := read_outcomes_note(folder, note)) and told.is_over]


def _log(record: TrackRecord, notes: Sequence[PredictionsNote], tracking_uri: str) -> None:
    from training.registry.live_figures import WeekFigures, log_live_figures  # noqa: PLC0415 - MLflow takes seconds

    run_ids = {note.snapshot_id: note.model.run_id for note in notes}
    weeks = []
    for week in record.weeks:
        known = {name: getattr(week.figures.model, name) for name in FIGURES}
        figures = {name: figure.value for name, figure in known.items() if figure is not None}
        if week.snapshot_id in run_ids:
            weeks.append(WeekFigures(run_ids[week.snapshot_id], week.figures.first_week, figures))
    log_live_figures(weeks, tracking_uri)
