"""What is uncertain about the files stands in the run's log and in its report."""

import datetime as dt
import json
import logging
from pathlib import Path

import pytest

from orchestration import Ingest
from tests.support.exports import sales_frame


def stage_for(data_dir: Path) -> Ingest:
    return Ingest(  # type: ignore[no-untyped-call]
        source="generic",
        data_dir=data_dir,
        work_dir=data_dir.parent / "work",
        label="zero_sales",
        as_of=dt.date(2024, 2, 25),
    )


def test_a_warning_stands_in_the_log_and_in_the_report(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    sales_frame().to_csv(folder / "sales.csv", index=False)
    (folder / "customers.csv").write_text("a\n1\n")
    monkeypatch.setattr(logging.getLogger("stockout"), "propagate", True)
    stage = stage_for(folder)
    stage.run()
    sentence = "customers.csv is read by no table: name its table in source.toml, or ignore it there"
    assert f"warning   {sentence}" in caplog.messages
    assert json.loads((stage.folder / "report.json").read_text())["warnings"] == [sentence]


def test_what_was_told_of_columns_stands_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    sales = sales_frame().rename(columns={"product_id": "Product ID"})
    sales.assign(sold_at=sales["sold_at"].dt.strftime("%d %b %Y")).to_csv(folder / "sales.csv", index=False)
    monkeypatch.setattr(logging.getLogger("stockout"), "propagate", True)
    caplog.set_level(logging.INFO, "stockout")
    stage_for(folder).run()
    assert {message for message in caplog.messages if message.startswith("read ")} == {
        "read      sales.product_id: the column 'Product ID'",
        "read      sales.sold_at: months by name (01 Jan 2024)",
    }


def test_files_in_folders_and_settings_are_part_of_a_runs_name(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    (folder / "months").mkdir(parents=True)
    sales = sales_frame()
    sales.iloc[:60].to_csv(folder / "months" / "a.csv", index=False)
    sales.iloc[60:].to_csv(folder / "months" / "b.csv", index=False)
    (folder / "source.toml").write_text('[sales]\nfiles = "months"\n')
    names = [stage_for(folder).ingest_name]
    stage_for(folder).run()
    assert stage_for(folder).complete()
    sales.iloc[60:90].to_csv(folder / "months" / "b.csv", index=False)
    names.append(stage_for(folder).ingest_name)
    (folder / "source.toml").write_text('time_zone = "Europe/Berlin"\n[sales]\nfiles = "months"\n')
    names.append(stage_for(folder).ingest_name)
    assert len(set(names)) == 3
