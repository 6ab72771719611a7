"""What a run stored is printed whole: bad rows with their values, and the panel by product and week."""

import csv
import io
from pathlib import Path

import pandas as pd
import pytest

from data.ingest.generic import ingest_generic
from data.panel.build import build_panel
from data.panel.file import write_panel
from data.weeks import monday_of
from tests.support.exports import run_command, sales_frame, units_by_product_and_week


@pytest.fixture
def work_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    sales_frame().to_csv(folder / "sales.csv", index=False)
    with (folder / "sales.csv").open("a") as file:
        file.write("p1,2024-02-03,=many,5\n")
    work = tmp_path / "work"
    history = ingest_generic(folder, quarantine_file=work / "quarantine" / "generic-x.parquet")
    panel = build_panel(history, as_of_week=monday_of(pd.Timestamp("2024-02-29").date()), max_missing_days=3)
    (work / "panel" / "generic-x" / "2024-W09").mkdir(parents=True)
    write_panel(panel, work / "panel" / "generic-x" / "2024-W09" / "panel")
    return work


def test_a_bad_row_is_shown_with_its_value_and_what_would_have_been_right(work_dir: Path) -> None:
    done = run_command("quarantine", work_dir)
    assert done.returncode == 0, done.stderr
    for words in ("sales.csv", "121", "UNPARSABLE_QUANTITY", "quantity", "=many", "a number of units such as 3"):
        assert words in done.stdout
    (row,) = csv.DictReader(io.StringIO(run_command("quarantine", work_dir, "--csv").stdout))
    assert row["value"] == "'=many"


def test_the_panel_is_shown_by_product_and_week(work_dir: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(run_command("panel", work_dir, "--csv").stdout)))
    weeks = [f"2024-W{week:02}" for week in range(1, 10)]
    mondays = [f"{monday:%Y-%m-%d}" for monday in pd.date_range("2024-01-01", periods=9, freq="7D")]
    shown = {
        (row["product_id"], monday): float(row[week])
        for row in rows
        for week, monday in zip(weeks, mondays, strict=True)
        if row[week] not in ("", "0")
    }
    assert shown == units_by_product_and_week(sales_frame())


def test_no_figure_is_cut_whatever_the_terminal(work_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    done = run_command("panel", work_dir, "--weeks", 9)
    for figure in units_by_product_and_week(sales_frame()).values():
        assert f" {figure:g} " in done.stdout.replace("\n", " \n")


def test_an_unknown_field_or_an_empty_folder_is_a_sentence(work_dir: Path, tmp_path: Path) -> None:
    unknown = run_command("panel", work_dir, "--field", "profit")
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert "the panel has no field profit; it has: " in unknown.stderr
    empty = run_command("quarantine", tmp_path / "in")
    assert empty.returncode == 2
    assert "name the --work-dir of a run" in empty.stderr
