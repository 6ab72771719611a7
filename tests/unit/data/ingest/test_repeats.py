"""Rows that are there twice are dropped by their key, refused, or said; two counts of one day are of two places."""

from pathlib import Path

import pandas as pd
import pytest

from data.errors import RepeatedRowsError, TooManyBadRowsError, TwoCountsError
from tests.support.exports import ingest, sales_frame, units_by_product_and_week, units_read

ORDERED = sales_frame(rows=400).assign(order=[f"o{number // 2}" for number in range(400)], line=[0, 1] * 200)
KEY = '[sales]\nkey = ["order", "line"]\n'


def export(folder: Path, sales: pd.DataFrame, settings: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    sales.to_csv(folder / "sales.csv", index=False)
    (folder / "source.toml").write_text(settings)
    return folder


def test_repeated_lines_of_a_key_are_dropped_and_counted(tmp_path: Path) -> None:
    sales = pd.concat([ORDERED, ORDERED.sample(80, random_state=7)])
    history = ingest(export(tmp_path / "in", sales, KEY))
    assert units_read(history) == units_by_product_and_week(ORDERED)
    assert history.report.quarantined["sales"] == {"REPEATED_SALE": 80}
    assert history.report.items_total == history.report.items_used + 80


def test_a_key_that_does_not_name_a_sale_line_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TooManyBadRowsError, match=r"CONFLICTING_SALE.* add columns"):
        ingest(export(tmp_path / "in", ORDERED, '[sales]\nkey = "order"\n'))


@pytest.mark.parametrize(("rows", "words"), [(80, "80 of the 480 rows"), (1, "1 of the 401 rows")])
def test_repeated_rows_without_a_key_are_said_however_few(tmp_path: Path, rows: int, words: str) -> None:
    repeated = ORDERED.sample(rows, random_state=7)
    (warning,) = ingest(export(tmp_path / "in", pd.concat([ORDERED, repeated]))).report.warnings
    verb = "repeats" if rows == 1 else "repeat"
    assert warning.startswith(f"{words} of sales.csv {verb} another one in every column and count as sales")
    every = ingest(export(tmp_path / "in", pd.concat([ORDERED, repeated]), "[sales]\nkey = []\n"))
    assert every.report.warnings == ()
    assert units_read(every) == units_by_product_and_week(pd.concat([ORDERED, repeated]))


@pytest.mark.parametrize("again", [ORDERED, ORDERED.iloc[:200], ORDERED.iloc[200:]])
def test_a_block_of_rows_that_is_there_again_is_refused(tmp_path: Path, again: pd.DataFrame) -> None:
    with pytest.raises(RepeatedRowsError, match=r"sales.csv.*key = \["):
        ingest(export(tmp_path / "in", pd.concat([ORDERED, again])))


def test_a_doubled_file_that_was_sorted_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RepeatedRowsError, match=r"every row of .* is there 2 times"):
        ingest(export(tmp_path / "in", pd.concat([ORDERED, ORDERED]).sort_values(["order", "line"])))


def stock(folder: Path, rows: list[tuple[str, str, str, int]], settings: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    names = ["warehouse", "product_id", "counted_on", "units_on_hand"]
    pd.DataFrame(rows, columns=names).to_csv(folder / "inventory.csv", index=False)
    (folder / "source.toml").write_text(f'sales = "from_inventory"\n{settings}')
    return folder


def test_a_second_warehouse_does_not_replace_the_first(tmp_path: Path) -> None:
    rows = [
        (house, f"p{item}", f"2024-01-{day:02}", (50 if house == "north" else 80) - day * item)
        for house in ("north", "south")
        for item in range(1, 4)
        for day in range(1, 11)
    ]
    with pytest.raises(TwoCountsError) as caught:
        ingest(stock(tmp_path / "in", rows), max_bad_share=0.1)
    assert "warehouse tells them apart" in str(caught.value)
    assert 'product_id = ["warehouse", "product_id"]' in str(caught.value)
    read = ingest(stock(tmp_path / "in", rows, '[inventory]\nproduct_id = ["warehouse", "product_id"]\n'))
    truth = {(f"{house}-{item}", day): float(units) for house, item, day, units in rows}
    assert {(item, str(day)): units for item, day, units in read.counts.rows()} == truth


def test_a_corrected_count_is_taken_and_said(tmp_path: Path) -> None:
    rows = [("north", f"p{item}", f"2024-01-{day:02}", 50 - day) for item in range(30) for day in range(1, 11)]
    read = ingest(stock(tmp_path / "in", [*rows, ("north", "p3", "2024-01-05", 7)]))
    assert read.counts.filter(product_id="p3")["units_on_hand"][4] == 7
    assert "1 of the 301 rows" in read.report.warnings[0]
    assert "45.0 and 7.0; the last one was taken" in read.report.warnings[0]


def test_sales_without_a_price_beside_a_column_that_looks_like_one_are_said(tmp_path: Path) -> None:
    folder = export(tmp_path / "in", sales_frame().rename(columns={"unit_price": "Preis"}))
    (warning,) = ingest(folder).report.warnings
    assert 'say unit_price = "Preis"' in warning
    (folder / "source.toml").write_text('[sales]\nunit_price = "Preis"\n')
    assert sorted(ingest(folder).sales["unit_price"]) == sorted(sales_frame()["unit_price"])


def test_times_with_an_offset_are_said_until_a_time_zone_is_named(tmp_path: Path) -> None:
    sales = sales_frame()
    local = sales["sold_at"].dt.tz_localize("America/New_York") + pd.Timedelta(hours=22)
    folder = export(tmp_path / "in", sales.assign(sold_at=[each.isoformat() for each in local]))
    (warning,) = ingest(folder).report.warnings
    assert "120 times of sales.csv carry an offset, such as 2024-01-01 22:00:00-05:00" in warning.replace("T22", " 22")
    (folder / "source.toml").write_text('time_zone = "America/New_York"\n')
    told = ingest(folder)
    assert told.report.warnings == ()
    assert units_read(told) == units_by_product_and_week(sales)
    assert ingest(folder, time_zone="UTC").report.time_zone == "UTC"


@pytest.mark.parametrize("returns", ["net", "ignore"])
def test_returns_are_netted_off_their_week_or_ignored_and_counted(tmp_path: Path, returns: str) -> None:
    sales = sales_frame()
    returned = sales.iloc[::4].assign(quantity=-1)
    folder = export(tmp_path / "in", pd.concat([sales, returned]))
    with pytest.raises(TooManyBadRowsError, match='say returns = "net" or "ignore"'):
        ingest(folder)
    history = ingest(export(folder, pd.concat([sales, returned]), f'[sales]\nreturns = "{returns}"\n'))
    if returns == "net":
        assert units_read(history) == units_by_product_and_week(pd.concat([sales, returned]))
        assert history.report.returned_units == len(returned)
    else:
        assert units_read(history) == units_by_product_and_week(sales)
        assert history.report.quarantined["sales"] == {"IGNORED_RETURN": len(returned)}


def test_returned_units_without_a_sale_in_their_week_are_said(tmp_path: Path) -> None:
    sales = sales_frame()
    lost = sales.iloc[:1].assign(sold_at=pd.Timestamp("2024-03-29"), quantity=-5)
    history = ingest(export(tmp_path / "in", pd.concat([sales, lost]), '[sales]\nreturns = "net"\n'))
    assert units_read(history) == units_by_product_and_week(sales)
    assert history.report.warnings == ("5 returned units had no sale in their week, and were left out",)
