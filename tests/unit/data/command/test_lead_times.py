"""Whether suppliers are late, as a check of the files measures it."""

import dataclasses
import datetime as dt
from pathlib import Path

import pytest

from data.command.check import check_data
from data.command.page import write_page
from data.command.report import print_check

MONDAY = dt.date(2024, 1, 1)


def day(number: int) -> str:
    return "" if number < 0 else str(MONDAY + dt.timedelta(days=number))


def shop(folder: Path, products: str) -> Path:
    folder.mkdir()
    sales = [f"{product},{day(number)},1,5" for product in "abc" for number in range(70)]
    (folder / "sales.csv").write_text("\n".join(["product_id,sold_at,quantity,unit_price", *sales]) + "\n")
    (folder / "products.csv").write_text(products)
    (folder / "suppliers.csv").write_text("supplier_id,name,lead_time_days\ns,Sam & Co,7\nt,,\n")
    (folder / "lead_times.csv").write_text("product_id,lead_time_days\nb,9\n")
    orders = [  # of a ten that come on time or up to nine days late, one in part, and one that does not come
        *(f"a,{day(number)},10,{day(number + 5)},{day(number + 5 + late)},," for late, number in enumerate(range(10))),
        f"b,{day(20)},10,{day(25)},{day(27)},5,",
        f"b,{day(21)},10,{day(26)},,,",
        f"c,{day(30)},10,,{day(40)},10,",
    ]
    header = "product_id,ordered_on,units,expected_on,received_on,received_units,order_id"
    (folder / "purchase_orders.csv").write_text("\n".join([header, *orders]) + "\n")
    return folder


def test_each_suppliers_lead_time_stands_beside_what_is_stated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shop(tmp_path / "in", "product_id,category,supplier_id\na,,s\nb,,s\nc,,t\n")

    found = check_data(folder)
    print_check(found)
    write_page(found, tmp_path / "check.html")

    assert list(map(dataclasses.asdict, found.lead_times)) == [
        {
            "supplier": "s Sam & Co",
            "orders": 12,
            "received": 11,
            "overdue": 1,
            "median_days": 9,
            "usual_days": 13,
            "stated_days": (7, 9),
            "median_late_days": 4,
            "usual_late_days": 8,
            "units_received_share": 105 / 110,
        },
        {
            "supplier": "t",
            "orders": 1,
            "received": 1,
            "overdue": 0,
            "median_days": 10,
            "usual_days": 10,
            "stated_days": (),
            "median_late_days": -4,
            "usual_late_days": -4,
            "units_received_share": 1.0,
        },
    ]
    [line] = [line.split() for line in capsys.readouterr().out.splitlines() if "s Sam & Co" in line]
    assert line == ["s", "Sam", "&", "Co", "12", "11", "1", "9", "13", "7", "to", "9", "4", "8", "95%"]
    page = (tmp_path / "check.html").read_text(encoding="utf-8")
    assert "<td>s Sam &amp; Co</td>" in page
    assert "overdue by more than 28 days at the end of the as_of week" in page


def test_an_order_that_was_cancelled_was_not_late(tmp_path: Path) -> None:
    folder = shop(tmp_path / "in", "product_id,category\na,\nb,\nc,\n")
    [before] = check_data(folder).lead_times
    with (folder / "purchase_orders.csv").open("a") as file:
        file.write(f"c,{day(1)},10,{day(4)},{day(64)},0,\n")

    [after] = check_data(folder).lead_times

    assert after == dataclasses.replace(before, orders=before.orders + 1)


def test_where_no_supplier_is_known_all_orders_stand_together(tmp_path: Path) -> None:
    folder = shop(tmp_path / "in", "product_id,category\na,\nb,\nc,\n")

    [every] = check_data(folder).lead_times

    assert (every.supplier, every.orders, every.received, every.stated_days) == ("all", 13, 12, (9, 9))


def test_without_orders_there_is_no_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = shop(tmp_path / "in", "product_id,category\na,\nb,\nc,\n")
    (folder / "purchase_orders.csv").unlink()

    print_check(check_data(folder))

    assert "Lead times" not in capsys.readouterr().out
