"""A shop's exports, week by week: what its system would have written into the landing folder by a day."""

import datetime as dt
from pathlib import Path

import polars as pl

from data.synthetic.demand import Turn
from data.synthetic.shops import Outage, write_synthetic_generic

SOURCE = """
[sales]
files = "sales_*.csv"
key = "line"
{columns}
[inventory]
files = "inventory_*.csv"
"""
_DAYS = {"sales": "sold_at", "inventory": "counted_on"}


class Market:
    """All weeks of a synthetic market, of which a file for each table and week can be delivered.

    Args:
        folder: Takes all weeks at once, where nobody but this class looks.
        landing: Where the runs look.
        first_week: Monday of the first week.
        weeks: Of the whole history.
        products: Pairs of a shop and an item.
        turn: When and how it changes.
        outage: When nothing is delivered to the shops.
    """

    def __init__(
        self, folder: Path, landing: Path, first_week: dt.date, weeks: int, products: int, turn: Turn, outage: Outage
    ) -> None:
        write_synthetic_generic(
            folder, seed=11, products=products, weeks=weeks, first_week=first_week, turn=turn, outage=outage
        )
        self._landing = landing
        self._renamed: dict[str, str] = {}
        landing.mkdir(parents=True)
        read = {table: pl.read_csv(folder / f"{table}.csv", infer_schema=False) for table in _DAYS}
        self._tables = read | {"sales": read["sales"].with_row_index("line")}
        self.settle()

    def deliver(self, since: dt.date, until: dt.date, name: str = "") -> None:
        """The files of the days from one to another, both included."""
        for table, day in _DAYS.items():
            days = pl.col(day).str.slice(0, 10)
            rows = self._tables[table].filter((days >= str(since)) & (days <= str(until)))
            rows.rename(self._renamed, strict=False).write_csv(self._landing / f"{table}_{name or until}.csv")

    def double(self, until: dt.date) -> None:
        """The file of sales that was delivered for a week, once more under another name."""
        content = (self._landing / f"sales_{until}.csv").read_bytes()
        (self._landing / f"sales_{until} (1).csv").write_bytes(content)

    def correct(self, since: dt.date, until: dt.date) -> int:
        """Sales of a week in which every tenth line had been written with one unit too few; how many were corrected."""
        days = pl.col("sold_at").str.slice(0, 10)
        sales = self._tables["sales"]
        wrong = (days >= str(since)) & (days <= str(until)) & (pl.col("line") % 10 == 0)
        more = (pl.col("quantity").cast(pl.Int64) + 1).cast(pl.String)
        self._tables["sales"] = sales.with_columns(pl.when(wrong).then(more).otherwise("quantity").alias("quantity"))
        corrected = self._tables["sales"].filter(wrong)
        corrected.rename(self._renamed, strict=False).write_csv(self._landing / f"sales_{until}_corrected.csv")
        return len(corrected)

    def rename_columns(self) -> None:
        """From the next delivery on the seller's system calls a column otherwise, and nobody was told."""
        self._renamed = {"quantity": "anzahl_neu"}

    def settle(self) -> None:
        """Say in ``source.toml`` how the files are written now."""
        columns = "".join(f'{ours} = "{theirs}"\n' for ours, theirs in self._renamed.items())
        (self._landing / "source.toml").write_text(SOURCE.format(columns=columns), encoding="utf-8")
