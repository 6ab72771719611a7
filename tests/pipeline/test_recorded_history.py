"""A run on a history into which sales and counts are recorded: it reads what is committed, and goes on meanwhile."""

import datetime as dt
import threading
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from data.ingest.generic import ingest_generic
from data.ingest.result import CleanHistory, read_history
from data.synthetic.shops import write_synthetic_generic
from feature_service.client import HistoryClient, Sale, StockCount
from tests.support.preloaded import run_preloaded
from tests.support.processes import BIN
from tests.support.servers import running_history

FILES_UNTIL = dt.date(2024, 2, 20)


def luigi(task: str, work_dir: Path, *options: str | Path) -> str:
    words = [BIN / "luigi", "--module", "orchestration", task, "--local-scheduler", "--work-dir", work_dir, *options]
    ended = run_preloaded(words)
    assert ended.returncode == 0, ended.stdout
    return ended.stdout


def newest_ingest(work_dir: Path) -> CleanHistory:
    return read_history(max((work_dir / "ingest").iterdir(), key=lambda folder: folder.stat().st_mtime))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shops")
    write_synthetic_generic(folder, seed=5, products=60, weeks=10, first_week=dt.date(2024, 1, 1))
    return folder


def sales_of(whole: Path) -> Iterator[Sale]:
    rows = pl.read_csv(whole / "sales.csv", infer_schema=False).with_row_index("line")
    for line, product, sold_at, quantity, price in rows.select(
        "line", "product_id", pl.col("sold_at").str.slice(0, 10), "quantity", "unit_price"
    ).iter_rows():
        if (on := dt.date.fromisoformat(sold_at)) > FILES_UNTIL:
            yield Sale(f"line-{line}", product, float(quantity), float(price), on=on)


def counts_of(whole: Path) -> Iterator[StockCount]:
    rows = pl.read_csv(whole / "inventory.csv", infer_schema=False)
    for product, counted_on, units in rows.select("product_id", "counted_on", "units_on_hand").iter_rows():
        if (on := dt.date.fromisoformat(counted_on)) > FILES_UNTIL:
            yield StockCount(f"{product} {on}", product, float(units), on=on)


def test_what_is_recorded_after_the_files_counts_as_if_the_files_had_held_it(whole: Path, tmp_path: Path) -> None:
    work_dir, landing = tmp_path / "work", tmp_path / "landing"
    landing.mkdir()
    for table, day in (("sales", "sold_at"), ("inventory", "counted_on")):
        rows = pl.read_csv(whole / f"{table}.csv", infer_schema=False)
        rows.filter(pl.col(day).str.slice(0, 10) <= str(FILES_UNTIL)).write_csv(landing / f"{table}.csv")
    luigi("LoadHistory", work_dir, "--source", "generic", "--data-dir", landing)
    sales, counts = list(sales_of(whole)), list(counts_of(whole))
    assert sales
    assert counts
    is_over = threading.Event()

    with running_history(work_dir) as server, HistoryClient(server.target) as client:

        def record_till_the_end() -> None:
            while not is_over.is_set() and sales_left:
                client.record_sales([sales_left.pop()])

        sales_left = list(sales)
        recording = threading.Thread(target=record_till_the_end)
        recording.start()
        luigi("WeeklyPanel", work_dir, "--source", "history", "--as-of", "latest", "--label", "inventory")
        is_over.set()
        recording.join()
        assert len(sales_left) < len(sales), "nothing was recorded while the run went on"
        client.record_sales(sales)
        client.record_stock(counts)

    luigi("WeeklyPanel", work_dir, "--source", "history", "--as-of", "latest", "--label", "inventory")
    told = newest_ingest(work_dir)
    read = ingest_generic(whole, quarantine_file=tmp_path / "quarantine.parquet")
    assert_frame_equal(told.sales.drop("order"), read.sales.drop("order"))  # a number for each line
    assert_frame_equal(told.counts, read.counts)
    panels = sorted(folder.name for panel in (work_dir / "panel").iterdir() for folder in panel.iterdir())
    assert panels[-1] == "2024-W10"
    assert "every row and cent is accounted for" in run_preloaded([BIN / "stockout-data", "reconcile", work_dir]).stdout
