"""What ``source.toml`` says is done, and what it cannot mean is told in a sentence that names table and key."""

import zipfile
from pathlib import Path

import pandas as pd
import pytest

from data.errors import ColumnMapError, DataError, MissingInputError, RepeatedRowsError, UnreadableInputError
from data.ingest.generic import input_files
from tests.support.exports import ingest, sales_frame, units_by_product_and_week, units_read
from tests.support.xlsx import write_xlsx


def by_month(folder: Path, sales: pd.DataFrame, names: str = "sales_{}.csv") -> Path:
    for month, rows in sales.groupby(sales["sold_at"].dt.strftime("%Y-%m")):
        path = folder / names.format(month)
        path.parent.mkdir(parents=True, exist_ok=True)
        rows.to_csv(path, index=False)
    return folder


@pytest.mark.parametrize(
    ("names", "files"),
    [
        ("sales_{}.csv", '"sales_*.csv"'),
        ("months/{}.csv", '"months"'),
        ("months/{}.csv", '["months/2024-01.csv", "months/2024-0[2-9].csv"]'),
    ],
)
def test_a_table_may_lie_in_several_files(tmp_path: Path, names: str, files: str) -> None:
    folder = by_month(tmp_path / "in", sales_frame(), names)
    (folder / "source.toml").write_text(f"[sales]\nfiles = {files}\n")
    history = ingest(folder)
    assert units_read(history) == units_by_product_and_week(sales_frame())
    assert len(history.report.files["sales"]) == 2
    assert len(input_files(folder)) == 3


def test_a_bad_row_of_several_files_is_named_by_its_file(tmp_path: Path) -> None:
    folder = by_month(tmp_path / "in", sales_frame())
    with (folder / "sales_2024-02.csv").open("a") as file:
        file.write("p1,2024-02-03,many,5\n")
    (folder / "source.toml").write_text('[sales]\nfiles = "sales_*.csv"\n')
    ingest(folder)
    bad = pd.read_parquet(tmp_path / "quarantine.parquet").iloc[0]
    rows = len((folder / "sales_2024-02.csv").read_text().splitlines()) - 1
    assert (bad["source_file"], bad["row_number"], bad["column"]) == ("sales_2024-02.csv", rows, "quantity")


def test_one_file_under_two_names_is_refused(tmp_path: Path) -> None:
    folder = by_month(tmp_path / "in", sales_frame())
    (folder / "sales_copy.csv").write_bytes((folder / "sales_2024-01.csv").read_bytes())
    (folder / "source.toml").write_text('[sales]\nfiles = "sales_*.csv"\n')
    with pytest.raises(RepeatedRowsError, match=r"sales_2024-01.csv and sales_copy.csv, which are the same"):
        ingest(folder)


def test_a_workbook_is_read_by_its_sheet(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    sales = sales_frame()
    write_xlsx(folder / "sales.xlsx", {"Info": pd.DataFrame({"a": [1]}), "Sales": sales})
    with pytest.raises(UnreadableInputError, match="holds the sheets Info, Sales: say which"):
        ingest(folder)
    (folder / "source.toml").write_text('[sales]\nsheet = "Sales"\n')
    history = ingest(folder)
    assert units_read(history) == units_by_product_and_week(sales)
    assert sorted(history.sales["unit_price"]) == sorted(sales["unit_price"])


def test_what_is_no_workbook_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    with zipfile.ZipFile(folder / "sales.xlsx", "w") as archive:
        archive.writestr("hello", "world")
    with pytest.raises(UnreadableInputError, match="cannot be read as XLSX"):
        ingest(folder)


def test_an_id_of_several_columns_is_joined_by_hyphens(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    sales = sales_frame().assign(shop=[number % 2 for number in range(120)])
    sales.to_csv(folder / "sales.csv", index=False)
    (folder / "source.toml").write_text('[sales]\nproduct_id = ["shop", "product_id"]\n')
    truth = sales.assign(product_id=sales["shop"].astype(str) + "-" + sales["product_id"])
    assert units_read(ingest(folder)) == units_by_product_and_week(truth)


def test_parts_whose_hyphens_make_two_products_one_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    rows = [("a-b", "c", "2024-01-01", 1), ("a", "b-c", "2024-01-01", 2)]
    pd.DataFrame(rows, columns=["shop", "sku", "sold_at", "quantity"]).to_csv(folder / "sales.csv", index=False)
    (folder / "source.toml").write_text('[sales]\nproduct_id = ["shop", "sku"]\n')
    with pytest.raises(UnreadableInputError, match="the same id 'a-b-c', made of shop and sku"):
        ingest(folder)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[sales]\ndelimiter = ';;'\n", "sales.delimiter must be one character, not ';;'"),
        ("[sales]\ndecimal = ';'\n", "sales.decimal must be one of '.', ',', not ';'"),
        ("[sales]\ndecimal = '.'\nthousands = '.'\n", "decimal and sales.thousands must differ"),
        ("[sales]\ndate_order = 'dym'\n", "sales.date_order must be one of 'dmy', 'mdy', 'ymd', not 'dym'"),
        ("[sales]\ndate_format = '%d.%m.%Y %z'\n", "sales.date_format cannot hold %z"),
        ("[sales]\nunit_price = 'quantity'\n", "sales reads quantity and unit_price from the same column quantity"),
        ("[sales]\nencoding = 'klingon'\n", "sales.encoding is 'klingon', which is none"),
        ("[sales]\nfiles = 3\n", "sales.files must be a list, not 3"),
        ("[sales]\nreturns = 'yes'\n", "sales.returns must be one of 'refuse', 'net', 'ignore', not 'yes'"),
        ("[products]\nkey = 'a'\n", "products.key is a setting of the table sales alone"),
        ("[sales]\nproduct_id = ['a']\n", "sales.product_id must be the name of a column in quotes"),
        ("[sales]\nquantity = ['a', 'b']\n", "sales.quantity must be the name of a column in quotes"),
        ("[id]\nzero_pad = 'eight'\n", "id.zero_pad must be a whole number"),
        ("[id]\nzero_pad = -1\n", "id.zero_pad must lie between 0 and 100"),
        ("[id]\nunicode = 'NFX'\n", 'id.unicode must be "NFC"'),
        ("[id]\nmin_join_share = 2\n", "id.min_join_share must lie between 0 and 1"),
        ("[id]\npad = 2\n", "id.pad is not a known field"),
        ("time_zone = 3\n", "time_zone must be text, not 3"),
        ("sales = 'from_stock'\n", 'or sales = "from_inventory" must be said'),
    ],
)
def test_a_setting_that_cannot_be_meant_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    sales_frame().to_csv(folder / "sales.csv", index=False)
    (folder / "source.toml").write_text(text)
    with pytest.raises(ColumnMapError, match=r"source\.toml") as caught:
        ingest(folder)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["none_*.csv", "../sales.csv", "/etc/passwd", "**x", ""])
def test_files_that_are_not_there_are_told(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    sales_frame().to_csv(tmp_path / "sales.csv", index=False)
    (folder / "source.toml").write_text(f'[sales]\nfiles = "{name}"\n')
    with pytest.raises(MissingInputError):
        ingest(folder)


def test_a_pattern_for_all_files_leaves_out_the_settings(tmp_path: Path) -> None:
    folder = by_month(tmp_path / "in", sales_frame())
    (folder / "source.toml").write_text('[sales]\nfiles = "*"\n')
    assert units_read(ingest(folder)) == units_by_product_and_week(sales_frame())


def test_a_file_of_two_tables_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    sales_frame().to_csv(folder / "sales.csv", index=False)
    (folder / "source.toml").write_text('[products]\nfiles = "sales.csv"\n')
    with pytest.raises(DataError, match="named for two tables, sales and products"):
        ingest(folder)
