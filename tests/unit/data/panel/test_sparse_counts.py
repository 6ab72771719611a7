"""Shelves that are counted once a week, held against the days in between, which the test knows."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from data.ingest.generic import ingest_generic
from data.ingest.result import CleanHistory
from data.panel import (
    COUNT_AGE_DAYS,
    MIN_ON_HAND_EARLY,
    MIN_ON_HAND_LATE,
    OUT_IN_WEEK,
    OUT_SPELL_DAYS,
    UNITS_ON_HAND,
    Panel,
)
from data.panel.build import build_panel
from data.panel.report import report_of
from data.panel.sparse_counts import carried_of_days, density_of
from data.panel.weekly_stock import STOCK_FIELDS, DailyUnits, weekly_stock
from data.synthetic.shops import write_synthetic_generic
from data.weeks import week_number
from tests.support.generic import Row, real_generic, write_generic
from training.backtest.origins import BacktestSettings, calendar_of
from training.dataset import read_training_table
from training.labels import label
from training.table import write_training_table

FIRST = dt.date(2024, 1, 1)
WEEKS = 26
AS_OF_WEEK = FIRST + dt.timedelta(weeks=WEEKS - 1)
LAST_DAY = AS_OF_WEEK + dt.timedelta(days=6)
NAN = float("nan")
MONDAY, SUNDAY = 1, 7
INVENTORY = label("inventory")
SPARSE = {OUT_IN_WEEK, MIN_ON_HAND_EARLY, MIN_ON_HAND_LATE}


@pytest.fixture(scope="module")
def daily(tmp_path_factory: pytest.TempPathFactory) -> CleanHistory:
    """Shops that sell from their shelves and nowhere else, and count nearly every day."""
    folder = tmp_path_factory.mktemp("daily")
    write_synthetic_generic(folder, seed=11, products=240, weeks=WEEKS, first_week=FIRST)
    return ingest_generic(folder, quarantine_file=folder / "q.parquet")


def thinned(history: CleanHistory, weekday: int) -> CleanHistory:
    return replace(history, counts=history.counts.filter(pl.col("counted_on").dt.weekday() == weekday))


def without_most_sales(history: CleanHistory) -> CleanHistory:
    """Sales as an online shop has them, whose shelves sell over the counter, too."""
    return replace(history, sales=history.sales.filter(pl.col("order") % 3 == 0))


def panel_of(history: CleanHistory) -> Panel:
    return build_panel(history, as_of_week=AS_OF_WEEK)


def truth_of(history: CleanHistory, panel: Panel) -> tuple[np.ndarray, np.ndarray]:
    """Stock on each Sunday, and the outcome, as the daily counts have them for the rows of another panel."""
    whole = panel_of(history)
    rows = [whole.product_ids.index(each) for each in panel.product_ids]
    return whole.fields[UNITS_ON_HAND][rows], INVENTORY.outcome(whole)[rows]


def days(**units: float) -> np.ndarray:
    """Two weeks of days, from ``d0`` to ``d13``."""
    row = np.full((1, 14), np.nan, dtype=np.float32)
    for name, value in units.items():
        row[0, int(name[1:])] = value
    return row


@pytest.mark.parametrize(
    ("counts", "sold", "on_hand", "out_in_week", "spell"),
    [
        (days(d0=5, d7=3), days(d3=1, d9=2), [4, 1], [0, 0], [NAN, NAN]),
        (days(d0=5, d7=3), days(d0=4), [5, 3], [0, 0], [NAN, NAN]),  # a count is of the end of its day
        (days(d0=5), days(d2=2, d4=3), [0, 0], [1, 1], [2, 9]),
        (days(d0=5), days(d2=5, d10=1), [0, NAN], [1, 1], [4, NAN]),  # something came, nobody knows when
        (days(d0=5), days(d2=6), [NAN, NAN], [NAN, NAN], [NAN, NAN]),
        (days(d0=0), days(d9=1), [0, NAN], [1, 1], [6, NAN]),
        (days(d0=-2), days(), [-2, -2], [1, 1], [6, 13]),
        (days(d2=4), days(d1=9), [4, 4], [NAN, 0], [NAN, NAN]),  # before the first count nothing is known
        (days(), days(d1=9), [NAN, NAN], [NAN, NAN], [NAN, NAN]),
    ],
)
def test_a_count_is_carried_on_by_the_units_sold_until_nobody_can_know(
    counts: np.ndarray, sold: np.ndarray, on_hand: list[float], out_in_week: list[float], spell: list[float]
) -> None:
    fields = carried_of_days(counts, np.nan_to_num(sold))
    for name, expected in ((UNITS_ON_HAND, on_hand), (OUT_IN_WEEK, out_in_week), (OUT_SPELL_DAYS, spell)):
        np.testing.assert_array_equal(fields[name][0], np.array(expected, dtype=np.float32), err_msg=name)


def test_a_count_is_not_carried_for_longer_than_four_weeks() -> None:
    counts = np.full((1, 42), np.nan, dtype=np.float32)
    counts[0, 0] = 9
    assert (
        np.isfinite(carried_of_days(counts, np.zeros_like(counts))[UNITS_ON_HAND][0]).tolist()
        == [True] * 4 + [False] * 2
    )


def test_how_dense_counts_are_and_how_much_sales_tell_is_counted(tmp_path: Path) -> None:
    counts: list[Row] = [("a", "2024-01-01", 10), ("a", "2024-01-08", 4), ("a", "2024-01-15", 9)]
    counts += [("b", "2024-01-08", 5), ("b", "2024-01-15", 1)]
    sales: list[Row] = [("a", "2024-01-01", 7, 1), ("a", "2024-01-02", 3, 1), ("a", "2024-01-08", 1, 1)]
    sales += [("a", "2024-01-10", 2, 1), ("b", "2024-01-15", 9, 1), ("c", "2024-01-15", 9, 1)]
    write_generic(tmp_path, sales=sales, inventory=counts)
    density = density_of(ingest_generic(tmp_path, quarantine_file=tmp_path / "q"), dt.date(2024, 1, 21))
    assert density is not None
    assert density.counts_per_week == 5 / (3 + 2)
    assert density.sales_share == (4 + 4) / (6 + 4)  # 4 of a's fall of 6 after its count, 4 of b's of 4


@pytest.mark.parametrize("weekday", [MONDAY, SUNDAY])
def test_with_complete_sales_stock_and_outcome_of_weekly_counts_are_near_those_of_daily_ones(
    daily: CleanHistory, weekday: int
) -> None:
    weekly = thinned(daily, weekday)
    panel = panel_of(weekly)
    assert OUT_IN_WEEK in panel.fields
    stock, truth = truth_of(daily, panel)
    eligible, outcome = INVENTORY.eligible(panel), INVENTORY.outcome(panel)
    assert (stock[eligible] <= 0).mean() < 0.005
    assert np.nanmean(stock[eligible] == panel.fields[UNITS_ON_HAND][eligible]) > 0.85
    known = eligible & np.isfinite(outcome) & np.isfinite(truth)
    assert known.sum() > 0.98 * (eligible & np.isfinite(truth)).sum()
    assert outcome[known].mean() == pytest.approx(truth[known].mean(), rel=0.3)
    assert (truth[known & (outcome == 0)]).mean() < 0.01
    assert INVENTORY.outcome_weeks(panel) == 1
    (warning,) = report_of(panel, weekly).warnings
    assert "0.9 counts a product and week: between two counts the stock is carried on by the sales" in warning


def test_with_sales_that_tell_a_part_each_count_speaks_for_the_nearest_weeks_end_and_a_warning_says_so(
    daily: CleanHistory,
) -> None:
    weekly = without_most_sales(thinned(daily, MONDAY))
    panel = panel_of(weekly)
    assert OUT_IN_WEEK not in panel.fields
    stock, truth = truth_of(daily, panel)
    eligible, outcome = INVENTORY.eligible(panel), INVENTORY.outcome(panel)
    only_the_next_count = np.where(panel.fields["min_on_hand"] <= 0, 1.0, 0.0)[:, 1:].mean(where=eligible[:, :-1])
    known = eligible & np.isfinite(outcome) & np.isfinite(truth)
    assert only_the_next_count < 0.65 * truth[known].mean()
    assert 0.75 * truth[known].mean() < outcome[known].mean() <= truth[known].mean()
    assert INVENTORY.outcome_weeks(panel) == 2
    assert np.isnan(outcome[:, -2:]).all()
    (warning,) = report_of(panel, weekly).warnings
    assert "0.9 counts a product and week, and sales tell " in warning
    assert "stock-outs between two counts are not seen" in warning
    assert np.nanmax(panel.fields[COUNT_AGE_DAYS][eligible]) >= 6
    assert (stock[eligible] <= 0).any(), "which is what the warning is about"


def test_the_counts_around_a_weeks_end_decide_by_hand(tmp_path: Path) -> None:
    """Counted on Mondays, without sales: week by week, a count of 0 is of the week before and of its own."""
    units = [9, 8, 0, 5, 4, None, 3, 2]
    mondays = [FIRST + dt.timedelta(weeks=week) for week in range(len(units))]
    counts: list[Row] = [("a", day, each) for day, each in zip(mondays, units, strict=True) if each is not None]
    write_generic(tmp_path, inventory=counts)
    ingested = ingest_generic(tmp_path, quarantine_file=tmp_path / "q.parquet")
    panel = build_panel(ingested, as_of_week=mondays[-1])
    outcome = INVENTORY.outcome(panel)[0]
    np.testing.assert_array_equal(outcome, [1, 1, 0, NAN, 0, 0, NAN, NAN])


def test_counts_of_most_days_are_taken_as_before(daily: CleanHistory, tmp_path: Path) -> None:
    """On invented shops, and on the real ones where they are there."""
    histories = [(daily, AS_OF_WEEK)]
    folder = real_generic("store_inventory")
    if folder is not None:
        histories.append((ingest_generic(folder, quarantine_file=tmp_path / "q"), dt.date(2024, 6, 10)))
    for history, week in histories:
        panel = build_panel(history, as_of_week=week)
        assert not SPARSE & set(panel.fields)
        counts = history.counts.filter(pl.col("counted_on") <= week + dt.timedelta(days=6))
        counts = counts.filter(pl.col("product_id").is_in(panel.product_ids))
        row = {product: number for number, product in enumerate(panel.product_ids)}
        found = weekly_stock(
            DailyUnits(
                np.array([row[each] for each in counts["product_id"]]),
                (counts["counted_on"].to_numpy().astype("datetime64[D]") - panel.weeks[0]).astype(np.int64),
                counts["units_on_hand"].to_numpy().astype(np.float32),
            ),
            products=len(row),
            weeks=len(panel.weeks),
        )
        for name in STOCK_FIELDS:
            np.testing.assert_array_equal(panel.fields[name], found[name], err_msg=name)
        assert not any("counts a product" in each for each in report_of(panel, history).warnings)


@pytest.mark.parametrize("weekday", [MONDAY, SUNDAY])
@pytest.mark.parametrize("sales_are_complete", [True, False])
def test_an_outcome_rests_on_nothing_later_than_the_label_says(
    daily: CleanHistory, weekday: int, sales_are_complete: bool
) -> None:
    weekly = thinned(daily, weekday)
    weekly = weekly if sales_are_complete else without_most_sales(weekly)
    whole, earlier = panel_of(weekly), build_panel(weekly, as_of_week=AS_OF_WEEK - dt.timedelta(weeks=4))
    rows = [whole.product_ids.index(each) for each in earlier.product_ids]
    columns = len(earlier.weeks)
    for name, matrix in earlier.fields.items():
        np.testing.assert_array_equal(matrix, whole.fields[name][rows, :columns], err_msg=name)
    for horizon_weeks in (1, 2):
        target = label("inventory", horizon_weeks=horizon_weeks)
        known = columns - target.outcome_weeks(earlier)
        outcome = target.outcome(earlier)
        np.testing.assert_array_equal(outcome[:, :known], target.outcome(whole)[rows, :known])
        assert np.isfinite(outcome[:, known - 1]).any()
        assert np.isnan(outcome[:, known:]).all()


def test_a_backtest_learns_from_outcomes_no_earlier_than_they_are_known(daily: CleanHistory, tmp_path: Path) -> None:
    for history, weeks in ((daily, 1), (without_most_sales(thinned(daily, MONDAY)), 2)):
        write_training_table(panel_of(history), "inventory", "stock-1", tmp_path / "table.parquet")
        rows = read_training_table(tmp_path / "table.parquet")
        week = week_number(rows.as_of_week)
        calendar = calendar_of(week[np.isfinite(rows.outcome)], rows.outcome_weeks, BacktestSettings())
        at_last = calendar.has_outcome_at(calendar.last, week)
        assert week[at_last].max() == calendar.last - weeks
