"""Exports that strangers tried: none of them may end in other numbers without a word."""

from pathlib import Path

import pandas as pd
import pytest

from data.command.check import check_data
from data.errors import AmbiguousFormatError, UnclaimedFileError, UnreadableInputError
from data.ingest.generic import ingest_generic
from tests.support.xlsx import write_xlsx

LINES = "".join(f"A,2024-01-{day:02},2,5.00\n" for day in range(1, 29))
SALES = f"product_id,sold_at,quantity,unit_price\n{LINES}"
COUNTS = "product_id,counted_on,units_on_hand\n" + "".join(f"A,2024-01-{day:02},{40 - day}\n" for day in range(1, 29))


def ingest(folder: Path) -> None:
    ingest_generic(folder, quarantine_file=folder.parent / "quarantine.parquet")


def test_whole_numbers_with_three_decimals_are_not_taken_for_thousands(tmp_path: Path) -> None:
    rows = "".join(f"A;2024-01-{day:02};{day % 3 + 1}.000;159,90\n" for day in range(1, 29))
    (tmp_path / "sales.csv").write_text(f"product_id;sold_at;quantity;unit_price\n{rows}")
    with pytest.raises(AmbiguousFormatError, match="quantity"):
        ingest(tmp_path)


def test_thousands_beside_smaller_numbers_are_told_by_the_other_column(tmp_path: Path) -> None:
    rows = "".join(f"A;2024-01-{day:02};{'1.040' if day == 3 else day};159,90\n" for day in range(1, 29))
    (tmp_path / "sales.csv").write_text(f"product_id;sold_at;quantity;unit_price\n{rows}")
    history = ingest_generic(tmp_path, quarantine_file=tmp_path / "work" / "quarantine.parquet")
    assert history.sales["units"].max() == 1040


@pytest.mark.parametrize("inside", ["sales/2024-01.csv", "sales/2024/01/part.csv"])
def test_sales_in_a_folder_are_not_replaced_by_falls_of_the_stock(tmp_path: Path, inside: str) -> None:
    data = tmp_path / "in"
    path = data / inside
    path.parent.mkdir(parents=True)
    path.write_text(SALES)
    (data / "inventory.csv").write_text(COUNTS)
    with pytest.raises(UnclaimedFileError) as refused:
        ingest(data)
    pattern = str(refused.value).split('files = "')[1].split('"')[0]

    (data / "source.toml").write_text(f'[sales]\nfiles = "{pattern}"\n')  # as the sentence says
    assert ingest_generic(data, quarantine_file=tmp_path / "quarantine.parquet").sales["units"].sum() == 56


def test_the_check_believes_a_time_zone_and_proposes_it_again(tmp_path: Path) -> None:
    rows = "".join(f"A,2024-01-{day:02}T12:00:00+01:00,2,5.00\n" for day in range(1, 29))
    (tmp_path / "sales.csv").write_text(f"product_id,sold_at,quantity,unit_price\n{rows}")
    said = 'time_zone = "Europe/Berlin"\n\n[sales]\nkey = []\nreplaces = "days"\n'
    (tmp_path / "source.toml").write_text(said)
    found = check_data(tmp_path)
    assert not [warning for warning in found.warnings if "UTC" in warning]
    assert found.proposal.startswith('time_zone = "Europe/Berlin"')
    assert "key = []" in found.proposal
    assert 'replaces = "days"' in found.proposal


def test_a_column_of_cancellations_is_told_by_its_name(tmp_path: Path) -> None:
    rows = "".join(f"A,2024-01-{day:02},2,5.00,{'2024-02-01' if day % 4 == 0 else ''}\n" for day in range(1, 29))
    (tmp_path / "sales.csv").write_text(f"product_id,sold_at,quantity,unit_price,Cancelled at\n{rows}")
    report = ingest_generic(tmp_path, quarantine_file=tmp_path / "work" / "quarantine.parquet").report
    assert any("the column Cancelled at of sales.csv says something of 7 of the 28 rows" in w for w in report.warnings)


@pytest.mark.parametrize(("overlaps", "warned"), [(True, 1), (False, 0)])
def test_days_that_two_files_share_are_told_though_another_column_differs(
    tmp_path: Path, overlaps: bool, warned: int
) -> None:
    products = [f"P{number:02}" for number in range(30)]
    for month, days in ((1, range(1, 16)), (2, range(15 if overlaps else 16, 29))):
        rows = "".join(f"{p},2024-01-{day:02},{1 + day % 3},5.00,{month}\n" for day in days for p in products)
        (tmp_path / f"sales_{month}.csv").write_text(f"product_id,sold_at,quantity,unit_price,exported\n{rows}")
    (tmp_path / "source.toml").write_text('[sales]\nfiles = "sales_*.csv"\n')
    report = ingest_generic(tmp_path, quarantine_file=tmp_path / "work" / "quarantine.parquet").report
    found = [warning for warning in report.warnings if "60 of the 60 rows" in warning and "count twice" in warning]
    assert len(found) == warned


def test_two_shops_with_files_of_the_same_days_are_no_overlap(tmp_path: Path) -> None:
    for shop in (1, 2):
        rows = "".join(
            f"P{p:02},2024-01-{day:02},{1 + (day * p + shop * p) % 5},5.00\n" for day in range(1, 29) for p in range(30)
        )
        (tmp_path / f"sales_{shop}.csv").write_text(f"product_id,sold_at,quantity,unit_price\n{rows}")
    (tmp_path / "source.toml").write_text('[sales]\nfiles = "sales_*.csv"\n')
    report = ingest_generic(tmp_path, quarantine_file=tmp_path / "work" / "quarantine.parquet").report
    assert not [warning for warning in report.warnings if "count twice" in warning]


@pytest.mark.parametrize("evening_first", [True, False])
def test_of_two_counts_of_a_day_the_later_by_its_time_holds(tmp_path: Path, evening_first: bool) -> None:
    rows: list[str] = []
    for day in range(1, 29):
        pair = [f"A,2024-01-{day:02} 08:00:00,{90 - day}", f"A,2024-01-{day:02} 20:00:00,{90 - day - (day == 3)}"]
        rows += reversed(pair) if evening_first else pair
    kept = [row for row in rows if "08:00" not in row or "-03 " in row]  # two counts on one day alone
    (tmp_path / "inventory.csv").write_text("product_id,counted_on,units_on_hand\n" + "\n".join(kept) + "\n")
    history = ingest_generic(tmp_path, quarantine_file=tmp_path / "work" / "quarantine.parquet", max_bad_share=0.1)
    assert history.counts["units_on_hand"].to_list() == [90 - day - (day == 3) for day in range(1, 29)]
    assert any("by the time of day" in warning for warning in history.report.warnings)


@pytest.mark.parametrize("is_total", [True, False])
def test_totals_of_lines_in_place_of_prices_are_told(tmp_path: Path, is_total: bool) -> None:
    rows = "".join(
        f"{product},2024-01-{day:02},{1 + day % 3},{price * (1 + day % 3 if is_total else 1):.2f}\n"
        for day in range(1, 29)
        for product, price in (("A", 5), ("B", 12.5))
    )
    (tmp_path / "sales.csv").write_text(f"product_id,sold_at,quantity,unit_price\n{rows}")
    report = ingest_generic(tmp_path, quarantine_file=tmp_path / "work" / "quarantine.parquet").report
    told = [warning for warning in report.warnings if "'A' one costs 5 and a line of 2 10;" in warning]
    assert len(told) == is_total


def test_a_title_above_the_header_of_a_sheet_is_told(tmp_path: Path) -> None:
    rows = [["product_id", "sold_at", "quantity"], ["A", "2024-01-01", "2"]]
    write_xlsx(tmp_path / "sales.xlsx", {"Sales": pd.DataFrame(rows, columns=["Sales of 2024", "", ""])})
    with pytest.raises(UnreadableInputError, match=r"first row of .*sales\.xlsx holds 'Sales of 2024' alone"):
        ingest(tmp_path)
