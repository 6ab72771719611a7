"""A file of the folder that no table reads is refused where it looks like one of ours, and named where it does not."""

from pathlib import Path

import pytest

from data.errors import AmbiguousInputError, MissingInputError, UnclaimedFileError
from tests.support.exports import ingest, sales_frame, units_by_product_and_week, units_read

COUNTS = "product_id,counted_on,units_on_hand\na,2024-01-01,9\na,2024-01-03,6\n"


def folder_with(tmp_path: Path, sales: str = "sales.csv") -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    sales_frame().to_csv(folder / sales, index=False)
    return folder


@pytest.mark.parametrize("name", ["sales_2024-01.csv", "Sales.csv", "sales-old.xlsx", "SALES.TXT", "my lead_times.csv"])
def test_a_file_that_looks_like_a_table_and_is_not_read_is_refused(tmp_path: Path, name: str) -> None:
    folder = folder_with(tmp_path, "other.csv")
    (folder / "inventory.csv").write_text(COUNTS)
    (folder / "other.csv").rename(folder / name)
    with pytest.raises(UnclaimedFileError, match=r'files = ".*ignore = ') as caught:
        ingest(folder)
    assert name in str(caught.value)


def test_a_file_that_looks_like_nothing_is_named_in_a_warning(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    (folder / "customers.csv").write_text("id\n1\n")
    (folder / "README.txt").write_text("what this is")
    (folder / "notes.md").write_text("what this is")
    warnings = ingest(folder).report.warnings
    assert warnings == ("customers.csv is read by no table: name its table in source.toml, or ignore it there",)
    (folder / "source.toml").write_text('ignore = "cust*.csv"\n')
    assert ingest(folder).report.warnings == ()


def test_sales_are_not_replaced_by_the_stock_while_another_file_may_hold_them(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, "verkauf.csv")
    (folder / "inventory.csv").write_text(COUNTS)
    with pytest.raises(MissingInputError) as caught:
        ingest(folder)
    assert '[sales] files = "verkauf.csv", or say sales = "from_inventory" at its top' in str(caught.value)
    (folder / "source.toml").write_text('sales = "from_inventory"\n')
    assert ingest(folder).sales["units"].to_list() == [3]
    (folder / "source.toml").write_text('[sales]\nfiles = "verkauf.csv"\n[id]\nmin_join_share = 0.0\n')
    assert units_read(ingest(folder)) == units_by_product_and_week(sales_frame())


def test_falls_of_the_stock_as_sales_are_said_where_nobody_asked_for_them(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "inventory.csv").write_text(COUNTS)
    assert 'say sales = "from_inventory"' in ingest(folder).report.warnings[0]
    (folder / "source.toml").write_text('sales = "from_inventory"\n')
    assert ingest(folder).report.warnings == ()


def test_a_section_without_its_file_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "inventory.csv").write_text(COUNTS)
    (folder / "columns.toml").write_text('[sales]\nproduct_id = "sku"\n')
    with pytest.raises(MissingInputError, match=r"\[sales\] is a section of columns.toml, but .* holds no sales.csv"):
        ingest(folder)


def test_two_files_that_say_how_to_read_are_refused(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    for name in ("source.toml", "columns.toml"):
        (folder / name).write_text("")
    with pytest.raises(AmbiguousInputError):
        ingest(folder)
