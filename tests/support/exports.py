"""Exports as shops write them, and what an ingest makes of them; the truth is computed apart, by pandas."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import polars as pl

from data.ingest.generic import ingest_generic
from data.ingest.result import CleanHistory

WEEKDAYS = pd.date_range("2024-01-01", periods=60, freq="D")


def sales_frame(rows: int = 120, products: int = 6) -> pd.DataFrame:
    """Sales of a few products over sixty days, each row of its own; quantities beyond a thousand, prices with cents."""
    numbers = range(rows)
    return pd.DataFrame(
        {
            "product_id": [f"p{number % products}" for number in numbers],
            "sold_at": [WEEKDAYS[number * 7 % len(WEEKDAYS)] for number in numbers],
            "quantity": [1 + number * 37 % 1_500 for number in numbers],
            "unit_price": [round(1.25 + number * 0.5, 2) for number in numbers],
        }
    )


def ingest(folder: Path, max_bad_share: float = 0.01, time_zone: str | None = None) -> CleanHistory:
    """Read an export; its quarantine lies beside the folder."""
    return ingest_generic(
        folder,
        quarantine_file=folder.parent / "quarantine.parquet",
        max_bad_share=max_bad_share,
        time_zone=time_zone,
    )


def units_by_product_and_week(sales: pd.DataFrame) -> dict[tuple[str, str], float]:
    """What pandas counts."""
    weeks = sales["sold_at"].dt.tz_localize(None).dt.to_period("W").dt.start_time.dt.strftime("%Y-%m-%d")
    totals = sales["quantity"].groupby([sales["product_id"], weeks]).sum()
    return {(str(key[0]), str(key[1])): float(units) for key, units in totals.to_dict().items() if units}  # type: ignore[index]


def units_read(history: CleanHistory) -> dict[tuple[str, str], float]:
    """What the ingest counts."""
    weeks = history.sales.with_columns(week=pl.col("sold_on").dt.truncate("1w").dt.strftime("%Y-%m-%d"))
    totals = weeks.group_by("product_id", "week").agg(pl.col("units").sum())
    return {(product, week): units for product, week, units in totals.rows()}


def run_command(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run ``stockout-data`` in a process of its own."""
    command = [sys.executable, "-m", "data.command", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
