"""What a report says of facts, as sums over products: those of parts of the products add up to those of all."""

import datetime as dt
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from data.ingest.facts import Facts, Movements, excluded_by_reason
from data.ingest.result import DAYS_OF, rows_by_day

_SUNDAY = dt.timedelta(days=6)


@dataclass(frozen=True)
class CleanSums:
    """What became of some products' facts.

    Attributes:
        lines: Lines of sales that are known.
        lines_used: As in ``Movements``, like the next three.
        lines_excluded: See there.
        returned_units: See there.
        unmatched_units: See there.
        products: How many.
        products_excluded: Of these, those that are not followed, by reason.
        days: By table of a ``CleanHistory``, the rows of each day, or of the Monday of each week.
        purchase_orders: Those that are known.
    """

    lines: int
    lines_used: int
    lines_excluded: int
    returned_units: float
    unmatched_units: float
    products: int
    products_excluded: Mapping[str, int]
    days: Mapping[str, Mapping[str, int]]
    purchase_orders: int

    def rows(self, table: str) -> int:
        """Rows of a table."""
        return sum(self.days[table].values())

    def rows_by_day(self, table: str) -> pl.DataFrame:
        """``day`` and ``rows``, sorted."""
        days = sorted((dt.date.fromisoformat(day), rows) for day, rows in self.days[table].items())
        return pl.DataFrame(days, schema={"day": pl.Date, "rows": pl.Int64}, orient="row")

    def days_known(self) -> tuple[dt.date, dt.date]:
        """The first and the last day of which anything is known: a flag is of a whole week, and so to its Sunday."""
        days = {table: self.rows_by_day(table)["day"].to_list() for table in DAYS_OF}
        known = [*days["sales"], *days["counts"], *(week + _SUNDAY for week in days["availability"])]
        return min([*known, *days["availability"]]), max(known)


def sums_of(facts: Facts, moved: Movements, products: pl.DataFrame) -> CleanSums:
    """What became of facts: the sales made of them, and the products that they name."""
    frames = {"sales": moved.sales, "counts": facts.tables["inventory"], "availability": facts.tables["availability"]}
    by_day = {table: rows_by_day(frames[table][day]) for table, day in DAYS_OF.items()}
    return CleanSums(
        lines=facts.tables["sales"].height,
        lines_used=moved.lines_used,
        lines_excluded=moved.lines_excluded,
        returned_units=moved.returned_units,
        unmatched_units=moved.unmatched_units,
        products=products.height,
        products_excluded=excluded_by_reason(products),
        days={table: {str(day): rows for day, rows in days.iter_rows()} for table, days in by_day.items()},
        purchase_orders=facts.tables["purchase_orders"].height,
    )


def joined_sums(parts: Sequence[CleanSums]) -> CleanSums:
    """Those of all products, from those of parts of them."""
    excluded: Counter[str] = Counter()
    days: dict[str, Counter[str]] = {table: Counter() for table in DAYS_OF}
    for part in parts:
        excluded.update(part.products_excluded)
        for table, rows in part.days.items():
            days[table].update(rows)
    return CleanSums(
        lines=sum(part.lines for part in parts),
        lines_used=sum(part.lines_used for part in parts),
        lines_excluded=sum(part.lines_excluded for part in parts),
        returned_units=math.fsum(part.returned_units for part in parts),
        unmatched_units=math.fsum(part.unmatched_units for part in parts),
        products=sum(part.products for part in parts),
        products_excluded=dict(sorted(excluded.items())),
        days={table: dict(rows) for table, rows in days.items()},
        purchase_orders=sum(part.purchase_orders for part in parts),
    )
