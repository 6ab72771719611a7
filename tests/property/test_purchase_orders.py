"""Orders with suppliers from a file to panel, snapshot and shards: the same everywhere, never from the future."""

import contextlib
import dataclasses
import datetime as dt
import sqlite3
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from data.ingest.generic import has_table, ingest_generic
from data.ingest.result import CleanHistory
from data.panel import Panel
from data.panel.build import build_panel
from data.panel.file import read_panel, write_panel
from data.panel.order_rows import cells_of, orders_of_cells
from data.snapshots import load, publish
from feature_service.kernel.deliveries import NOT_RECEIVED, PurchaseOrders
from feature_service.shards import Shard
from tests.support.generic import write_generic
from tests.support.snapshots import MODEL

MONDAY = dt.date(2024, 1, 1)
WEEKS = 4
PRODUCTS = tuple("abcdefg")
Order = tuple[str, int, float, int | None, int | None, float | None]

ORDERS = st.lists(
    st.tuples(
        st.sampled_from(PRODUCTS),
        st.integers(-20, 40),
        st.integers(1, 50),
        st.none() | st.integers(0, 30),
        st.none() | st.integers(0, 40),
        st.none() | st.integers(0, 60),
    ),
    min_size=1,
    max_size=15,
)


def day(number: int) -> dt.date:
    return MONDAY + dt.timedelta(days=number)


def history_of(orders: Sequence[Order], folder: Path) -> CleanHistory:
    sales = [(product, day(number), 1, 5) for product in PRODUCTS for number in range(0, 7 * WEEKS, 6)]
    rows = [
        (
            product,
            day(ordered),
            units,
            "" if expected is None else day(ordered + expected),
            "" if received is None else day(ordered + received),
            "" if received is None or came is None else came,
            f"o{number:02}",
        )
        for number, (product, ordered, units, expected, received, came) in enumerate(orders)
    ]
    write_generic(folder, sales=sales, purchase_orders=rows)
    return ingest_generic(folder, quarantine_file=folder / "out" / "quarantine.parquet")


def panel_of(history: CleanHistory, weeks: int) -> Panel:
    return build_panel(history, as_of_week=MONDAY + dt.timedelta(weeks=weeks - 1), max_missing_days=7)


def same(one: PurchaseOrders | None, other: PurchaseOrders | None) -> bool:
    assert one is not None
    assert other is not None
    names = [each.name for each in dataclasses.fields(one)]
    return all(getattr(one, name).tobytes() == getattr(other, name).tobytes() for name in names)


@settings(max_examples=25, deadline=None)
@given(ORDERS, st.integers(1, WEEKS))
def test_what_a_panel_knows_of_orders_is_what_they_would_have_said_by_its_last_sunday(
    orders: list[Order], weeks: int
) -> None:
    sunday = 7 * weeks - 1
    past = [
        (
            product,
            ordered,
            units,
            expected,
            *((received, came) if received is not None and ordered + received <= sunday else (None,) * 2),
        )
        for product, ordered, units, expected, received, came in orders
        if ordered <= sunday
    ]
    with tempfile.TemporaryDirectory() as name:
        found = panel_of(history_of(orders, Path(name) / "all"), weeks).purchase_orders
        if past:
            assert same(found, panel_of(history_of(past, Path(name) / "past"), weeks).purchase_orders)
    assert found is not None
    assert len(found.units) == len(past)
    assert (found.ordered_day <= sunday).all()
    is_open = found.received_day == NOT_RECEIVED
    assert (found.received_day[~is_open] <= sunday).all()
    np.testing.assert_array_equal(np.isnan(found.received_units), is_open)
    wanted = sorted(
        (
            PRODUCTS.index(product),
            ordered,
            ordered + (14 if expected is None else expected),
            NOT_RECEIVED if received is None else ordered + received,
            units,
        )
        for product, ordered, units, expected, received, _ in past
    )
    columns = (found.product, found.ordered_day, found.expected_day, found.received_day, found.units)
    assert sorted(zip(*(column.tolist() for column in columns), strict=True)) == wanted
    for rows in np.split(found.expected_day, found.first[1:-1]):
        assert (np.diff(rows) >= 0).all()


@settings(max_examples=8, deadline=None)
@given(ORDERS)
def test_orders_come_whole_out_of_files_parts_and_shards(orders: list[Order]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        panel = panel_of(history_of(orders, folder / "in"), WEEKS).with_lead_time(14)
        found = panel.purchase_orders
        assert found is not None
        write_panel(panel, folder / "panel")
        assert same(read_panel(folder / "panel").purchase_orders, found)
        assert same(orders_of_cells(cells_of(found)), found)
        (folder / "bundle").mkdir()
        eligible = np.zeros((len(PRODUCTS), WEEKS), dtype=np.bool_)
        for shards in (1, 3):
            root = folder / f"in-{shards}"
            snapshot_id = publish(panel, eligible, folder / "bundle", MODEL, root, shards=shards)
            for shard in [Shard(number, 3) for number in range(3)] if shards > 1 else [None]:
                part = load(root, snapshot_id, shard).panel
                places = [panel.product_ids.index(each) for each in part.product_ids]
                assert same(part.purchase_orders, found.of(np.array(places, dtype=np.intp)))
                assert same(part.part(slice(1, 3)).purchase_orders, found.of(np.array(places[1:3], dtype=np.intp)))


def test_the_table_may_be_parquet(tmp_path: Path) -> None:
    history = history_of([("a", 1, 5, 7, None, None), ("b", 1, 5, None, 3, 2.0)], tmp_path / "csv")
    columns = pl.read_csv(tmp_path / "csv" / "purchase_orders.csv", try_parse_dates=True)
    (tmp_path / "csv" / "purchase_orders.csv").unlink()
    columns.write_parquet(tmp_path / "csv" / "purchase_orders.parquet")

    again = ingest_generic(tmp_path / "csv", quarantine_file=tmp_path / "quarantine.parquet")

    assert again.purchase_orders.equals(history.purchase_orders)


def test_the_table_may_be_a_query(tmp_path: Path) -> None:
    history = history_of([("a", 1, 5, 7, None, None), ("b", 1, 5, None, 3, 2.0)], tmp_path / "csv")
    with contextlib.closing(sqlite3.connect(tmp_path / "csv" / "shop.db")) as shop:
        pl.read_csv(tmp_path / "csv" / "purchase_orders.csv", infer_schema=False).to_pandas().to_sql("po", shop)
    (tmp_path / "csv" / "purchase_orders.csv").unlink()
    query = "select product_id, ordered_on, units, expected_on, received_on, received_units, order_id from po"
    (tmp_path / "csv" / "source.toml").write_text(
        f'database = "sqlite:///shop.db"\n[purchase_orders]\nquery = "{query}"\n'
    )

    again = ingest_generic(tmp_path / "csv", quarantine_file=tmp_path / "quarantine.parquet")

    assert has_table(tmp_path / "csv", "purchase_orders")
    assert again.purchase_orders.equals(history.purchase_orders)
