"""Ids that an export made decimal are joined with the others; ids that really differ are never merged."""

import datetime as dt
import re
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import DecimalIdError
from data.ingest.contracts import SALES
from data.ingest.csv_file import ROW_NUMBER
from data.ingest.generic import ingest_generic
from data.ingest.ids import whole_ids
from data.ingest.olist import ingest_olist
from data.ingest.read import RawTable
from data.ingest.result import CleanHistory
from feature_service.limits import MAX_ID_BYTES
from tests.support.generic import Row, write_generic
from tests.support.olist import write_olist

DAY = "2024-01-01"
NUMBERS = [str(110_000 + number) for number in range(200)]


def ingest(folder: Path) -> CleanHistory:
    return ingest_generic(folder, quarantine_file=folder / "out" / "q.parquet", max_bad_share=1)


def write(folder: Path, sold: Sequence[str], counted: Sequence[str] = ()) -> Path:
    tables: dict[str, Sequence[Row]] = {"sales": [(each, DAY, 1, 5) for each in sold]}
    if counted:
        tables["inventory"] = [(each, DAY, 3) for each in counted]
    return write_generic(folder, **tables)


def test_whole_numbers_that_one_file_holds_as_floats_are_the_same_products(tmp_path: Path) -> None:
    read = ingest(write(tmp_path, NUMBERS, [f"{each}.0" for each in NUMBERS]))
    assert read.products["product_id"].to_list() == NUMBERS
    assert read.counts["product_id"].to_list() == NUMBERS
    assert read.report.ids_from_decimals == 200
    assert "200 rows with ids read without .0" in read.report.summary()


def test_whole_numbers_that_some_rows_hold_as_floats_are_the_same_products(tmp_path: Path) -> None:
    read = ingest(write(tmp_path, [f"{each}.0" if int(each) % 3 else each for each in [*NUMBERS, *NUMBERS[:10]]]))
    assert read.products["product_id"].to_list() == NUMBERS
    assert read.sales.height == 210


def test_other_ids_beside_floats_stay_as_they_are(tmp_path: Path) -> None:
    ids = ["A-1", "110001.0", "110001", "1.0-x", "007", "5e3x"]
    read = ingest(write(tmp_path, ids))
    assert set(read.products["product_id"]) == {*ids} - {"110001.0"}


def test_a_float_column_in_parquet_is_joined_and_its_gaps_are_missing(tmp_path: Path) -> None:
    days = [dt.date(2024, 1, 1)] * 3
    sales = {"product_id": [110001.0, float("nan"), 110002.0], "sold_at": days, "quantity": [1, 1, 1]}
    pl.DataFrame(sales).write_parquet(tmp_path / "sales.parquet")
    write_generic(tmp_path, inventory=[("110001", DAY, 3), ("110003", DAY, 3)])
    read = ingest(tmp_path)
    assert read.products["product_id"].to_list() == ["110001", "110002", "110003"]
    assert read.report.quarantined["sales"] == {"MISSING_ID": 1}


def test_orders_and_items_are_joined_whatever_form_their_numbers_have(tmp_path: Path) -> None:
    orders = [("1.0", "delivered", "2018-01-10 12:00:00"), ("2", "delivered", "2018-01-10 12:00:00")]
    items = [("1", "1.0", "a", 5), ("1", "1", "a", 5), ("2.0", "1", "b", 5)]
    read = ingest_olist(write_olist(tmp_path, orders, items), quarantine_file=tmp_path / "q", max_bad_share=1)
    assert read.sales["product_id"].to_list() == ["a", "b"]
    assert read.report.quarantined["items"] == {"DUPLICATE_ITEM": 1}


@pytest.mark.parametrize("ids", [["1.0", "1.00"], ["1.10", "1.1", "2.0"], ["1.5", "2.0", "3"], ["007", "7", "007.10"]])
def test_ids_that_really_differ_stay_apart(tmp_path: Path, ids: list[str]) -> None:
    assert set(ingest(write(tmp_path, ids)).products["product_id"]) == set(ids)


@pytest.mark.parametrize(
    ("sold", "counted", "example"),
    [
        (["1.5", "2.0"], ["2"], "'2.0'"),
        (["2.00", "3.00"], ["2", "3"], "'2.00'"),
        (["1.2345678901234567e+19"], [], "'1.2345678901234567e+19'"),
        (["1e+16", "110001.0"], [], "'1e+16'"),
        (["9007199254740992.0"], [], "'9007199254740992.0'"),
        (["123.0"], ["00123"], "'123.0'"),
    ],
)
def test_where_it_cannot_be_told_file_column_and_example_are_named(
    tmp_path: Path, sold: list[str], counted: list[str], example: str
) -> None:
    with pytest.raises(DecimalIdError) as caught:
        ingest(write(tmp_path, sold, counted))
    sentence = str(caught.value)
    assert f"sales.csv: the product_id {example}" in sentence
    assert "\n" not in sentence


def test_the_column_is_named_as_the_file_has_it(tmp_path: Path) -> None:
    (tmp_path / "columns.toml").write_text('[sales]\nproduct_id = "sku"\n')
    (tmp_path / "sales.csv").write_text(f"sku,sold_at,quantity\n1.5,{DAY},1\n1.0,{DAY},1\n1,{DAY},1\n")
    with pytest.raises(DecimalIdError, match=r"the sku '1\.0'"):
        ingest(tmp_path)


NUMBER = st.integers(-20, 20).map(str)
FRACTION = st.sampled_from(["0", "0", "0", "00", "10", "1", "5"])
IDS = st.one_of(NUMBER, st.tuples(NUMBER, FRACTION).map(".".join), st.text("012.-e", min_size=1, max_size=5))


@given(ids=st.lists(IDS, min_size=1, max_size=12))
def test_ids_are_one_only_if_they_differ_by_nothing_but_a_zero_and_no_id_has_another_fraction(ids: list[str]) -> None:
    rows = pl.DataFrame({"product_id": ids, ROW_NUMBER: range(len(ids))})
    raw = {SALES.name: RawTable(Path("sales.csv"), "", rows, pl.DataFrame())}
    try:
        merges = bool(whole_ids([SALES], raw))
    except DecimalIdError:
        return
    decimals = {each for each in ids if re.fullmatch(r"-?\d+\.\d+", each)}
    assert not merges or {each.split(".")[1] for each in decimals} == {"0"}
    assert merges or not [each for each in decimals if re.search(r"\.0+$", each) and each.split(".")[0] in ids]


def test_an_id_of_the_longest_size_can_be_asked_and_a_longer_one_is_not_listed(tmp_path: Path) -> None:
    longest = "x" * MAX_ID_BYTES
    read = ingest(write(tmp_path, [longest, longest + "x"]))
    assert read.sales["product_id"].to_list() == [longest]
    assert read.report.quarantined["sales"] == {"ID_TOO_LONG": 1}


@pytest.mark.parametrize("character", ["\0", "\a", "\x1b", "\x7f", "\x85", "\N{CHARACTER TABULATION}"])
def test_an_id_with_a_control_character_goes_to_quarantine_from_every_format(tmp_path: Path, character: str) -> None:
    write(tmp_path, ["good", f"b{character}d"])
    read = ingest(tmp_path)
    assert read.report.quarantined["sales"] == {"CONTROL_CHARACTER": 1}
    (tmp_path / "sales.csv").unlink()
    days = [dt.date(2024, 1, 1)] * 2
    rows = {"product_id": ["good", f"b{character}d\n"], "sold_at": days, "quantity": [1, 1]}
    pl.DataFrame(rows).write_parquet(tmp_path / "sales.parquet")
    assert ingest(tmp_path).report.quarantined == read.report.quarantined
