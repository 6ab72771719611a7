"""Lines in which a spreadsheet adds up all others are no product."""

from pathlib import Path

import pytest

from data.errors import TotalRowsError
from data.ingest.generic import ingest_generic
from data.ingest.result import CleanHistory
from tests.support.generic import write_generic

SALES = [(product, f"2024-01-0{day}", day, 5) for product in ("a", "b", "c") for day in range(1, 6)]
UNITS = sum(row[2] for row in SALES)


def ingest(folder: Path) -> CleanHistory:
    return ingest_generic(folder, quarantine_file=folder / "out" / "quarantine.parquet", max_bad_share=1)


@pytest.mark.parametrize("name", ["Total", "TOTAL", "grand total", "Gesamt", "Gesamtsumme", "Sum", "Soma", "* Total *"])
def test_a_line_that_is_called_a_total_and_is_one_is_refused(tmp_path: Path, name: str) -> None:
    write_generic(tmp_path, sales=[*SALES, (name, "2024-01-05", UNITS, "")])
    with pytest.raises(TotalRowsError, match="leave the lines that add up others out"):
        ingest(tmp_path)


def test_totals_of_every_day_are_found_too(tmp_path: Path) -> None:
    totals = [("Total", f"2024-01-0{day}", 3 * day, "") for day in range(1, 6)]
    with pytest.raises(TotalRowsError):
        ingest(write_generic(tmp_path, sales=[*SALES, *totals]))


def test_a_product_with_as_many_units_as_all_others_is_taken_with_a_warning(tmp_path: Path) -> None:
    history = ingest(write_generic(tmp_path, sales=[*SALES, ("best", "2024-01-05", UNITS, 5)]))
    assert history.sales["units"].sum() == 2 * UNITS
    assert any("'best'" in warning and "as all others together" in warning for warning in history.report.warnings)


@pytest.mark.parametrize("name", ["Total oil 5W30", "total", "allround"])
def test_a_product_that_is_only_called_so_is_a_product(tmp_path: Path, name: str) -> None:
    history = ingest(write_generic(tmp_path, sales=[*SALES, (name, "2024-01-05", 2, 5)]))
    assert history.sales["units"].sum() == UNITS + 2
    assert not [warning for warning in history.report.warnings if "together" in warning]


def test_bad_rows_are_warned_of_with_their_reason(tmp_path: Path) -> None:
    history = ingest(write_generic(tmp_path, sales=[*SALES, ("Total", "", UNITS, "")]))
    (warning,) = history.report.warnings
    assert warning.startswith("1 of the 16 rows of sales.csv is bad and left out, for UNPARSABLE_TIME")
