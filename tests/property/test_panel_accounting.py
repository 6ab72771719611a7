"""Whatever is wrong with the rows, each is accounted for once, and the panel holds exactly the sales that were used."""

import datetime as dt
import tempfile
from pathlib import Path

import numpy as np
import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.errors import EmptyInputError
from data.ingest.contracts import ITEMS, ORDER_STATUSES, ORDERS, Table
from data.ingest.olist import ingest_olist
from data.panel import UNITS_SOLD, Panel
from data.panel.build import build_panel
from data.weeks import monday_of

IDS = st.sampled_from(["o1", "o2", "o3", "o4", "", "o9"])
TIMES = st.one_of(
    st.builds(
        "{} {}".format, st.dates(dt.date(2017, 12, 1), dt.date(2018, 3, 1)), st.times().map("{:%H:%M:%S}".format)
    ),
    st.sampled_from(["", "never", "1970-01-01 00:00:00", "2018-02-18T01:30:00Z", "2018-01-05"]),
)
PRICES = st.one_of(st.floats(0, 1e4).map(str), st.sampled_from(["", "free", "-1", "nan", "inf", "1e300"]))
STATUSES = st.sampled_from([*ORDER_STATUSES, "lost", ""])
ORDER_ROWS = st.lists(st.tuples(IDS, STATUSES, TIMES), min_size=1, max_size=12)
ITEM_ROWS = st.lists(
    st.tuples(IDS, st.sampled_from(["1", "2", ""]), st.sampled_from(["a", "b", "ç", ""]), PRICES),
    min_size=1,
    max_size=25,
)
STRAYS = st.lists(st.sampled_from(['"o1,1,a,5', "o1,1", "o1,1,a,5,6,7", 'o1,1,a"b,5', ""]), max_size=3)
WITH_FILES = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])


def write_lines(folder: Path, table: Table, lines: list[str]) -> None:
    header = ",".join(column.name for column in table.columns)
    (folder / f"{table.stem}.csv").write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")


@WITH_FILES
@given(ORDER_ROWS, ITEM_ROWS, STRAYS, st.randoms(use_true_random=False))
def test_every_row_is_used_or_excluded_or_in_quarantine(orders, items, strays, random) -> None:  # type: ignore[no-untyped-def]
    item_lines = [",".join(row) for row in items] + strays
    random.shuffle(item_lines)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_lines(folder, ORDERS, [",".join(row) for row in orders])
        write_lines(folder, ITEMS, item_lines)
        quarantine_file = folder / "quarantine.parquet"
        try:
            ingested = ingest_olist(folder, quarantine_file=quarantine_file, max_bad_share=1)
        except EmptyInputError:
            assert quarantine_file.exists()
            return
        quarantine = pl.read_parquet(quarantine_file)

    report = ingested.report
    assert report.items_total == len(item_lines)
    assert report.items_total == report.items_used + report.items_excluded_by_status + report.items_quarantined
    assert report.orders_total == len(orders)
    of_items = quarantine.filter(pl.col("source_file") == f"{ITEMS.stem}.csv")
    assert of_items.height == report.items_quarantined == of_items["row_number"].n_unique()
    assert quarantine.height == report.items_quarantined + report.orders_quarantined
    assert quarantine["raw"].null_count() == 0

    panel = build_panel(ingested, as_of_week=monday_of(report.last_sale_on), max_missing_days=6)
    assert np.nansum(panel.fields[UNITS_SOLD]) == report.items_used
    assert len(panel.product_ids) + len(panel.excluded) == report.products_total


SALES = st.lists(
    st.tuples(
        st.sampled_from("abcde"),
        st.dates(dt.date(2017, 11, 27), dt.date(2018, 2, 11)),
        st.integers(0, 10_000).map(lambda cents: cents / 100),
    ),
    min_size=1,
    max_size=40,
)


def panel_of(sales: list[tuple[str, dt.date, float]], as_of_week: dt.date) -> Panel:
    orders = [f"o{number},delivered,{day} 12:00:00" for number, (_, day, _) in enumerate(sales)]
    items = [f"o{number},1,{product},{price}" for number, (product, _, price) in enumerate(sales)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_lines(folder, ORDERS, orders)
        write_lines(folder, ITEMS, items)
        ingested = ingest_olist(folder, quarantine_file=folder / "q", max_bad_share=0)
    return build_panel(ingested, as_of_week=as_of_week, max_missing_days=6)


@WITH_FILES
@given(SALES, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(sales, random) -> None:  # type: ignore[no-untyped-def]
    as_of_week = monday_of(max(day for _, day, _ in sales))
    shuffled = random.sample(sales, len(sales))

    one, other = panel_of(sales, as_of_week), panel_of(shuffled, as_of_week)

    assert one.product_ids == other.product_ids
    for field, matrix in one.fields.items():
        np.testing.assert_array_equal(matrix, other.fields[field])


@WITH_FILES
@given(SALES)
def test_the_panel_of_an_earlier_week_is_the_start_of_a_later_one(sales) -> None:  # type: ignore[no-untyped-def]
    last = monday_of(max(day for _, day, _ in sales))
    middle = monday_of(sorted(day for _, day, _ in sales)[len(sales) // 2])

    earlier, later = panel_of(sales, middle), panel_of(sales, last)

    rows = [later.product_ids.index(product) for product in earlier.product_ids]
    for field, matrix in earlier.fields.items():
        np.testing.assert_array_equal(matrix, later.fields[field][rows][:, : len(earlier.weeks)])
    for product in set(later.product_ids) - set(earlier.product_ids):
        assert earlier.excluded[product] == "NOT_LAUNCHED"
