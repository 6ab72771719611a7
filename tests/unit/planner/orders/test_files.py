"""Files for a supplier: the lines as they are, and no text that does anything."""

import csv
import io
import zipfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feature_service.client import OrderLine, Supplier, order_list
from planner.orders.files import COLUMNS, as_csv, as_xlsx
from tests.support.boards import order

HOSTILE = ('=HYPERLINK("http://x","y")', "+1+1", "-2", "@SUM(A1)", "\t=1", "\r=1", "＝1", "http://example.org", "0012")


def lines_of(*product_ids: str) -> list[OrderLine]:
    supplier = Supplier("=s", "@Name")
    return [OrderLine(each, order(10, cost=2.5, supplier=supplier)) for each in product_ids]


def test_a_line_has_what_a_supplier_needs_and_nothing_of_what_is_at_risk() -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(order_list(lines_of("a"))).decode("utf-8-sig"))))
    assert rows == [
        {
            "supplier_id": "'=s",
            "supplier_name": "'@Name",
            "product_id": "a",
            "units": "10",
            "pack_size": "5.0",
            "packs": "2.0",
            "cost": "2.5",
        }
    ]


def test_what_is_not_known_is_an_empty_cell() -> None:
    known = order(3)
    rows = csv.reader(io.StringIO(as_csv(order_list([OrderLine("a", known)])).decode("utf-8-sig")))
    assert list(rows)[1] == ["", "", "a", "3", "5.0", "0.6", ""]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_workbook_keeps_text_as_text(tmp_path: Path, text: str) -> None:
    file = tmp_path / "order.xlsx"
    file.write_bytes(as_xlsx(order_list(lines_of(text)), COLUMNS, "Order"))
    with zipfile.ZipFile(file) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
        assert "<f>" not in sheet
        assert not [name for name in parts.namelist() if "externalLink" in name]
        assert "hyperlink" not in sheet
    frame = pl.read_excel(file, engine="calamine", infer_schema_length=0)
    assert frame["product_id"].to_list() == [text]
    assert frame["units"].cast(pl.Float64).to_list() == [10.0]


@settings(max_examples=50)
@given(text=st.text(min_size=1, max_size=12))
def test_no_text_makes_a_formula_of_a_cell(text: str) -> None:
    cells = next(csv.reader(io.StringIO(as_csv(order_list(lines_of(text))).decode("utf-8-sig").split("\n", 1)[1])))
    assert not cells[2].startswith(("=", "+", "-", "@", "\t", "\r"))
    as_xlsx(order_list(lines_of(text)), COLUMNS, "Order")
