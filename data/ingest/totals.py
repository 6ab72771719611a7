"""A product that is no product: the row in which a spreadsheet adds up all others."""

import re
from collections.abc import Iterator

import polars as pl

from data.errors import TotalRowsError
from data.ingest.validate import CheckedTable

_WORD = re.compile(
    r"(?i)^\W*(grand|sub|all|sum of|)[\s_-]*"
    r"(total|totals|totale|totaal|sum|summe|gesamt\w*|somme|soma|suma|all)\W*$"
)
_LEAST_PRODUCTS = 3
_NEAR = 0.005
"""Of a sum: rounding."""

_CALLED_SO = 0.2
"""The same for a product whose name says it: some rows may not be in the sum."""


def check_totals(rows: CheckedTable, amount: str) -> Iterator[str]:
    """Find a product that has as many units as all others together.

    Args:
        rows: The table's rows.
        amount: The column that is added up.
    Returns:
        What is to be warned of: it has, but its name does not say that it is a sum.
    Raises:
        TotalRowsError: If it has, or nearly, and is called a total or the like.
    """
    units = rows.good.group_by("product_id").agg(pl.col(amount).sum()).sort(amount, descending=True)
    if units.height < _LEAST_PRODUCTS:
        return
    name, largest = units.row(0)
    others = float(units[amount].sum()) - largest
    if _WORD.match(name) and largest >= (1 - _CALLED_SO) * others:
        raise TotalRowsError(rows.raw.path, name)
    if others > 0 and abs(largest - others) <= _NEAR * others:
        yield (
            f"the product {name!r} of {rows.raw.path.name} has as many units ({largest:,g}) as all others together: "
            "if it is a line that adds them up, leave it out of the file"
        )
