"""What a check says of the length of a history is what training and its backtest then make of it."""

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from data.command.check import check_data
from data.ingest.generic import ingest_generic
from data.panel.build import build_panel
from data.synthetic.shops import write_synthetic_generic
from data.weeks import week_number
from training.backtest.origins import BacktestSettings, calendar_of
from training.dataset import read_training_table
from training.errors import TrainingHistoryError
from training.labels import LABELS
from training.table import write_training_table

FIRST = dt.date(2024, 1, 1)


def shops(folder: Path, weeks: int, every_days: int = 1) -> Path:
    """Counts on every so many days, flags by the lowest count of a week."""
    folder.mkdir()
    write_synthetic_generic(folder, seed=5, products=60, weeks=weeks, first_week=FIRST)
    counts = pl.read_csv(folder / "inventory.csv", try_parse_dates=True)
    week = pl.col("counted_on").dt.truncate("1w").alias("week_start")
    flags = counts.group_by("product_id", week, maintain_order=True).agg(in_stock=pl.col("units_on_hand").min() > 0)
    flags.write_csv(folder / "availability.csv")
    counts.filter((pl.col("counted_on") - FIRST).dt.total_days() % every_days == 0).write_csv(folder / "inventory.csv")
    return folder


def can_be_learned(folder: Path, weeks: int, label: str) -> bool:
    history = ingest_generic(folder, quarantine_file=folder.parent / "quarantine.parquet", time_zone="UTC")
    panel = build_panel(history, as_of_week=FIRST + dt.timedelta(weeks=weeks - 1))
    table = folder.parent / "table.parquet"
    write_training_table(panel, label, LABELS[label].feature_set, table)
    rows = read_training_table(table)
    try:
        calendar_of(week_number(rows.as_of_week)[np.isfinite(rows.outcome)], rows.outcome_weeks, BacktestSettings())
    except TrainingHistoryError:
        return False
    return True


@pytest.mark.parametrize("every_days", [1, 7])
@pytest.mark.parametrize("weeks", [14, 15, 16, 17, 18])
def test_a_label_is_answered_from_the_week_on_from_which_it_can_be_learned(
    tmp_path: Path, weeks: int, every_days: int
) -> None:
    folder = shops(tmp_path / "in", weeks, every_days)
    found = check_data(folder)
    assert {name: not missing for name, missing in found.labels.items()} == {
        name: can_be_learned(folder, weeks, name) for name in LABELS
    }


def test_how_many_weeks_there_are_and_from_when_on_they_suffice_is_told(tmp_path: Path) -> None:
    found = check_data(shops(tmp_path / "in", weeks=9))
    assert found.labels == {
        "zero_sales": "9 weeks of sales, 18 are needed: from 2024-05-05 on",
        "unusual_zero": "9 weeks of sales, 15 are needed: from 2024-04-14 on",
        "inventory": "9 weeks of counts, 15 are needed: from 2024-04-14 on",
        "availability": "9 weeks of flags, 15 are needed: from 2024-04-14 on",
    }


def test_where_nothing_is_ever_out_of_stock_nobody_learns_when_it_will_be(tmp_path: Path) -> None:
    folder = shops(tmp_path / "in", weeks=16)
    for file, column in (("inventory.csv", "units_on_hand"), ("availability.csv", "in_stock")):
        rows = pl.read_csv(folder / file)
        rows.filter(pl.col(column) > 0 if column == "units_on_hand" else pl.col(column)).write_csv(folder / file)
    found = check_data(folder).labels
    assert found["inventory"] == "nothing is ever counted out of stock"
    assert found["availability"] == "no flag says that anything is out of stock"
