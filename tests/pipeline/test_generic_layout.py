"""The generic layout through the luigi command, with every label, on invented shops whose stock is known."""

import datetime as dt
import json
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from data.snapshots import current_id, load
from data.synthetic.shops import write_synthetic_generic
from feature_service.client import RiskClient
from tests.support.preloaded import run_preloaded
from tests.support.processes import pipeline_command
from tests.support.servers import running_server
from tests.support.shell import shell
from training.dataset import read_training_table
from training.labels import LABELS

FIRST = dt.date(2024, 1, 1)
WEEKS = 30
AS_OF = "2024-07-28"


def command(task: str, data_dir: Path, work_dir: Path, *options: str, label: str) -> list[str]:
    local = ("--local-scheduler", *options)
    return pipeline_command(task, data_dir, work_dir, *local, as_of=AS_OF, label=label, source="generic")


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shops")
    write_synthetic_generic(folder, seed=5, products=240, weeks=WEEKS, first_week=FIRST)
    counts = pl.read_csv(folder / "inventory.csv", try_parse_dates=True)
    week = pl.col("counted_on").dt.truncate("1w").alias("week_start")
    counts.group_by("product_id", week, maintain_order=True).agg(in_stock=pl.col("units_on_hand").min() > 0).write_csv(
        folder / "availability.csv"
    )
    with (folder / "sales.csv").open(encoding="utf-8") as file:
        columns = file.readline().strip().split(",")
    bad = {"product_id": "1-1", "sold_at": "2024-02-03", "quantity": "many", "unit_price": "5"}
    with (folder / "sales.csv").open("a", encoding="utf-8") as file:
        file.write(",".join(bad.get(name, "") for name in columns) + "\n")
    return folder


@pytest.fixture(scope="module")
def work_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("work")


@pytest.mark.parametrize("name", LABELS)
def test_every_label_has_its_training_table_of_its_own_feature_set(shops: Path, work_dir: Path, name: str) -> None:
    completed = run_preloaded(command("Features", shops, work_dir, label=name))
    assert completed.returncode == 0, completed.stdout
    (table,) = work_dir.glob(f"features/{name}-2024-W30-*/training_table.parquet")
    rows = read_training_table(table)
    assert (rows.label.name, rows.feature_set) == (name, LABELS[name].feature_set)
    assert {0, 1} <= set(rows.outcome[np.isfinite(rows.outcome)].tolist())


def test_another_horizon_feature_set_or_alpha_is_another_run(shops: Path, work_dir: Path) -> None:
    settings = [(), ("--horizon-weeks", "2"), ("--feature-set", "sales-2"), ("--alpha", "0.2")]
    tables = set()
    for options in settings:
        assert run_preloaded(command("Features", shops, work_dir, *options, label="unusual_zero")).returncode == 0
        tables |= {path.parent.name for path in work_dir.glob("features/unusual_zero-*/*.parquet")}
    # sales-2 is what the label takes anyway
    assert len(tables) == len(settings) - 1


def test_renamed_columns_give_the_same_panel(shops: Path, work_dir: Path, tmp_path: Path) -> None:
    renamed = tmp_path / "renamed"
    shutil.copytree(shops, renamed)
    rows = pl.read_csv(shops / "inventory.csv", infer_schema=False).rename({"units_on_hand": "qty"})
    rows.write_csv(renamed / "inventory.csv")
    (tmp_path / "names.toml").write_text('[inventory]\nunits_on_hand = "qty"\n')
    columns = ("--columns", str(tmp_path / "names.toml"))
    as_renamed = command("WeeklyPanel", renamed, tmp_path / "work", *columns, label="inventory")
    assert run_preloaded(as_renamed).returncode == 0
    assert run_preloaded(command("WeeklyPanel", shops, work_dir, label="inventory")).returncode == 0
    (one,), (other,) = (folder.glob("panel/*/*/panel") for folder in (work_dir, tmp_path / "work"))
    assert contents(one) == contents(other)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize(
    ("label", "options", "sentence"),
    [
        ("availability", (), "give the files that hold them"),
        ("unusual_zero", ("--alpha", "7"), "alpha is 7.0; it is a probability"),
        ("inventory", ("--columns", "nowhere.toml"), "with names of columns"),
        ("inventory", ("--time-zone", "Mars"), "unknown time zone 'Mars'"),
    ],
)
def test_what_cannot_be_meant_is_one_clear_sentence(
    shops: Path, tmp_path: Path, label: str, options: tuple[str, ...], sentence: str
) -> None:
    data_dir = tmp_path / "in"
    shutil.copytree(shops, data_dir, ignore=shutil.ignore_patterns("availability.csv"))
    completed = run_preloaded(command("Features", data_dir, tmp_path / "work", *options, label=label))
    assert completed.returncode == 30, completed.stdout
    assert "Traceback" not in completed.stdout
    assert sentence in next(line for line in completed.stdout.splitlines() if line.startswith("ERROR"))


def test_a_late_export_is_refused_in_a_sentence_or_taken_with_a_warning_in_log_and_report(
    shops: Path, tmp_path: Path
) -> None:
    late = pipeline_command("WeeklyPanel", shops, tmp_path, "--local-scheduler", as_of="2024-08-18", source="generic")
    refused = run_preloaded(late)
    assert refused.returncode == 30, refused.stdout
    assert "is of 2024-07-28, so that 21 days are unknown, not empty" in refused.stdout
    assert "ask for --as-of 2024-07-28" in refused.stdout
    taken = run_preloaded([*late, "--max-missing-days", "21"])
    assert taken.returncode == 0, taken.stdout
    (report,) = tmp_path.glob("panel/*/2024-W33/report.json")
    found = json.loads(report.read_text(encoding="utf-8"))
    assert found["data_until"] == "2024-07-28"
    assert {each["table"]: each["missing_days"] for each in found["tables"]} == {
        "sales": 21,
        "inventory": 21,
        "availability": 21,
    }
    assert len(found["warnings"]) == 4, "one is of the ingest, which was done before"
    assert all(f"warning   {each}" in taken.stdout for each in found["warnings"][1:])
    assert run_preloaded(late).returncode == 30, "what was allowed once is not allowed for ever"


def test_the_chain_publishes_what_a_planner_decides_with(shops: Path, work_dir: Path) -> None:
    given = ("--lead-time-days", "5")
    completed = run_preloaded(command("StockoutPipeline", shops, work_dir, *given, label="inventory"))
    assert completed.returncode == 0, completed.stdout
    snapshots = work_dir / "snapshots"
    snapshot = load(snapshots, current_id(snapshots))
    contract = json.loads((snapshot.bundle_dir / "contract.json").read_text(encoding="utf-8"))
    assert (contract["label"]["name"], contract["label"]["evidence"]) == ("inventory", "STOCK_AWARE")
    panel = snapshot.panel
    assert {"units_on_hand", "depletion", "receipts", "in_stock"} <= set(panel.fields)
    assert set(panel.groups) == {"location", "item"}
    promised = dict(pl.read_csv(shops / "lead_times.csv").iter_rows())
    assert panel.lead_time_days == tuple(promised[each] for each in panel.product_ids)
    assert snapshot.eligible[:, -1].any()


def test_what_looks_wrong_about_the_data_is_said_by_log_server_report_and_mlflow(shops: Path, work_dir: Path) -> None:
    completed = run_preloaded(command("StockoutPipeline", shops, work_dir, "--lead-time-days", "5", label="inventory"))
    assert completed.returncode == 0, completed.stdout
    with running_server(work_dir / "snapshots") as server, RiskClient(server.target) as client:
        info = client.info()
        listed = shell("list", "--target", server.target)
    (warning,) = info.data_warnings
    assert "rows of sales.csv is bad and left out" in warning
    assert info.provenance.data_warnings == 1
    assert "1 warning about the data" in " ".join(listed.stdout.split())
    (kept,) = (work_dir / "mlflow").rglob("data/warnings.txt")
    assert kept.read_text(encoding="utf-8") == f"{warning}\n"
    (page,) = (work_dir / "models").glob("inventory-*/evaluation/report.html")
    assert f"<li>{warning}</li>" in page.read_text(encoding="utf-8")
