"""A folder in Olist's layout is known by its files, and looked at as far as it goes."""

import json
from pathlib import Path

import pytest

from data.command.check import check_data
from data.ingest.contracts import ITEMS
from data.ingest.olist import ingest_olist
from tests.support.exports import run_command, sales_frame
from tests.support.olist import item, order, real_olist, write_olist, write_rows


def small(folder: Path) -> Path:
    orders = [order(number, f"2018-01-{1 + number % 28:02d} 10:00:00") for number in range(200)]
    orders += [order(200, status="canceled"), order(201, status="unavailable"), order(202, status="canceled")]
    items = [item(number, "abc"[number % 3]) for number in range(203)]
    return write_olist(folder, orders, items, [("a", "toys"), ("b", "toys"), ("c", ""), ("never", "toys")])


def test_what_each_file_holds_what_is_no_sale_and_what_can_be_asked_is_told(tmp_path: Path) -> None:
    folder = small(tmp_path / "in")
    (folder / "olist_sellers_dataset.csv").write_text("seller_id\n1\n")
    page = tmp_path / "check.html"
    done = run_command("check", folder, "--json", "--html", page)
    found = json.loads(done.stdout)
    assert (done.returncode, found["status"], found["warnings"]) == (0, 0, [])
    assert {name: each["rows"] for name, each in found["tables"].items()} == {
        "orders": 203,
        "items": 203,
        "products": 4,
    }
    assert found["excluded_items"] == {"canceled": 2, "unavailable": 1}
    covered = found["tables"]["items"]["coverage"]
    assert (covered["first_day"], covered["last_day"], covered["products"]) == ("2018-01-01", "2018-01-28", 3)
    assert (sum(covered["weekly_rows"]), covered["product_share"]) == (200, 0.75)
    assert found["unclaimed"] == ["olist_sellers_dataset.csv"]
    assert found["labels"]["zero_sales"] == "4 weeks of sales, 18 are needed: from 2018-05-06 on"
    assert found["labels"]["inventory"] == "there are no counts of the stock (inventory)"
    assert "canceled: 2" in page.read_text()
    assert "canceled: 2 items" in run_command("check", folder).stdout


def test_bad_rows_are_shown_and_warned_of_by_check_and_run_alike(tmp_path: Path) -> None:
    folder = small(tmp_path / "in")
    write_rows(folder, ITEMS, [item(number, "abc"[number % 3]) for number in range(202)] + [item(1, "b", "free", 2)])
    found = check_data(folder, max_bad_share=0.05)
    (warning,) = found.warnings
    assert warning.startswith(
        "1 of the 203 rows of olist_order_items_dataset.csv is bad and left out, for UNPARSABLE_PRICE"
    )
    (bad,) = found.tables["items"].bad_rows["UNPARSABLE_PRICE"]
    assert (bad.column, bad.value) == ("price", "free")
    quarantine = tmp_path / "quarantine.parquet"
    assert ingest_olist(folder, quarantine_file=quarantine, max_bad_share=0.05).report.warnings == (warning,)


@pytest.mark.parametrize(
    ("stem", "problem"),
    [
        ("olist_order_items_dataset", "holds no olist_order_items_dataset.csv or"),
        ("olist_orders_dataset", "holds no olist_orders_dataset.csv or"),
    ],
)
def test_a_missing_half_is_a_problem_and_the_other_half_is_looked_at(tmp_path: Path, stem: str, problem: str) -> None:
    folder = small(tmp_path / "in")
    (folder / f"{stem}.csv").unlink()
    found = check_data(folder)
    assert (found.status, len(found.tables)) == (2, 2)
    assert any(problem in each for each in found.problems)
    assert found.labels["zero_sales"]


def test_a_folder_that_says_how_its_files_are_read_is_generic_whatever_else_lies_there(tmp_path: Path) -> None:
    folder = small(tmp_path / "in")
    sales_frame().to_csv(folder / "sales.csv", index=False)
    (folder / "source.toml").write_text('time_zone = "UTC"\nignore = "olist_*"\n')
    assert list(check_data(folder).tables) == ["sales"]


def test_the_real_files_can_be_used() -> None:
    folder = real_olist()
    if folder is None:
        pytest.skip("the real files are not there")
    found = check_data(folder)
    assert found.status == 1, "thirteen weeks at the beginning are empty"
    assert [name for name, missing in found.labels.items() if not missing] == ["zero_sales", "unusual_zero"]
    assert found.excluded_items == {"canceled": 542, "unavailable": 7}
    assert sum(found.tables["items"].coverage.weekly_rows) == 112_101  # type: ignore[union-attr]
