"""What an alert is, is chosen when a snapshot is published: real runs of one work dir, one policy after the other."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from data.snapshots import MANIFEST, current_id
from data.synthetic.olist import write_synthetic_olist
from feature_service.client import RiskClient
from tests.support.preloaded import run_preloaded
from tests.support.processes import pipeline_command
from tests.support.servers import running_server

QUICK = ("--local-scheduler", "--backtest-weeks", "8", "--refit-every", "8")


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("orders")
    write_synthetic_olist(folder, seed=3, products=150)
    return folder


def publish(orders: Path, work_dir: Path, *options: str) -> tuple[str, str]:
    """The id of the published snapshot, and what the run printed."""
    completed = run_preloaded(pipeline_command("StockoutPipeline", orders, work_dir, *QUICK, *options))
    assert completed.returncode == 0, completed.stdout
    return current_id(work_dir / "snapshots"), completed.stdout


def files(work_dir: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in work_dir.rglob("*") if path.is_file()}


def stated(work_dir: Path, snapshot_id: str) -> dict[str, Any]:
    manifest = json.loads((work_dir / "snapshots" / snapshot_id / MANIFEST).read_text(encoding="utf-8"))
    alerts: dict[str, Any] = manifest["alerts"]
    return alerts


def test_another_policy_publishes_other_alerts_of_the_same_model_and_trains_nothing(
    orders: Path, tmp_path: Path
) -> None:
    first, _ = publish(orders, tmp_path)
    before = files(tmp_path)
    second, said = publish(orders, tmp_path, "--threshold-by", "budget", "--alert-budget", "20")
    changed = {path for path, changed_at in files(tmp_path).items() if before.get(path) != changed_at}
    assert all({"published", "snapshots"} & set(path.parts) for path in changed), changed
    assert "(budget 20)" in said

    (predictions,) = tmp_path.glob("backtest/*/predictions.parquet")
    rows = pd.read_parquet(predictions)
    free = rows[~rows.locked]
    for snapshot_id, budget in ((first, 50), (second, 20)):
        alerts = stated(tmp_path, snapshot_id)
        assert alerts["policy"] == f"budget {budget}"
        assert 0 < (free.probability >= alerts["threshold"]).sum() <= budget * free.as_of_week.nunique()

    with running_server(tmp_path / "snapshots") as server, RiskClient(server.target) as client:
        served = client.assess(list(rows.product_id.unique()))
    assert served.provenance.threshold == stated(tmp_path, second)["threshold"]
    assert served.provenance.alert_policy == "budget 20"
    risks = [(each.alert, each.probability) for each in served.results if each.probability is not None]
    assert all(alert == (probability >= served.provenance.threshold) for alert, probability in risks)

    again, said = publish(orders, tmp_path)
    assert again == first
    assert "train " not in said


def test_a_number_of_a_policy_that_is_not_asked_for_is_refused_and_not_ignored(orders: Path, tmp_path: Path) -> None:
    completed = run_preloaded(pipeline_command("StockoutPipeline", orders, tmp_path, *QUICK, "--target-recall", "0.95"))
    assert completed.returncode == 30
    assert "Traceback" not in completed.stdout
    assert "or come with --threshold-by recall" in completed.stdout
    assert not list(tmp_path.iterdir())
