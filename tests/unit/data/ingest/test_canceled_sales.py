"""Sales that a column nobody reads calls canceled."""

from pathlib import Path

import pytest

from data.ingest.generic import ingest_generic


def warnings_of(folder: Path, column: str, states: list[str]) -> list[str]:
    lines = "".join(f"A,2024-01-{day:02},2,5.00,{states[day % len(states)]}\n" for day in range(1, 29))
    (folder / "sales.csv").write_text(f"product_id,sold_at,quantity,unit_price,{column}\n{lines}")
    report = ingest_generic(folder, quarantine_file=folder / "work" / "quarantine.parquet").report
    return [warning for warning in report.warnings if "count as sales" in warning]


@pytest.mark.parametrize("state", ["cancelled", "Refunded", "VOID", "storniert", "estornado"])
def test_sales_that_a_column_calls_canceled_are_warned_of(tmp_path: Path, state: str) -> None:
    (warning,) = warnings_of(tmp_path, "status", ["paid", state])
    assert f"the column status of sales.csv says {state!r} of 14 of the 28 rows" in warning


@pytest.mark.parametrize("states", [["paid", "open"], ["", "paid"], ["no cancellation"]])
def test_other_states_are_no_warning(tmp_path: Path, states: list[str]) -> None:
    assert not warnings_of(tmp_path, "status", states)
