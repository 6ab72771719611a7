"""How many ids of one table are in another is measured: few are refused with what would help, some are said."""

import unicodedata
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from data.errors import FewJoinsError
from tests.support.exports import ingest

DAYS = pd.date_range("2024-01-01", periods=10)


def export(folder: Path, sold: list[str], counted: list[object], settings: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    rows = [(sku, day, 1 + number) for number, sku in enumerate(sold) for day in DAYS]
    pd.DataFrame(rows, columns=["product_id", "sold_at", "quantity"]).to_csv(folder / "sales.csv", index=False)
    stock = [(sku, day, 9) for sku in counted for day in DAYS]
    counts = pd.DataFrame(stock, columns=["product_id", "counted_on", "units_on_hand"])
    if counted:
        counts.to_parquet(folder / "inventory.parquet")
    (folder / "source.toml").write_text(settings)
    return folder


NUMBERS = [f"{number:08}" for number in range(1, 153)]
WORDS = [f"crème-{number}" for number in range(160)]


@pytest.mark.parametrize(
    ("sold", "form", "setting"),
    [
        (NUMBERS, int, "zero_pad = 8"),
        (WORDS, lambda text: unicodedata.normalize("NFD", text), 'unicode = "NFC"'),
        (NUMBERS, lambda text: f"{text} ", "trim = true"),
    ],
)
def test_ids_of_another_form_are_refused_with_the_setting_that_joins_them(
    tmp_path: Path, sold: list[str], form: Callable[[str], object], setting: str
) -> None:
    counted = [form(each) for each in sold]
    with pytest.raises(FewJoinsError) as caught:
        ingest(export(tmp_path / "in", sold, counted))
    assert f"only 0 of the {len(sold)} ids of" in str(caught.value)
    assert f"with [id] {setting} in source.toml" in str(caught.value)
    read = ingest(export(tmp_path / "in", sold, counted, f"[id]\n{setting}\n"))
    assert read.report.products_total == len(sold)
    assert read.report.warnings == ()
    assert set(read.counts["product_id"]) == set(read.sales["product_id"]) == set(sold)


def test_products_that_do_not_meet_at_all_are_refused_unless_that_is_said_to_be_right(tmp_path: Path) -> None:
    others = [f"x{each}" for each in NUMBERS]
    with pytest.raises(FewJoinsError, match=r"only 0 of the 152 ids .*min_join_share = 0.00"):
        ingest(export(tmp_path / "in", NUMBERS, [*others]))
    read = ingest(export(tmp_path / "in", NUMBERS, [*others], "[id]\nmin_join_share = 0\n"))
    assert read.report.products_total == 2 * len(NUMBERS)
    assert read.report.warnings == ("0 of the 152 ids of sales.csv are in inventory.parquet",)


def test_some_products_that_do_not_meet_are_said_with_what_would_join_them(tmp_path: Path) -> None:
    counted = [*NUMBERS[:100], *(str(int(each)) for each in NUMBERS[100:])]
    (warning,) = ingest(export(tmp_path / "in", NUMBERS, [*counted])).report.warnings
    assert warning == (
        "100 of the 152 ids of sales.csv are in inventory.parquet; 152 would be, such as '00000101' and '101', "
        "'00000102' and '102', '00000103' and '103', with [id] zero_pad = 8 in source.toml"
    )


def test_one_product_under_two_forms_of_one_name_is_refused_and_of_two_numbers_said(tmp_path: Path) -> None:
    twice = [*WORDS[:40], *(unicodedata.normalize("NFD", each) for each in WORDS[:40])]
    with pytest.raises(FewJoinsError, match=r'40 of the 80 ids of sales.csv .* \[id\] unicode = "NFC"'):
        ingest(export(tmp_path / "in", twice, []))
    read = ingest(export(tmp_path / "in", ["7", "007", *NUMBERS], []))
    assert "2 of the 154 ids of sales.csv differ from another only in form" in read.report.warnings[0]


def test_suppliers_of_products_that_nobody_states_are_said(tmp_path: Path) -> None:
    folder = export(tmp_path / "in", ["a", "b", "c", "d"], [])
    (folder / "products.csv").write_text("product_id,category,supplier_id\na,toys,near\nb,toys,far\nc,toys,\n")
    (folder / "suppliers.csv").write_text("supplier_id,lead_time_days\nnear,7\n")
    assert ingest(folder).report.warnings == (
        "1 of the 2 suppliers that products.csv names are not in suppliers.csv, such as 'far': nothing is known of "
        "their lead times",
    )
    (folder / "suppliers.csv").write_text("supplier_id,lead_time_days\nnear,7\nfar,\nother,3\n")
    assert ingest(folder).report.warnings == ()


def test_a_column_that_is_read_from_another_table_is_said(tmp_path: Path) -> None:
    folder = export(tmp_path / "in", ["a", "b"], [])
    (folder / "products.csv").write_text("product_id,category,name,lead_time_days\na,toys,A,21\nb,toys,B,5\n")
    read = ingest(folder)
    assert read.report.warnings == (
        "products.csv has a column lead_time_days, which is not read there: it is read from lead_times and suppliers",
    )
    assert read.products["lead_time_days"].to_list() == [None, None]
