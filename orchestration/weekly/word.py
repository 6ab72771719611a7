"""The word of a run: what it has to say of alerts, sources and failures, put into the outbox and sent.

It is made of where the ledger of alert episodes stands, not of what this run changed in it: the outbox knows what each
channel was told. So nothing is lost with a run that dies between the two, and one that is repeated says nothing twice.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from data.state.database import Database
from feature_service.terminal import visible
from monitoring.notifications.deliver import Clock, Delivery, deliver, send_at_once
from monitoring.notifications.digest import Alert, Digest, Facts, Failure, ResolvedAlert, Run
from monitoring.notifications.outbox import enqueue
from monitoring.notifications.settings import NotifySettings
from monitoring.outcomes.episodes import Fate
from monitoring.outcomes.files import outcomes_folder
from monitoring.outcomes.ledger import episodes_in
from monitoring.outcomes.predictions import counted_weeks, read_predictions
from monitoring.outcomes.reasons import OutcomeReason
from orchestration.console import log
from orchestration.weekly.ledger import QuestionEntry

WORSE_BY = 0.2
"""By so much an alert's probability must have grown since its first week to be told as worse."""
RESOLVED_WEEKS = 4
"""For so long after its end an alert's outcome is told, if it was not yet."""

_SAVED = "a delivery came in between"
_OUTCOMES = {Fate.DID_NOT: "did not run out", Fate.UNKNOWN: "cannot be known"}


def say(
    entries: Sequence[QuestionEntry],
    noted: Facts,
    *,
    settings: NotifySettings,
    database: Database,
    work_dir: Path,
    clock: Clock,
) -> None:
    """Put into the outbox what is new, and send what is due; a channel that cannot be reached is tried again later.

    Args:
        entries: What came of each question.
        noted: Failures, of which the same place is told once a day, however often it is tried; drift; warnings, which
            go along with what is told.
        settings: The channels; without one nobody is told of anything.
        database: Of the state.
        work_dir: Keeps what snapshots said.
        clock: Gives the time, with its zone.
    Raises:
        StateError: If the database cannot be used.
        OutcomesError: If what a snapshot said cannot be read.
    """
    if not settings.channels:
        return
    digest = _digest(entries, noted, database, work_dir, clock())
    with database.connect() as connection:
        enqueue(connection, digest, settings.channels)
    _log(deliver(database, settings, clock))


def say_without_state(sentence: str, *, settings: NotifySettings, clock: Clock) -> None:
    """Tell each channel at once that the state cannot be used, as on a full disk; nothing remembers that it was told.

    Args:
        sentence: What is wrong.
        settings: The channels.
        clock: Gives the time, with its zone.
    """
    now = clock()
    run = Run(run_id=f"{now:%Y-%m-%d}", at=now)
    _log(send_at_once(Digest(run=run, failures=(Failure(stage="state", sentence=sentence),)), settings, clock))


def _log(deliveries: Sequence[Delivery]) -> None:
    for delivery in deliveries:
        if delivery.problem:
            log.warning("warning   %s", visible(f"{delivery.channel}: {delivery.problem}"))
        if delivery.sent:
            log.info("told      %s, %d messages", visible(delivery.channel), delivery.sent)


def _digest(
    entries: Sequence[QuestionEntry], noted: Facts, database: Database, work_dir: Path, now: dt.datetime
) -> Digest:
    answered = [(each.question, each.as_of_week) for each in entries if each.as_of_week is not None]
    episodes = {question: episodes_in(database, question) for question, _ in answered}
    weeks = [week for _, week in answered]
    run = Run(
        run_id=f"{now:%Y-%m-%d}",
        at=now,
        questions=tuple(each.question for each in entries),
        as_of=max(weeks) + dt.timedelta(days=6) if weeks else None,
        snapshots={each.question: each.snapshot_id for each in entries if each.snapshot_id},
    )
    return Digest(
        run=run,
        new=tuple(_alert(row) for question, week in answered for row in episodes[question] if _is_new(row, week)),
        worse=tuple(
            alert
            for question, week in answered
            for alert in _as_they_are_now(
                [row for row in episodes[question] if _is_worse(row, week)], outcomes_folder(work_dir, question), week
            )
        ),
        resolved=tuple(
            _resolved(row) for question, week in answered for row in episodes[question] if _is_resolved(row, week)
        ),
        drift=noted.drift,
        failures=noted.failures,
        warnings=noted.warnings,
    )


def _is_new(row: Mapping[str, Any], week: dt.date) -> bool:
    return row["closed_week"] is None and row["first_week"] == week


def _is_worse(row: Mapping[str, Any], week: dt.date) -> bool:
    goes_on = row["closed_week"] is None and row["first_week"] < week == row["last_week"]
    return goes_on and row["highest_probability"] - row["probability"] >= WORSE_BY


def _is_resolved(row: Mapping[str, Any], week: dt.date) -> bool:
    return row["closed_week"] is not None and row["closed_week"] > week - dt.timedelta(weeks=RESOLVED_WEEKS)


def _alert(row: Mapping[str, Any]) -> Alert:
    """As it was in its first week, which the ledger keeps."""
    return Alert(
        question=row["question"],
        product_id=row["product_id"],
        episode_id=str(row["first_week"]),
        probability=row["highest_probability"],
        units_on_hand=row["units_on_hand"],
        reorder_by=row["reorder_by"],
        revenue_at_risk=row["revenue_at_risk"],
    )


def _as_they_are_now(worse: Sequence[Mapping[str, Any]], folder: Path, week: dt.date) -> list[Alert]:
    """With the figures that the snapshot of a week gave, and the probability of their first week beside them."""
    note = next((note for note in counted_weeks(folder) if note.as_of_week == week), None) if worse else None
    if note is None:
        return []
    told = ["product_id", "alert_probability", "units_on_hand", "reorder_by", "revenue_at_risk"]
    rows = read_predictions(folder, note, told).rename({"alert_probability": "probability"})
    now = {row["product_id"]: row for row in rows.iter_rows(named=True)}
    return [
        Alert(
            question=row["question"],
            episode_id=str(row["first_week"]),
            probability_before=row["probability"],
            **now[row["product_id"]],
        )
        for row in worse
        if row["product_id"] in now
    ]


def _resolved(row: Mapping[str, Any]) -> ResolvedAlert:
    if row["outcome"] == Fate.CAME_TRUE:
        outcome = f"came true on {row['outcome_day']}" if row["outcome_day"] else "came true"
    else:
        is_saved = row["reason"].startswith(OutcomeReason.RECEIVED.beginning)
        words = _SAVED if is_saved else _OUTCOMES[Fate(row["outcome"])]
        outcome = words + (f": {row['reason']}" if row["reason"] else "")
    return ResolvedAlert(
        question=row["question"], product_id=row["product_id"], episode_id=str(row["first_week"]), outcome=outcome
    )
