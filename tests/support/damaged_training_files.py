"""Readers of what the stages of training write, for :mod:`tests.support.damaged_files`."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import polars as pl

from data.snapshots.track_record import TRACK_RECORD, read_track_record, write_track_record
from monitoring.outcomes.alerts import product_episodes
from monitoring.outcomes.files import OUTCOMES, write_file
from monitoring.outcomes.predictions import PREDICTION_COLUMNS, RULE, counted_weeks, keep_predictions
from monitoring.outcomes.rows import read_rows
from monitoring.outcomes.week_outcomes import OUTCOME_COLUMNS, OutcomesNote
from tests.support.damaged_served_files import Reader
from tests.support.outcomes import note, track_record, week
from tests.support.training_fixtures import run_training_stages, training_panel
from training.backtest.predictions import read_predictions
from training.backtest.record import read_backtest
from training.dataset import read_training_table
from training.evaluation.figures import read_evaluation
from training.registry import ledger
from training.training_record import read_training_record

REGISTRY = "sqlite:///registry.db"


def _training(folder: Path) -> Reader:
    """Every file is damaged, and all that read one of them try."""
    trained = run_training_stages(training_panel(products=40), folder)
    reads: dict[Path, Callable[[], object]] = {
        trained.table: lambda: read_training_table(trained.table).features(),
        trained.predictions: lambda: read_predictions(trained.predictions),
        **{path: lambda: read_backtest(trained.backtest) for path in trained.backtest.glob("*.json")},
        **{path: lambda: read_training_record(trained.candidate) for path in trained.candidate.glob("*.json")},
        **{path: lambda: read_evaluation(trained.evaluation) for path in trained.evaluation.glob("*.json")},
    }

    def read() -> object:
        return [each() for each in reads.values()]

    return list(reads), read


def _ledger(folder: Path) -> Reader:
    folder.mkdir()
    file = folder / "ledger.json"
    entry = ledger.Entry(
        ledger.now(),
        "me",
        ledger.PROMOTED,
        REGISTRY,
        "inventory",
        "inventory",
        1,
        "1",
        "",
        "1",
        ("first",),
        {"AP": "0.2"},
    )
    ledger.append(entry, file)
    return [file], lambda: ledger.read_all(file, REGISTRY)


def _outcomes(folder: Path) -> Reader:
    """What a snapshot said, what became of it, and the figures."""
    said = note(0)
    rows = {name: pl.Series([None] * 30, dtype=kind) for name, kind in PREDICTION_COLUMNS.items()}
    ids = pl.Series([f"product-{number}" for number in range(30)])
    rows |= {"product_id": ids, "probability": pl.Series([0.5] * 30, dtype=pl.Float32), "alert": pl.Series([True] * 30)}
    rows |= {"alert_probability": rows["probability"], "alert_until": pl.Series([said.horizon_end] * 30)}
    rule = {f"{RULE}units on hand": pl.Series(range(30), dtype=pl.Float32)}
    keep_predictions(pl.DataFrame(rows | rule), said, folder)
    outcomes = {name: pl.Series([None] * 30, dtype=kind) for name, kind in OUTCOME_COLUMNS.items()}
    outcomes |= {"product_id": ids, "outcome": pl.Series([0, 1, None] * 10, dtype=pl.Float32)}
    outcomes |= {"alert_outcome": outcomes["outcome"], "alert_is_over": pl.Series([True] * 30)}
    outcomes["is_in_data"] = pl.Series([True] * 30)
    told = OutcomesNote(said.snapshot_id, said.as_of_week, week(1), is_over=True)
    write_file(pl.DataFrame(outcomes, schema=OUTCOME_COLUMNS), told, folder / OUTCOMES / f"{said.snapshot_id}.parquet")
    write_track_record(track_record("inventory"), folder)

    def read() -> object:
        notes = counted_weeks(folder)
        now = dt.datetime(2024, 7, 1, tzinfo=dt.UTC)
        return [*product_episodes(folder, notes, now), read_rows(folder, notes, []), read_track_record(folder)]

    return [*sorted(folder.rglob("*.parquet")), folder / TRACK_RECORD], read


TRAINED: dict[str, Callable[[Path], Reader]] = {"training": _training, "ledger": _ledger, "outcomes": _outcomes}
