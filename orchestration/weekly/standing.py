"""Where a question stands: what is served of it, and which model is its champion."""

import datetime as dt
from pathlib import Path

from data.snapshots import SnapshotError, current_id
from data.snapshots.snapshot import BUNDLE, Manifest
from feature_service.bundle import CONTRACT_FILE, Contract
from feature_service.kernel import StockoutError
from orchestration.run import Run
from orchestration.weekly.ledger import RunLedger
from orchestration.weekly.plan import Standing


def standing_of(run: Run, ledger: RunLedger) -> Standing:
    """Where the question of a run stands.

    Raises:
        RegistryError: If the registry cannot be reached.
    """
    from training.registry.aliases import find_champion  # noqa: PLC0415 - MLflow takes seconds

    champion = find_champion(run.question.name, run.tracking_uri)
    now = served(run.snapshots)
    trained = ledger.last_trained(run.question.name)
    if trained is None and now is not None:
        trained = _trained_until(run.snapshots / now.id)
    return Standing(
        served_week=now.as_of_week if now else None,
        served_version=now.model.version if now else "",
        champion_version=champion.version if champion else "",
        trained_week=trained,
    )


def late_table(run: Run, today: dt.date) -> tuple[str, int] | None:
    """The table that a newer week waits for, in a sentence, and how many days it is behind; None: no week waits."""
    from data.ingest.result import read_history  # noqa: PLC0415 - Polars takes a while
    from data.panel.reach import record_days, tables_behind  # noqa: PLC0415

    behind = tables_behind(record_days(read_history(run.ingest_dir)), today, run.max_missing_days)
    if behind is None:
        return None
    least, farthest = behind
    sentence = (
        f"{least.table} ends on {least.last_day}, {farthest.table} on {farthest.last_day}: newer weeks wait for it"
    )
    return sentence, (farthest.last_day - least.last_day).days


def served(root: Path) -> Manifest | None:
    """What is served of a question; None if nothing is, or it cannot be read."""
    try:
        return Manifest.of(root / current_id(root))
    except (OSError, ValueError, SnapshotError):
        return None


def _trained_until(snapshot: Path) -> dt.date | None:
    """Monday of the last week whose outcome the model of a snapshot has learned from."""
    try:
        text = (snapshot / BUNDLE / CONTRACT_FILE).read_text(encoding="utf-8")
        return dt.date.fromisoformat(Contract.from_json(text).training_window[1])
    except (OSError, ValueError, StockoutError):
        return None
