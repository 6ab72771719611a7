"""Week after week by real runs: files are loaded, and the champion scores the newest week; nothing is trained again."""

import datetime as dt
import subprocess
from pathlib import Path

import polars as pl
import pytest

from data.snapshots import current_id
from data.synthetic.shops import write_synthetic_generic
from feature_service.client import RiskClient
from tests.support.processes import BIN, run
from tests.support.servers import running_server

FIRST_MONDAY = dt.date(2024, 1, 1)
TABLES = {"sales": "sold_at", "inventory": "counted_on"}


def luigi(task: str, work_dir: Path, *options: str | Path) -> subprocess.CompletedProcess[str]:
    words = [BIN / "luigi", "--module", "orchestration", task, "--local-scheduler", "--work-dir", work_dir, *options]
    return run(words)


def question(*options: str | Path) -> tuple[str | Path, ...]:
    quick = ("--backtest-weeks", "8", "--refit-every", "8")
    return "--source", "history", "--label", "inventory", "--as-of", "latest", *quick, *options


def deliver(whole: Path, folder: Path, until: dt.date) -> Path:
    """The files as they would have been exported on a day: nothing of later."""
    folder.mkdir(exist_ok=True)
    for table, day in TABLES.items():
        rows = pl.read_csv(whole / f"{table}.csv", infer_schema=False)
        rows.filter(pl.col(day).str.slice(0, 10) <= str(until)).write_csv(folder / f"{table}.csv")
    return folder


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shops")
    write_synthetic_generic(folder, seed=5, products=240, weeks=30, first_week=FIRST_MONDAY)
    return folder


def test_a_new_week_is_loaded_and_scored_by_the_champion_without_training(whole: Path, tmp_path: Path) -> None:
    work_dir, landing = tmp_path / "work", tmp_path / "landing"
    reading = ("--source", "generic", "--data-dir", landing)

    empty = luigi("ScoreWeek", work_dir, *question())
    assert empty.returncode != 0
    assert "is empty at that time: load files first, LoadHistory" in empty.stdout

    deliver(whole, landing, dt.date(2024, 7, 21))
    assert luigi("LoadHistory", work_dir, *reading).returncode == 0
    untrained = luigi("ScoreWeek", work_dir, *question())
    assert "there is no champion of inventory yet: run StockoutPipeline" in untrained.stdout
    assert luigi("StockoutPipeline", work_dir, *question()).returncode == 0
    assert current_id(work_dir / "snapshots").startswith("2024-W29")

    deliver(whole, landing, dt.date(2024, 7, 25))  # a week begins: nothing is due yet
    loaded = luigi("LoadHistory", work_dir, *reading)
    assert loaded.returncode == 0, loaded.stdout
    assert luigi("ScoreWeek", work_dir, *question()).returncode == 0
    assert current_id(work_dir / "snapshots").startswith("2024-W29")

    deliver(whole, landing, dt.date(2024, 7, 28))
    assert luigi("LoadHistory", work_dir, *reading).returncode == 0
    scored = luigi("ScoreWeek", work_dir, *question())
    assert scored.returncode == 0, scored.stdout
    assert current_id(work_dir / "snapshots").startswith("2024-W30")
    assert not {"features", "backtest", "train"} & {line.split()[1] for line in scored.stdout.splitlines() if line}

    served = current_id(work_dir / "snapshots")
    assert "done before" in luigi("ScoreWeek", work_dir, *question()).stdout
    assert current_id(work_dir / "snapshots") == served
    looked = luigi("ScoreOutcomes", work_dir, *question())
    assert looked.returncode == 0, looked.stdout
    assert "2 weeks kept, 2 told anew" in looked.stdout
    with running_server(work_dir / "snapshots") as server, RiskClient(server.target) as client:
        provenance = client.assess(["nobody"]).provenance
        performance = client.performance()
    assert [each.performance.first_week for each in performance.weeks] == [dt.date(2024, 7, 15)]
    assert performance.recent is not None
    assert performance.recent.product_weeks > 100
    assert (provenance.as_of_week, provenance.model_version) == (dt.date(2024, 7, 22), "1")

    account = run([BIN / "stockout-data", "reconcile", work_dir])
    assert account.returncode == 0
    assert "every row and cent is accounted for" in account.stdout


@pytest.mark.parametrize("task", ["StockoutPipeline", "ScoreWeek"])
def test_a_look_at_the_past_is_not_served_unless_that_is_asked(tmp_path: Path, task: str) -> None:
    refused = luigi(task, tmp_path / "work", *question("--known-at", "2024-06-17T06:00Z"))
    assert refused.returncode != 0
    assert f"left away with {task}, which changes what is served, or go with --publish-past" in refused.stdout
    assert not (tmp_path / "work").exists()
