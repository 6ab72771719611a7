"""The generic layout: every row is used or in quarantine, columns can have any name, and sales may be missing."""

import datetime as dt
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from data.errors import EmptyInputError, MissingInputError, TooManyBadRowsError
from data.ingest.contracts import RejectionReason
from data.ingest.generic import ingest_generic
from data.ingest.result import CleanHistory, read_history, write_history
from data.panel import Panel
from data.panel.build import build_panel
from tests.support.generic import GENERIC_ONLY, Row, real_generic, write_generic

MONDAY = dt.date(2024, 1, 1)
NAN = float("nan")


def ingest(folder: Path, columns_file: Path | None = None) -> tuple[CleanHistory, pl.DataFrame]:
    quarantine_file = folder / "out" / "quarantine.parquet"
    ingested = ingest_generic(folder, quarantine_file=quarantine_file, columns_file=columns_file, max_bad_share=1)
    return ingested, pl.read_parquet(quarantine_file)


def panel_of(folder: Path, weeks: int) -> Panel:
    return build_panel(ingest(folder)[0], as_of_week=MONDAY + dt.timedelta(weeks=weeks - 1))


def row(panel: Panel, product: str, field: str) -> list[float]:
    return [float(value) for value in panel.fields[field][panel.product_ids.index(product)]]


GOOD: dict[str, Row] = {
    "sales": ("a", "2024-01-01", 2, 5),
    "inventory": ("a", "2024-01-01", 7),
    "availability": ("a", "2024-01-01", 1),
    "products": ("a", "toys"),
    "lead_times": ("a", 10),
    "suppliers": ("s", "Sam", 12, 100),
    "purchase_orders": ("a", "2024-01-01", 6, "2024-01-09", "", "", "o1"),
}
BAD_ROWS: list[tuple[str, Row, RejectionReason]] = [
    ("sales", ("", "2024-01-01", 2, 5), RejectionReason.MISSING_ID),
    ("sales", ("b", "someday", 2, 5), RejectionReason.UNPARSABLE_TIME),
    ("sales", ("b", "2024-01-01", "two", 5), RejectionReason.UNPARSABLE_QUANTITY),
    ("sales", ("b", "2024-01-01", "", 5), RejectionReason.UNPARSABLE_QUANTITY),
    ("sales", ("b", "2024-01-01", -1, 5), RejectionReason.NEGATIVE_QUANTITY),
    ("sales", ("b", "2024-01-01", "1e12", 5), RejectionReason.NUMBER_OUT_OF_RANGE),
    ("sales", ("b", "2024-01-01", 2, "cheap"), RejectionReason.UNPARSABLE_PRICE),
    ("sales", ("b", "2024-01-01", 2, -1), RejectionReason.NEGATIVE_PRICE),
    ("inventory", ("b", "1024-01-01", 7), RejectionReason.TIME_OUT_OF_RANGE),
    ("inventory", ("b", "2024-01-01", "many"), RejectionReason.UNPARSABLE_COUNT),
    ("inventory", ("b", "2024-01-01", "nan"), RejectionReason.UNPARSABLE_COUNT),
    ("availability", ("b", "2024-01-01", 2), RejectionReason.UNPARSABLE_FLAG),
    ("availability", ("b", "2024-01-01", ""), RejectionReason.UNPARSABLE_FLAG),
    ("products", ("a", "food"), RejectionReason.DUPLICATE_PRODUCT),
    ("lead_times", ("b", "1.5"), RejectionReason.UNPARSABLE_LEAD_TIME),
    ("lead_times", ("b", 999), RejectionReason.UNPARSABLE_LEAD_TIME),
    ("suppliers", ("t", "Tim", "soon", 100), RejectionReason.UNPARSABLE_LEAD_TIME),
    ("suppliers", ("t", "Tim", 12, -1), RejectionReason.NEGATIVE_PRICE),
    ("suppliers", ("s", "Sue", 12, 100), RejectionReason.DUPLICATE_SUPPLIER),
    ("purchase_orders", ("a", "2024-01-02", 0, "", "", "", ""), RejectionReason.ORDER_TERM_OUT_OF_RANGE),
    ("purchase_orders", ("a", "2024-01-02", 6, "soon", "", "", ""), RejectionReason.UNPARSABLE_TIME),
    ("purchase_orders", ("a", "2024-01-02", 6, "9999-12-31", "", "", ""), RejectionReason.TIME_OUT_OF_RANGE),
    ("purchase_orders", ("a", "2024-01-02", 6, "", "2024-01-09", -1, ""), RejectionReason.NEGATIVE_QUANTITY),
    ("purchase_orders", ("a", "2024-01-02", 6, "2024-01-01", "", "", ""), RejectionReason.EXPECTED_BEFORE_ORDERED),
    ("purchase_orders", ("a", "2024-01-02", 6, "", "2024-01-01", "", ""), RejectionReason.RECEIVED_BEFORE_ORDERED),
    ("purchase_orders", ("a", "2024-01-02", 6, "", "", 6, ""), RejectionReason.RECEIVED_WITHOUT_DAY),
    ("inventory", ("b", "2024-01-01", 7, 7), RejectionReason.MALFORMED_ROW),
]
REPLACED: list[tuple[str, Row, RejectionReason]] = [
    ("inventory", ("a", "2024-01-01", 3), RejectionReason.REPLACED_COUNT),
    ("availability", ("a", "2024-01-03", 0), RejectionReason.REPLACED_FLAG),
    (
        "purchase_orders",
        ("a", "2024-01-01", 6, "2024-01-09", "2024-01-08", 4, "o1"),
        RejectionReason.REPLACED_PURCHASE_ORDER,
    ),
]
BAD_ROWS += REPLACED


@pytest.mark.parametrize(("table", "bad", "reason"), BAD_ROWS)
def test_a_bad_row_goes_to_quarantine_with_its_reason_and_its_raw_row(
    tmp_path: Path, table: str, bad: Row, reason: RejectionReason
) -> None:
    rows = {name: [good] for name, good in GOOD.items()}
    rows[table] = [*rows[table], bad]
    ingested, quarantine = ingest(write_generic(tmp_path, **rows))

    number = 1 if (table, bad, reason) in REPLACED else 2
    assert quarantine.select("source_file", "row_number", "reason").rows() == [(f"{table}.csv", number, reason)]
    assert json.loads(quarantine["raw"].item())
    report = ingested.report
    assert report.quarantined[table] == {reason: 1}
    assert report.items_total == report.items_used + report.items_quarantined
    assert report.products_total == report.products_sold + sum(report.products_excluded.values())


def test_every_reason_of_this_layout_has_an_example_here() -> None:
    assert {reason for _, _, reason in BAD_ROWS} >= GENERIC_ONLY


def test_of_two_counts_of_a_day_two_flags_of_a_week_and_two_rows_of_an_order_the_later_holds(tmp_path: Path) -> None:
    rows = {name: [good] for name, good in GOOD.items()}
    for table, later, _ in REPLACED:
        rows[table] = [*rows[table], later]
    ingested, _ = ingest(write_generic(tmp_path, **rows))
    assert ingested.counts["units_on_hand"].to_list() == [3]
    assert ingested.availability.rows() == [("a", MONDAY, False)]
    assert ingested.purchase_orders["received_units"].to_list() == [4]


def test_a_negative_count_is_kept_and_counts_as_out_of_stock(tmp_path: Path) -> None:
    counts = [("a", "2024-01-01", 2), ("a", "2024-01-02", -3)]
    panel = panel_of(write_generic(tmp_path, inventory=counts), weeks=1)
    assert row(panel, "a", "min_on_hand") == [-3]
    assert row(panel, "a", "days_out") == [1]


def test_without_sales_the_falls_of_the_counts_stand_in_for_them(tmp_path: Path) -> None:
    counts = [("a", f"2024-01-{day:02}", units) for day, units in ((1, 9), (3, 6), (6, 8), (9, 3))]
    folder = write_generic(tmp_path, inventory=counts)
    panel = panel_of(folder, weeks=2)
    assert row(panel, "a", "units_sold") == row(panel, "a", "depletion") == [3, 5]
    assert ingest(folder)[0].report.sales_are_depletion


def test_a_product_with_stock_and_without_a_sale_is_followed_from_its_first_stock(tmp_path: Path) -> None:
    sales = [("a", "2024-01-02", 1, 5), ("a", "2024-01-22", 1, 5)]
    counts = [("b", "2024-01-09", 0), ("b", "2024-01-16", 4), ("never", "2024-01-09", 0), ("b", "2024-01-22", 4)]
    panel = panel_of(write_generic(tmp_path, sales=sales, inventory=counts), weeks=4)
    assert row(panel, "b", "units_sold") == pytest.approx([NAN, NAN, 0, 0], nan_ok=True)
    assert panel.excluded == {"never": "NO_COUNTED_SALES"}


def test_an_out_of_stock_week_before_the_first_sale_means_not_listed_yet(tmp_path: Path) -> None:
    sales = [("a", "2024-01-15", 1, 5), ("b", "2024-01-01", 1, 5), ("b", "2024-01-22", 1, 5)]
    flags = [("a", f"2024-01-{day:02}", flag) for day, flag in ((1, 0), (8, 1), (15, 0), (22, 0))]
    panel = panel_of(write_generic(tmp_path, sales=sales, availability=flags), weeks=4)
    assert row(panel, "a", "in_stock") == pytest.approx([NAN, 1, 0, 0], nan_ok=True)


def test_sales_given_by_week_or_without_a_price_are_sales(tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text("product_id,sold_at,quantity\na,2024-01-01,3\na,2024-01-15,2\na,2024-01-22,0\n")
    panel = panel_of(tmp_path, weeks=4)
    assert row(panel, "a", "units_sold") == [3, 0, 2, 0]
    assert row(panel, "a", "price_mean") == [0, 0, 0, 0]
    assert row(panel, "a", "days_since_sale") == [6, 13, 6, 13]


def test_orders_and_days_with_a_sale_are_counted(tmp_path: Path) -> None:
    sales = [("a", f"2024-01-{day:02} 10:00", 2, 5) for day in (1, 1, 4, 8)]
    panel = panel_of(write_generic(tmp_path, sales=sales), weeks=2)
    assert row(panel, "a", "orders") == [3, 1]
    assert row(panel, "a", "sale_days") == [2, 1]


def test_a_folder_with_neither_sales_nor_inventory_is_refused(tmp_path: Path) -> None:
    write_generic(tmp_path, availability=[GOOD["availability"]])
    with pytest.raises(MissingInputError, match="neither sales nor inventory"):
        ingest(tmp_path)


def test_counts_that_never_fall_are_no_sales(tmp_path: Path) -> None:
    with pytest.raises(EmptyInputError, match="no count that falls"):
        ingest(write_generic(tmp_path, inventory=[("a", "2024-01-01", 3), ("a", "2024-01-02", 5)]))


@pytest.mark.parametrize("sales", [[], [GOOD["sales"]]])
def test_an_inventory_without_any_stock_is_refused(tmp_path: Path, sales: list[Row]) -> None:
    counts = [("a", "2024-01-01", 0), ("b", "2024-01-02", -1), ("b", "2024-01-03", 0)]
    tables = {"inventory": counts} | ({"sales": sales} if sales else {})
    with pytest.raises(EmptyInputError, match=r"no count of .*inventory\.csv is above 0"):
        ingest(write_generic(tmp_path, **tables))


def test_too_many_bad_rows_of_any_file_stop_the_run(tmp_path: Path) -> None:
    write_generic(tmp_path, sales=[GOOD["sales"]], inventory=[GOOD["inventory"], ("a", "2024-01-02", "?")])
    with pytest.raises(TooManyBadRowsError, match="most of them for UNPARSABLE_COUNT"):
        ingest_generic(tmp_path, quarantine_file=tmp_path / "q.parquet")


def test_what_was_ingested_can_be_stored_and_read_again(tmp_path: Path) -> None:
    ingested, _ = ingest(write_generic(tmp_path / "in", **{name: [good] for name, good in GOOD.items()}))
    write_history(ingested, tmp_path / "stored")
    again = read_history(tmp_path / "stored")
    assert again.report == ingested.report
    for name in ("sales", "counts", "availability", "products"):
        assert getattr(again, name).equals(getattr(ingested, name))


@pytest.mark.parametrize(
    ("ids", "groups"),
    [
        (("1-x", "1-y", "2-x", "2-y"), {"location": ("1", "1", "2", "2"), "item": ("x", "y", "x", "y")}),
        (("1-x-9", "1-y", "2-x-9", "2-y"), {"location": ("1", "1", "2", "2"), "item": ("x-9", "y", "x-9", "y")}),
        (("1-x", "1-y", "2-z", "2-w"), {}),  # no item comes back
        (("1-x", "1-y", "2-x", "plain"), {}),
        (("1-x", "1-y", "2-x", "-y"), {}),
    ],
)
def test_location_and_item_are_read_from_ids_that_pair_them(
    tmp_path: Path, ids: tuple[str, ...], groups: dict[str, tuple[str, ...]]
) -> None:
    panel = panel_of(write_generic(tmp_path, sales=[(each, "2024-01-01", 1, 5) for each in ids]), weeks=1)
    assert panel.groups == {name: tuple(np.array(values)[np.argsort(ids)]) for name, values in groups.items()}


def test_lead_times_are_kept_where_they_are_given(tmp_path: Path) -> None:
    sales = [("a", "2024-01-01", 1, 5), ("b", "2024-01-01", 1, 5)]
    assert panel_of(write_generic(tmp_path / "1", sales=sales), weeks=1).lead_time_days == ()
    with_times = write_generic(tmp_path / "2", sales=sales, lead_times=[("b", 21)])
    panel = panel_of(with_times, weeks=1)
    assert panel.lead_time_days == (None, 21)
    assert panel.with_lead_time(14).lead_time_days == (14, 21)


def test_real_stores_and_groceries_are_read_whole(tmp_path: Path) -> None:
    known = {"store_inventory": (33_320, 130_395, 0), "vn2": (38_376, 0, 70_083)}
    for name, figures in known.items():
        folder = real_generic(name)
        if folder is not None:
            report = ingest_generic(folder, quarantine_file=tmp_path / "q.parquet").report
            assert (report.items_used, report.counts_used, report.flags_used) == figures
