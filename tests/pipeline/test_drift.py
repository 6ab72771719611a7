"""The stage that watches for drift: what it writes, that it repeats nothing, and what the command prints."""

import datetime as dt
from pathlib import Path

import luigi
from click.testing import CliRunner, Result

from monitoring.drift import DriftReport
from orchestration.drift_command import drift
from orchestration.drift_tasks import WatchDrift
from orchestration.weekly.drift_looks import drift_looks
from tests.support.stores import Store
from tests.support.training_fixtures import LAST_WEEK, SUNDAY, Trained, write_sales


def watch_drift(folder: Path) -> WatchDrift:
    """The stage and those before it, in this process: what they import is here already."""
    task = WatchDrift(  # type: ignore[no-untyped-call]
        source="generic", data_dir=folder / "in", work_dir=folder / "work", label="zero_sales", as_of=SUNDAY
    )
    if not task.complete():
        assert luigi.build([task], local_scheduler=True)
    return task


def printed(*words: str | Path) -> Result:
    return CliRunner().invoke(drift, [str(word) for word in words])


def test_a_week_is_watched_once_named_in_a_report_and_watched_again_when_its_data_change(
    trained: Trained, tmp_path: Path
) -> None:
    work_dir = tmp_path / "work"
    write_sales(trained, tmp_path / "in", factor=1.5)
    work_dir.mkdir()
    store = Store(work_dir)
    store.decide(trained)
    decisions = store.lines()

    watch_drift(tmp_path)
    path = work_dir / "drift" / "zero_sales" / "2018-W34.json"
    report = DriftReport.read(path)
    assert [each.column for each in report.drifted] == ["price_mean"]
    assert report.drifted[0].sentence.startswith("price_mean: level x1.50 of what the same products cost before")
    assert (report.as_of_week, report.model) == (LAST_WEEK, "stockout_risk version 1")
    assert "price_mean: level x1.50" in path.with_suffix(".html").read_text(encoding="utf-8")
    assert (store.lines(), store.version("champion")) == (decisions, "1")  # it asks, and decides nothing

    (look,) = drift_looks(work_dir, ["zero_sales", "never looked at"])
    assert (look.question, look.named, look.asks_for_refresh) == ("zero_sales", 1, True)
    assert (look.inputs.drifted, look.features.drifted > 0) == (2, True)
    assert (dt.datetime.now(dt.UTC) - look.looked_at).total_seconds() < 600

    written = path.stat().st_mtime_ns
    watch_drift(tmp_path)
    assert path.stat().st_mtime_ns == written
    shown = printed(work_dir)
    assert shown.exit_code == 1
    assert "DRIFT, a refresh is asked for: price_mean" in shown.output
    assert "price_mean_lag_1" in shown.output

    write_sales(trained, tmp_path / "in", factor=1.0)  # the seller's file is put right
    watch_drift(tmp_path)
    assert DriftReport.read(path).findings == ()
    assert printed(work_dir, "--question", "zero_sales").exit_code == 0
    path.write_text("{", encoding="utf-8")
    assert drift_looks(work_dir, ["zero_sales"]) == ()


def test_the_command_says_what_to_run_where_nothing_was_watched(tmp_path: Path) -> None:
    shown = printed(tmp_path, "--question", "inventory")
    assert shown.exit_code == 2
    assert "holds no drift report of inventory: run luigi --module orchestration WatchDrift there" in shown.output
