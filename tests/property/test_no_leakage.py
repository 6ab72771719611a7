"""With the files cut off at the end of a week, everything made for that week is what the whole files give for it."""

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from data.ingest.generic import ingest_generic
from data.panel import Panel
from data.panel.build import build_panel
from data.synthetic.shops import write_synthetic_generic
from data.weeks import monday_of
from tests.support.generic import real_generic
from training.labels import label
from training.table import write_training_table

FIRST = dt.date(2024, 1, 1)
WEEKS = 26
DATES = {"sales": "sold_at", "inventory": "counted_on", "availability": "week_start"}
FLAGS = "availability.csv"


def _with_flags(folder: Path) -> Path:
    """The shops' own weekly flags, from their counts."""
    counts = pl.read_csv(folder / "inventory.csv", try_parse_dates=True)
    week = pl.col("counted_on").dt.truncate("1w").alias("week_start")
    flags = counts.group_by("product_id", week, maintain_order=True).agg(in_stock=pl.col("units_on_hand").min() > 0)
    flags.write_csv(folder / FLAGS)
    return folder


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shops")
    write_synthetic_generic(folder, seed=11, products=160, weeks=WEEKS, first_week=FIRST)
    return _with_flags(folder)


def _cut(folder: Path, last_day: dt.date, to: Path) -> Path:
    """The files as they were at the end of a day."""
    to.mkdir()
    for path in folder.glob("*.csv*"):
        rows = pl.read_csv(path, infer_schema=False)
        date = DATES.get(path.name.split(".")[0])
        if date is not None:
            rows = rows.filter(pl.col(date).str.slice(0, 10) <= f"{last_day}")
        rows.write_csv(to / f"{path.name.split('.')[0]}.csv")
    return to


def _panel(folder: Path, week: dt.date, scratch: Path) -> Panel:
    return build_panel(ingest_generic(folder, quarantine_file=scratch / "q.parquet"), as_of_week=week)


def _assert_same(whole: Panel, cut: Panel, labels: tuple[str, ...], scratch: Path) -> None:
    assert (whole.product_ids, whole.categories, whole.groups) == (cut.product_ids, cut.categories, cut.groups)
    assert whole.lead_time_days == cut.lead_time_days
    assert set(whole.fields) == set(cut.fields)
    for name, matrix in whole.fields.items():
        np.testing.assert_array_equal(matrix, cut.fields[name], err_msg=name)
    for name in labels:
        tables = scratch / f"{name}-whole.parquet", scratch / f"{name}-cut.parquet"
        for panel, table in zip((whole, cut), tables, strict=True):
            write_training_table(panel, name, label(name).feature_set, table, horizon_weeks=2)
        assert tables[0].read_bytes() == tables[1].read_bytes(), name


@pytest.mark.parametrize("weeks_known", [20, 23])
def test_nothing_after_as_of_changes_what_a_model_is_trained_on_or_asked(
    shops: Path, tmp_path: Path, weeks_known: int
) -> None:
    week = FIRST + dt.timedelta(weeks=weeks_known - 1)
    cut = _cut(shops, week + dt.timedelta(days=6), tmp_path / "cut")
    whole, known = (_panel(folder, week, tmp_path) for folder in (shops, cut))
    _assert_same(whole, known, ("zero_sales", "unusual_zero", "inventory", "availability"), tmp_path)


@pytest.mark.parametrize(
    ("name", "last_day", "of_stock"),
    [("store_inventory", dt.date(2024, 5, 26), "inventory"), ("vn2", dt.date(2022, 12, 4), "availability")],
)
def test_the_same_holds_for_real_shops_where_they_are_there(
    shops: Path, tmp_path: Path, name: str, last_day: dt.date, of_stock: str
) -> None:
    folder = real_generic(name)
    if folder is None:
        folder, last_day = shops, FIRST + dt.timedelta(weeks=21, days=-1)
    week = monday_of(last_day)
    cut = _cut(folder, last_day, tmp_path / "cut")
    whole, known = (_panel(each, week, tmp_path) for each in (folder, cut))
    _assert_same(whole, known, ("unusual_zero", of_stock), tmp_path)
