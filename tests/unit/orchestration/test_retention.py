"""What the retention takes away: nothing that is served, needed or young, and every draft of a run that died."""

import datetime as dt
import json
import os
from pathlib import Path

import pytest

from data.snapshots import ModelReference, current_id, point_at
from data.snapshots.published_models import model_of_week, published_models
from orchestration.retention import leftovers, sweep, take_away
from tests.support.snapshots import AS_OF_WEEK, publish_snapshot, synthetic_panel

WEEKS = 60 * 7 * 24 * 3600
OLD = (
    *("ingest/history-1-ingest-4", "features/run-1", "backtest/run-1", "models/run-1", "backtest/kept/0a1b"),
    "drift/inventory/2018-W33-0a1b-drift-1",
)


def put(work_dir: Path, names: tuple[str, ...]) -> None:
    for name in names:
        (work_dir / name).mkdir(parents=True)
        (work_dir / name / "file").write_bytes(b"12345")


def age(work_dir: Path) -> None:
    for path in work_dir.rglob("*"):
        os.utime(path, (0, path.stat().st_mtime - WEEKS))


def names(work_dir: Path, keep_weeks: int = 8) -> set[str]:
    return {str(each.path.relative_to(work_dir)) for each in leftovers(work_dir, keep_weeks)}


def test_what_is_old_goes_and_what_is_young_or_of_no_run_stays(tmp_path: Path) -> None:
    put(tmp_path, (*OLD, "history/silver/sales", "mlflow/artifacts", "quarantine", "panel/history-1/2018-W33"))
    (tmp_path / "quarantine" / "load.parquet").touch()
    (tmp_path / "backtest" / "predictions.parquet").touch()
    (tmp_path / "drift" / "inventory" / "2018-W33.json").touch()
    age(tmp_path)
    put(tmp_path, ("ingest/history-2-ingest-4", "panel/history-1/2018-W34", "features/run-2"))
    assert names(tmp_path) == {*OLD, "panel/history-1/2018-W33"}
    assert names(tmp_path, keep_weeks=61) == set()
    assert {each.size_bytes for each in leftovers(tmp_path, 8)} == {5}


def test_the_folders_of_a_questions_newest_run_stay_and_all_where_they_are_not_known(tmp_path: Path) -> None:
    put(tmp_path, (*OLD, "models/run-1/published/here", "models/run-2/published/here"))
    for number, folders in enumerate((OLD[:1], ("features/run-1", "models/run-2")), start=1):
        file = tmp_path / "models" / f"run-{number}" / "published" / "here" / "run.json"
        file.write_text(json.dumps({"question": "inventory", "command": "luigi", "folders": folders}))
        age(tmp_path)
    assert names(tmp_path) == set(OLD) - {"features/run-1"}
    file.write_text(json.dumps({"question": "inventory", "command": "luigi"}))
    assert names(tmp_path) == {"backtest/kept/0a1b"}


def test_a_run_that_is_used_again_is_young(tmp_path: Path) -> None:
    put(tmp_path, ("models/run-1/published/here",))
    age(tmp_path)
    assert names(tmp_path) == {"models/run-1"}
    os.utime(tmp_path / "models" / "run-1" / "published" / "here")
    assert names(tmp_path) == set()


def test_drafts_of_runs_that_died_and_what_a_killed_retention_left_go_whatever_their_age(tmp_path: Path) -> None:
    drafts = ("ingest/.history-1.partial", "panel/history-1/.2018-W33.partial", "models/run/.evaluation.partial")
    put(tmp_path, (*drafts, "snapshots/.draft-1", "features/.pruned-run-1"))
    assert names(tmp_path) == {*drafts, "snapshots/.draft-1", "features/.pruned-run-1"}
    for each in leftovers(tmp_path, 8):
        take_away(each.path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_folder_is_taken_away_though_a_killed_retention_left_half_of_its_namesake(tmp_path: Path) -> None:
    put(tmp_path, ("panel/history-1/2018-W33", "panel/history-1/.pruned-2018-W33"))
    (tmp_path / "panel" / "history-1" / ".2018-W33.lock").touch()
    take_away(tmp_path / "panel" / "history-1" / "2018-W33")
    put(tmp_path, ("scored/history-1/2018-W33/inventory", "scored/history-1/2018-W34/inventory"))
    take_away(tmp_path / "scored" / "history-1" / "2018-W33" / "inventory")
    sweep(tmp_path)
    assert not (tmp_path / "panel" / "history-1").exists()
    assert [each.name for each in (tmp_path / "scored" / "history-1").iterdir()] == ["2018-W34"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Snapshots of eight weeks: three of each of two models, then two of a third."""
    folder = tmp_path / "snapshots"
    for number in range(8):
        week = AS_OF_WEEK - dt.timedelta(weeks=7 - number)
        panel = synthetic_panel(products=40, as_of_week=week)
        publish_snapshot(folder, panel, model=ModelReference("stockout_risk", str(1 + number // 3), "run"))
    return folder


def test_each_past_week_is_still_answered_by_its_model(root: Path) -> None:
    weeks = [AS_OF_WEEK - dt.timedelta(weeks=back) for back in range(12)]

    def answering() -> list[str | None]:
        found = [model_of_week(published_models(root), week) for week in weeks]
        return [None if each is None else each.model.version for each in found]

    before, ids = answering(), [each.folder.name for each in published_models(root)]
    assert names(root.parent) == set()
    taken = leftovers(root.parent, keep_weeks=-1)  # all are older than that
    assert [each.path.name for each in taken] == [ids[1], ids[2], ids[4], ids[5]]
    for each in taken:
        take_away(each.path)
    assert answering() == before == ["3", "3", "2", "2", "2", "1", "1", "1", None, None, None, None]


def test_what_is_served_and_what_was_published_before_it_stay(root: Path) -> None:
    ids = [each.folder.name for each in published_models(root)]
    point_at(ids[2], root)
    taken = {each.path.name for each in leftovers(root.parent, keep_weeks=-1)}
    assert current_id(root) == ids[2]
    assert not {ids[2], ids[7]} & taken


def test_a_bento_of_each_version_that_a_snapshot_answers_with_stays(root: Path) -> None:
    """``latest`` and the one before it stay anyway; version 2 answers weeks in between, and 0 none."""
    bentos = "bentoml/bentos/stockout_risk"
    tags = ("0-a", "1-a", "2-a", "2-b", "3-a", "4-a")
    put(root.parent, tuple(f"{bentos}/{tag}" for tag in tags))
    (root.parent / bentos / "latest").write_text("4-a")
    age(root.parent)
    os.utime(root.parent / bentos / "2-a", (0, 1e9))  # 2-b was built after it
    assert {name for name in names(root.parent) if name.startswith("bentoml")} == {f"{bentos}/0-a", f"{bentos}/2-a"}
