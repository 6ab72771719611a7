"""Orders with suppliers, as their table says, up to the panel."""

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from data.errors import MissingInputError, TooManyBadRowsError
from data.history.clean import clean_history
from data.history.folder import DeliveryFolder
from data.history.history import open_history
from data.history.load import load_delivery
from data.ingest.generic import ingest_generic
from data.ingest.result import CleanHistory
from data.panel import Panel
from data.panel.build import build_panel, panel_blocks
from data.panel.report import report_of
from feature_service.kernel.deliveries import NOT_RECEIVED, PurchaseOrders

MONDAY = dt.date(2024, 1, 1)
HEADER = "product_id,ordered_on,units,expected_on,received_on,received_units,order_id\n"
ORDERS = """a,2023-12-28,6,2024-01-04,2024-01-05,,1
a,2024-01-10,6,,,0,2
b,2024-01-08 09:00,12,2024-01-12,2024-01-20,10,3
b,2024-01-20,12,2024-01-25,2024-01-24,12,4
b,2024-01-23,12,2024-02-25,,,5
never sold,2024-01-08,12,2024-02-25,,,5
"""


def shop(folder: Path, orders: str | None = ORDERS, header: str = HEADER) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    days = [MONDAY + dt.timedelta(days=day) for day in range(28)]
    sales = [f"{product},{day},1,5" for product in "abc" for day in days]
    (folder / "sales.csv").write_text("\n".join(["product_id,sold_at,quantity,unit_price", *sales]) + "\n")
    (folder / "lead_times.csv").write_text("product_id,lead_time_days\nb,4\n")
    if orders is not None:
        (folder / "purchase_orders.csv").write_text(header + orders)
    return folder


def ingest(folder: Path, max_bad_share: float = 0.01) -> CleanHistory:
    quarantine_file = folder.parent / "quarantine.parquet"
    return ingest_generic(folder, quarantine_file=quarantine_file, time_zone="UTC", max_bad_share=max_bad_share)


def panel_of(history: CleanHistory, weeks: int, lead_time_days: int = 14) -> Panel:
    return build_panel(history, as_of_week=MONDAY + dt.timedelta(weeks=weeks - 1), lead_time_days=lead_time_days)


def orders_in(panel: Panel) -> PurchaseOrders:
    assert panel.purchase_orders is not None
    return panel.purchase_orders


def warnings_of(history: CleanHistory, weeks: int) -> list[str]:
    blocks = panel_blocks(history, as_of_week=MONDAY + dt.timedelta(weeks=weeks - 1))
    return [each for each in report_of(blocks, history).warnings if "purchase" in each and "ids of" not in each]


def test_a_panel_holds_the_orders_that_were_known_on_its_last_sunday(tmp_path: Path) -> None:
    history = ingest(shop(tmp_path / "in"))

    panel = panel_of(history, weeks=2, lead_time_days=9)

    orders = orders_in(panel)
    assert orders.first.tolist() == [0, 2, 3, 3]
    assert orders.ordered_day.tolist() == [-4, 9, 7]
    assert orders.expected_day.tolist() == [3, 18, 11], "without a day the default lead time says it"
    assert orders.received_day.tolist() == [4, NOT_RECEIVED, NOT_RECEIVED], "the 20th is after the last Sunday"
    assert orders.units.tolist() == [6, 6, 12]
    np.testing.assert_array_equal(orders.received_units, np.array([6, np.nan, np.nan], dtype=np.float32))
    assert panel.excluded["never sold"] == "NEVER_ORDERED"
    assert history.report.purchase_orders_total == history.report.purchase_orders_used == 6

    later = orders_in(panel_of(history, weeks=4))
    assert later.received_day.tolist() == [4, NOT_RECEIVED, 19, 23, NOT_RECEIVED]
    assert later.received_units[2] == 10


def test_an_order_without_an_expected_day_takes_its_products_own_lead_time(tmp_path: Path) -> None:
    history = ingest(shop(tmp_path / "in", "a,2024-01-01,1\nb,2024-01-01,1\n", "product_id,ordered_on,units\n"))

    assert orders_in(panel_of(history, weeks=4)).expected_day.tolist() == [14, 4]


def test_data_without_the_table_says_nothing_and_one_of_later_orders_says_that_there_were_none(tmp_path: Path) -> None:
    assert panel_of(ingest(shop(tmp_path / "without", None)), weeks=4).purchase_orders is None

    later = panel_of(ingest(shop(tmp_path / "later", "a,2024-01-20,1,,,,\n")), weeks=1)
    assert orders_in(later).first.tolist() == [0, 0, 0, 0]


def test_rows_of_one_order_are_refused_with_what_tells_them_apart(tmp_path: Path) -> None:
    twice = ORDERS + "a,2023-12-28,2,2024-01-04,,,1\n"

    with pytest.raises(TooManyBadRowsError, match=r'order_id = \["…"\] in \[purchase_orders\] of source.toml'):
        ingest(shop(tmp_path / "in", twice))

    lines = twice.replace("\n", ",first\n").removesuffix("first\n") + "second\n"
    folder = shop(tmp_path / "lines", lines, HEADER.replace("\n", ",line\n"))
    (folder / "source.toml").write_text('[purchase_orders]\norder_id = ["order_id", "line"]\n')
    assert ingest(folder).purchase_orders.height == 7


def test_a_file_of_orders_is_never_taken_for_sales_nor_the_other_way_round(tmp_path: Path) -> None:
    folder = shop(tmp_path / "in")
    (folder / "sales.csv").rename(folder / "orders.csv")

    with pytest.raises(MissingInputError, match=r"holds no sales that are known as such, but orders\.csv"):
        ingest(folder)


def test_orders_are_warned_of_that_look_overwritten_or_stale_or_lost(tmp_path: Path) -> None:
    rows = [f"a,2024-01-{day:02},1,2024-01-{day + 2:02},2024-01-{day + 2:02},," for day in range(1, 22)]
    overwritten = "\n".join([*rows, "c,2023-12-20,1,2023-12-28,,,"]) + "\n"

    history = ingest(shop(tmp_path / "overwritten", overwritten))
    [same, lost] = warnings_of(history, weeks=4)
    assert "all 21 purchase orders that were received came on the very day they were expected" in same
    assert "1 open purchase order is overdue by more than 28 days" in lost
    assert len(warnings_of(history, weeks=2)) == 0, "fewer than 20 were received by then, and it is no month late"

    [stale] = warnings_of(ingest(shop(tmp_path / "stale", "a,2023-12-20,1,2023-12-28,2023-12-29,,\n")), weeks=4)
    assert "the newest order or receipt of purchase_orders is of 2023-12-29, 30 days before" in stale


def test_a_history_knows_of_an_order_what_its_newest_load_says(tmp_path: Path) -> None:
    def files(folder: Path) -> DeliveryFolder:
        return DeliveryFolder("generic", folder, tmp_path / "quarantine.parquet", None, "UTC", 0.2)

    history = open_history(tmp_path / "work", {})
    load_delivery(history, files(shop(tmp_path / "first", "a,2024-01-02,6,,,,1\na,2024-01-02,6,,,,\n")))
    second = tmp_path / "second"
    second.mkdir()
    (second / "purchase_orders.csv").write_text(
        "product_id,ordered_on,units,received_on,order_id\na,2024-01-02,6,2024-01-05,1\na,2024-01-03,9,,\n"
    )
    load_delivery(history, files(second))
    first, both = history.ledger.loads()

    assert orders_in(panel_of(clean_history(history, [first]), weeks=2)).received_day.tolist() == [NOT_RECEIVED] * 2
    known = orders_in(panel_of(clean_history(history, [first, both]), weeks=2))
    assert known.units.tolist() == [6, 6, 9]
    assert known.received_day.tolist() == [NOT_RECEIVED, 4, NOT_RECEIVED]
    report = clean_history(history, [first, both]).report
    assert (report.purchase_orders_total, report.purchase_orders_used) == (4, 3)
