"""What became of products whose shelves are not counted every day."""

import datetime as dt

import numpy as np
import polars as pl

from data.ingest.result import COUNTS_SCHEMA, PRODUCTS_SCHEMA, SALES_SCHEMA, CleanHistory
from data.panel import IN_STOCK, UNITS_SOLD, Panel
from data.panel.daily_stock import daily_stock
from data.panel.sparse_counts import CountDensity
from data.weeks import calendar
from monitoring.outcomes.truth import truth_of
from tests.support.outcomes import report
from training.labels import label

MONDAY = dt.date(2024, 1, 1)
PRODUCTS = pl.DataFrame([{"product_id": "a", "category": ""}], schema=PRODUCTS_SCHEMA)

REPORT = report(MONDAY, MONDAY + dt.timedelta(days=41))


def day(number: int) -> dt.date:
    return MONDAY + dt.timedelta(days=number)


def test_between_two_counts_the_stock_runs_out_on_the_day_on_which_the_sales_use_it_up() -> None:
    sales = [("a", day(1), 1, 2.0, None), ("a", day(3), 2, 3.0, None), ("a", day(9), 3, 1.0, None)]
    counts = [("a", day(0), 5.0), ("a", day(8), 9.0)]
    history = CleanHistory(
        pl.DataFrame(sales, schema=SALES_SCHEMA, orient="row"),
        PRODUCTS,
        REPORT,
        pl.DataFrame(counts, schema=COUNTS_SCHEMA, orient="row"),
    )
    ids = pl.Series(["a"])
    ((_, carried),) = daily_stock(history, ids, day(0), day(9), CountDensity(1.0, 0.99))
    np.testing.assert_array_equal(carried.units[0], [5, 3, 3, 0, 0, 0, 0, 0, 9, 8])
    np.testing.assert_array_equal(carried.out[0], [False] * 3 + [True] * 5 + [False] * 2)
    ((_, counted),) = daily_stock(history, ids, day(0), day(9), CountDensity(6.0, 0.5))
    np.testing.assert_array_equal(counted.units[0], [5, *[np.nan] * 7, 9, np.nan])
    assert not counted.out.any()


def test_a_weekly_flag_says_the_first_day_of_its_week() -> None:
    flags = np.array([[1, 1, 0, 1, 1, np.nan]], dtype=np.float32)
    panel = Panel(("a",), calendar(MONDAY, day(35)), {UNITS_SOLD: np.ones_like(flags), IN_STOCK: flags}, ("",), {})
    history = CleanHistory(pl.DataFrame(schema=SALES_SCHEMA), PRODUCTS, REPORT)
    truth = truth_of(label("availability", horizon_weeks=2), panel, history, MONDAY)
    np.testing.assert_array_equal(truth.outcome[0], [1, 1, 0, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(truth.out_day[0], [8, 1, 0, 0, 0, 0])
    np.testing.assert_array_equal(truth.days_out[0], [0, 7, 0, 0, np.nan, np.nan])
