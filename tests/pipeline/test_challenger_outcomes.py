"""What a challenger would have said is held against what happened, on the rows of the model that answered."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss

from data.snapshots import load
from data.state.database import open_database
from monitoring.outcomes.predictions import counted_weeks, read_challenger, read_predictions
from monitoring.outcomes.report import REPORT_FILE
from tests.support.replays import WEEKS, Replay, keep_weeks, look, told


@pytest.fixture
def outcomes(replay: Replay, tmp_path: Path) -> Path:
    """What is known once all weeks but the newest are over."""
    keep_weeks(replay, WEEKS, tmp_path)
    look(replay, WEEKS[-1], tmp_path, open_database(f"sqlite:///{tmp_path / 'state.db'}"))
    return tmp_path


def test_what_is_kept_of_a_challenger_is_what_the_snapshot_has(replay: Replay, outcomes: Path) -> None:
    without, *notes = counted_weeks(outcomes / "outcomes")
    assert (without.challenger, read_challenger(outcomes / "outcomes", without)) == (None, None)
    for note in notes:
        snapshot = load(replay.snapshots, note.snapshot_id)
        assert snapshot.challenger is not None
        assert note.challenger == snapshot.challenger.challenger
        kept = read_challenger(outcomes / "outcomes", note)
        assert kept is not None
        ids = read_predictions(outcomes / "outcomes", note, ["product_id"])["product_id"]
        rows = [snapshot.panel.product_ids.index(each) for each in ids]
        given = snapshot.challenger.probabilities[rows]
        probability = kept["challenger_probability"].cast(pl.Float64).fill_null(np.nan).to_numpy()
        np.testing.assert_array_equal(probability, given)
        assert kept["challenger_alert"].to_list() == [
            None if np.isnan(each) else bool(each >= np.float64(0.3)) for each in given.astype(np.float64)
        ]


def test_figures_are_by_version_and_of_the_rows_of_both(outcomes: Path) -> None:
    record = told(outcomes)[1]
    assert record is not None
    pairs = [(each.model_version, each.champion_version, each.first_week, each.weeks) for each in record.challengers]
    assert pairs == [("8", "7", WEEKS[1], 1), ("9", "7", WEEKS[2], 2)]
    newest = record.challengers[-1]
    rows = rows_of(outcomes, "9")
    assert (newest.product_weeks, newest.positives) == (rows.height, rows["outcome"].sum())
    assert record.recent is not None
    assert newest.product_weeks < record.recent.product_weeks
    for scorer, column in ((newest.champion, ""), (newest.challenger, "challenger_")):
        happened, is_over = rows["outcome"].to_numpy() == 1, rows["alert_is_over"].to_numpy()
        alerts, before_relief = rows[f"{column}alert"].to_numpy() & is_over, rows["alert_outcome"].to_numpy() == 1
        assert scorer.alerts == alerts.sum() > 0
        found = {name: getattr(scorer, name).value for name in ("precision", "recall", "average_precision", "brier")}
        hits, probability = (alerts & before_relief).sum(), rows[f"{column}probability"]
        expected = {
            "precision": hits / alerts.sum(),
            "recall": hits / (is_over & before_relief).sum(),
            "average_precision": average_precision_score(happened, probability),
            "brier": brier_score_loss(happened, probability),
        }
        assert found == pytest.approx(expected)
    for name in ("average_precision", "brier"):
        difference = getattr(newest, f"{name}_difference")
        ours, theirs = (getattr(each, name).value for each in (newest.challenger, newest.champion))
        assert difference.value == pytest.approx(ours - theirs)
        assert difference.low < difference.value < difference.high
    page = (outcomes / "outcomes" / REPORT_FILE).read_text(encoding="utf-8")
    assert page.index("Challenger 9 beside version 7: 2") < page.index("Challenger 8 beside version 7: 1")


def rows_of(folder: Path, version: str) -> pl.DataFrame:
    """What was said and what happened, of the weeks of a challenger that are over, where both gave a probability."""
    weeks = []
    for note in counted_weeks(folder / "outcomes"):
        files = [folder / "outcomes" / kind / f"{note.snapshot_id}.parquet" for kind in ("predictions", "outcomes")]
        if note.challenger and note.challenger.model.version == version and files[1].exists():
            said, happened = map(pl.read_parquet, files)
            weeks.append(said.join(happened, on="product_id"))
    rows = pl.concat(weeks, how="diagonal")
    return rows.filter(pl.col("outcome").is_not_null() & pl.col("challenger_probability").is_not_null())
