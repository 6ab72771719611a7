"""After an upgrade that writes other files, what the old version left must not pass for finished."""

import datetime as dt
from pathlib import Path

import pytest

import orchestration
from data.snapshots import publish
from data.synthetic.olist import write_synthetic_olist
from orchestration.stage import Stage
from tests.support.snapshots import MODEL, synthetic_panel
from tests.support.training_fixtures import Trained
from training.labels import label

STAGES = ("Ingest", "WeeklyPanel", "Features", "Backtest", "Train", "Evaluate", "Register", "Package", "Publish")


@pytest.fixture
def olist(tmp_path: Path) -> Path:
    write_synthetic_olist(tmp_path, seed=3, products=5)
    return tmp_path


def folders(data_dir: Path, shards: int = 1) -> dict[str, Path]:
    options: dict[str, object] = {"source": "olist", "data_dir": data_dir, "label": "zero_sales", "shards": shards}
    options["work_dir"] = data_dir / "work"
    stages: dict[str, type[Stage]] = {name: getattr(orchestration, name) for name in STAGES}
    return {name: stage(**options, as_of=dt.date(2018, 8, 26)).folder for name, stage in stages.items()}


@pytest.mark.parametrize(
    ("schema", "run_again"),
    [
        ("orchestration.run.INGEST_SCHEMA", {*STAGES}),
        ("orchestration.run.PANEL_SCHEMA", {*STAGES} - {"Ingest"}),
        ("orchestration.run.CONTRACT_SCHEMA", {*STAGES} - {"Ingest", "WeeklyPanel"}),
        ("orchestration.run.TABLE_SCHEMA", {*STAGES} - {"Ingest", "WeeklyPanel"}),
        ("orchestration.run.BACKTEST_SCHEMA", {*STAGES} - {"Ingest", "WeeklyPanel", "Features"}),
        ("orchestration.run.TRAINING_SCHEMA", {"Train", "Evaluate", "Register", "Package", "Publish"}),
        ("orchestration.run.FIGURES_SCHEMA", {"Train", "Evaluate", "Register", "Package", "Publish"}),
        ("orchestration.run.REGISTERED_SCHEMA", {"Register", "Package", "Publish"}),
        ("orchestration.run.SNAPSHOT_SCHEMA", {"Publish"}),
        ("orchestration.run.SHARDED_SCHEMA", set()),
    ],
)
def test_another_schema_runs_the_stages_again_that_write_it_or_build_on_it_and_no_others(
    olist: Path, monkeypatch: pytest.MonkeyPatch, schema: str, run_again: set[str]
) -> None:
    before = folders(olist)
    monkeypatch.setattr(schema, 99)
    after = folders(olist)
    assert {name for name in STAGES if after[name] != before[name]} == run_again


def test_another_number_of_shards_or_another_form_of_them_publishes_again_and_trains_nothing(
    olist: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, two, three = (folders(olist, shards) for shards in (1, 2, 3))
    for before, after in ((whole, two), (two, three)):
        assert {name for name in STAGES if after[name] != before[name]} == {"Publish"}
    monkeypatch.setattr("orchestration.run.SHARDED_SCHEMA", 99)
    assert folders(olist)["Publish"] == whole["Publish"]
    assert folders(olist, 2)["Publish"] != two["Publish"]


def test_the_same_content_in_another_schema_is_another_snapshot(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = synthetic_panel(products=5)
    eligible = label("zero_sales").eligible(panel)
    before = publish(panel, eligible, trained.bundle_dir, MODEL, tmp_path)
    assert publish(panel, eligible, trained.bundle_dir, MODEL, tmp_path) == before
    monkeypatch.setattr("data.snapshots.write.SCHEMA", 99)
    assert publish(panel, eligible, trained.bundle_dir, MODEL, tmp_path) != before
