"""Files that cannot be used are told in one sentence; damage inside a file costs no other row."""

import gzip
from pathlib import Path

import polars as pl
import pytest

from data.errors import (
    AmbiguousInputError,
    DataError,
    EmptyInputError,
    MissingColumnError,
    MissingInputError,
    UnreadableInputError,
)
from data.ingest.contracts import ITEMS, ORDERS
from data.ingest.csv_file import ROW_NUMBER
from data.ingest.fingerprint import fingerprint
from data.ingest.inputs import find_inputs
from data.ingest.olist import ingest_olist
from data.ingest.read import read_table
from tests.support.olist import item, order, write_olist

HEADER = "order_id,order_item_id,product_id,price\n"


def refusal(folder: Path) -> str:
    with pytest.raises(DataError) as caught:
        ingest_olist(folder, quarantine_file=folder / "q")
    return f"{type(caught.value).__name__}: {caught.value}"


def assert_one_sentence(text: str, error: type[DataError], *named: str) -> None:
    assert text.startswith(error.__name__)
    assert "\n" not in text
    for name in named:
        assert name in text


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    assert_one_sentence(refusal(tmp_path / "nowhere"), MissingInputError, "nowhere")


def test_a_missing_file_is_named_with_its_endings(tmp_path: Path) -> None:
    write_olist(tmp_path, [order(1)], [item(1)])
    (tmp_path / f"{ORDERS.stem}.csv").unlink()

    assert_one_sentence(refusal(tmp_path), MissingInputError, f"{ORDERS.stem}.csv.gz", f"{ORDERS.stem}.parquet")


def test_missing_columns_are_named_beside_those_that_are_there(tmp_path: Path) -> None:
    write_olist(tmp_path, [order(1)], [item(1)])
    (tmp_path / f"{ITEMS.stem}.csv").write_text("order_id,sku,price\no1,a,1\n")

    assert_one_sentence(refusal(tmp_path), MissingColumnError, "order_item_id, product_id", "sku")


def test_the_same_table_in_two_formats_is_refused(tmp_path: Path) -> None:
    path = write_olist(tmp_path, [order(1)], [item(1)]) / f"{ITEMS.stem}.csv"
    path.with_suffix(".csv.gz").write_bytes(gzip.compress(path.read_bytes()))

    assert_one_sentence(refusal(tmp_path), AmbiguousInputError, f"{ITEMS.stem}.csv", f"{ITEMS.stem}.csv.gz")


@pytest.mark.parametrize(
    ("content", "sentence"), [(b"", "empty"), (b"\xef\xbb\xbf\n", "empty"), (HEADER.encode(), "no rows")]
)
def test_an_empty_file_is_told(tmp_path: Path, content: bytes, sentence: str) -> None:
    write_olist(tmp_path, [order(1)], [item(1)])
    (tmp_path / f"{ITEMS.stem}.csv").write_bytes(content)

    assert_one_sentence(refusal(tmp_path), EmptyInputError, f"{ITEMS.stem}.csv", sentence)


@pytest.mark.parametrize(
    ("ending", "content"),
    [
        (".csv.gz", gzip.compress(HEADER.encode() * 1_000)[:-20]),
        (".csv.gz", gzip.compress(HEADER.encode() * 1_000)[:-20] + b"\0" * 20),
        (".csv.gz", HEADER.encode()),
        (".parquet", HEADER.encode()),
        (".parquet", b""),
    ],
)
def test_a_damaged_file_is_told(tmp_path: Path, ending: str, content: bytes) -> None:
    write_olist(tmp_path, [order(1)], [item(1)])
    (tmp_path / f"{ITEMS.stem}.csv").unlink()
    (tmp_path / f"{ITEMS.stem}{ending}").write_bytes(content)

    assert_one_sentence(refusal(tmp_path), UnreadableInputError, f"{ITEMS.stem}{ending}")


def test_a_byte_order_mark_and_windows_line_ends_change_nothing(tmp_path: Path) -> None:
    path = tmp_path / f"{ITEMS.stem}.csv"
    path.write_bytes(b"\xef\xbb\xbf" + (HEADER + "o1,1,a,5\no2,1,b,6\n").replace("\n", "\r\n").encode())

    assert read_table(path, ITEMS).rows.drop(ROW_NUMBER).rows() == [("o1", "1", "a", "5"), ("o2", "1", "b", "6")]


@pytest.mark.parametrize("stray", ['"o2,1,b,6', "o2,1,b,6,7", 'o2,1,"b"x,6', '"o2,1,b,6\n"o3,1,c,7'])
def test_a_malformed_line_costs_no_other_line(tmp_path: Path, stray: str) -> None:
    path = tmp_path / f"{ITEMS.stem}.csv"
    path.write_text(HEADER + "o1,1,a,5\n" + stray + "\no4,1,d,8\n", encoding="utf-8")

    raw = read_table(path, ITEMS)

    assert raw.height == 3 + stray.count("\n")
    assert raw.malformed.height == stray.count("\n") + 1
    last = raw.height
    assert raw.rows.select(ROW_NUMBER, "order_id").rows() == [(1, "o1"), (last, "o4")]


def test_bytes_that_are_no_utf8_cost_no_other_row(tmp_path: Path) -> None:
    path = tmp_path / f"{ITEMS.stem}.csv"
    path.write_bytes(HEADER.encode() + "o1,1,caf\xe9,5\n".encode() + b"o1,1,caf\xe9,5\no2,1,b,6\n")

    assert read_table(path, ITEMS).rows["product_id"].to_list() == ["caf\xe9", "caf\N{REPLACEMENT CHARACTER}", "b"]


def test_times_with_a_zone_in_parquet_keep_their_meaning(tmp_path: Path) -> None:
    write_olist(tmp_path, [order(1)], [item(1)])
    (tmp_path / f"{ORDERS.stem}.csv").unlink()
    instant = pl.Series(["2018-01-01 01:30:00"]).str.to_datetime(time_zone="UTC")
    orders = pl.DataFrame({"order_id": ["o1"], "order_status": ["shipped"], "order_purchase_timestamp": instant})
    orders.write_parquet(tmp_path / f"{ORDERS.stem}.parquet")

    sales = ingest_olist(tmp_path, quarantine_file=tmp_path / "q").sales

    assert str(sales["sold_on"].item()) == "2017-12-31"


def test_the_fingerprint_knows_names_and_contents_but_not_the_folder(tmp_path: Path) -> None:
    one = write_olist(tmp_path / "one", [order(1)], [item(1)])
    same = write_olist(tmp_path / "same", [order(1)], [item(1)])
    other = write_olist(tmp_path / "other", [order(1)], [item(1, price=11)])

    of_one, of_same, of_other = (
        fingerprint(find_inputs(folder, (ORDERS, ITEMS)).values()) for folder in (one, same, other)
    )

    assert of_one == of_same != of_other
    (same / f"{ITEMS.stem}.csv").rename(same / "renamed.csv")
    assert fingerprint(same.iterdir()) != of_one
