"""The last weeks of the counted shelves, published week by week with challengers, and what is made of them."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from data.ingest.generic import ingest_generic
from data.ingest.result import CleanHistory, write_history
from data.panel.build import build_panel
from data.panel.file import write_panel
from data.snapshots import AlertRule, Challenger, ChallengerScores, ModelReference, Snapshot, publish
from data.snapshots.track_record import TrackRecord, read_track_record
from data.state.database import Database, open_database
from feature_service.bundle import Bundle
from monitoring.outcomes.ledger import episodes_in
from monitoring.outcomes.update import OutcomesSummary, update
from orchestration.challenger import newest_scores
from orchestration.kept_predictions import keep_snapshot
from tests.support.fleets import bundle_of_then
from tests.support.shops import AS_OF_WEEK, LABEL, Shops
from tests.support.snapshots import MODEL
from training.registry.question import Question

NOW = dt.datetime(2024, 7, 29, 6, tzinfo=dt.UTC)
WEEKS = tuple(AS_OF_WEEK - dt.timedelta(weeks=back) for back in range(4, -1, -1))


@dataclass
class Replay:
    """The last weeks of the shops, published one after the other; the panel of each week and all that is known."""

    snapshots: Path
    panels: dict[dt.date, Path]
    history: Path


@pytest.fixture(scope="session")
def history(shops: Shops, tmp_path_factory: pytest.TempPathFactory) -> CleanHistory:
    """All that is known of the shops."""
    return ingest_generic(shops.root.parent / "in", quarantine_file=tmp_path_factory.mktemp("bad") / "bad.parquet")


@pytest.fixture(scope="session")
def replay(shops: Shops, history: CleanHistory, tmp_path_factory: pytest.TempPathFactory) -> Replay:
    """Each of the last weeks by what was known then."""
    folder = tmp_path_factory.mktemp("replay")
    bundle = shops.root.parent / "training" / "evaluation" / "bundle"
    alerts = AlertRule("probability 0.2", 0.2, 20, 0.5, 0.5, (WEEKS[0], WEEKS[0]), until_relief=True)
    other = Bundle.load(bundle_of_then(shops, folder / "other"))
    panels = {}
    for week in WEEKS:
        panel = build_panel(history, as_of_week=week)
        panels[week] = folder / "panels" / str(week)
        panels[week].parent.mkdir(exist_ok=True)
        write_panel(panel, panels[week])
        known = panel.with_lead_time(14)
        challenger = challenger_of(week, Snapshot("", NOW, MODEL, known, LABEL.eligible(panel), bundle), other)
        content = known, LABEL.eligible(panel), bundle, MODEL, folder / "snapshots"
        publish(*content, alerts=alerts, challenger=challenger)
    write_history(history, folder / "history")
    return Replay(folder / "snapshots", panels, folder / "history")


def challenger_of(week: dt.date, snapshot: Snapshot, bundle: Bundle) -> ChallengerScores | None:
    """None in the first week; then one that another version takes the place of."""
    if week == WEEKS[0]:
        return None
    model = ModelReference(MODEL.name, "8" if week == WEEKS[1] else "9", "run")
    scores = newest_scores(snapshot, bundle).probabilities
    scores[:3] = np.nan  # it knows nothing of these
    return ChallengerScores(Challenger(model, bundle.contract.feature_set, 0.3), scores)


def look(replay: Replay, week: dt.date, folder: Path, database: Database) -> OutcomesSummary:
    """Hold what is kept against what is known after a week."""
    return update(
        folder / "outcomes",
        Question("inventory"),
        panel_dir=replay.panels[week],
        history_dir=replay.history,
        database=database,
        snapshots=folder / "served",
        now=NOW,
    )


def keep_weeks(replay: Replay, weeks: Sequence[dt.date], folder: Path) -> None:
    """Keep what was said of some weeks."""
    for path in sorted(replay.snapshots.glob("2024-*")):
        if any(path.name.startswith(f"{week:%G-W%V}") for week in weeks):
            keep_snapshot(replay.snapshots, path.name, folder / "outcomes")


def told(folder: Path) -> tuple[list[dict[str, object]], TrackRecord | None]:
    """The ledger and the record."""
    database = open_database(f"sqlite:///{folder / 'state.db'}")
    return [dict(row) for row in episodes_in(database, "inventory")], read_track_record(folder / "served")
