"""Returned units, in an export as negative quantities: netted off the sales of their week, or ignored and counted."""

import polars as pl

from data.ingest.contracts import RejectionReason, Table
from data.ingest.reading import IGNORE
from data.ingest.validate import CheckedTable


def leave_out_returns(sales: CheckedTable, table: Table) -> CheckedTable:
    """Where returns are to be ignored, move them out of the sales."""
    if table.reading.returns != IGNORE:
        return sales
    returned = sales.good.filter(pl.col("quantity") < 0)
    return sales.refuse(returned.with_columns(reason=pl.lit(RejectionReason.IGNORED_RETURN.value)))


def net_returns(sales: pl.DataFrame) -> tuple[pl.DataFrame, float]:
    """Take returned units off the product's sales of the same week, the latest first; of one day, the dearest.

    Later weeks than that of the return are not touched, and no earlier one either: what was known in a week stays.

    Args:
        sales: ``product_id``, ``sold_on``, ``units`` (below 0: returned) and other columns.
    Returns:
        The sales that are left, and the returned units for which the week held no sale.
    """
    keys = ["product_id", "week"]
    dated = sales.with_columns(week=pl.col("sold_on").dt.truncate("1w"))
    returned = dated.filter(pl.col("units") < 0).group_by(keys).agg(returned=-pl.col("units").sum())
    sold = (
        dated.filter(pl.col("units") > 0)
        .join(returned, on=keys, how="left")
        .with_columns(pl.col("returned").fill_null(0.0))
    )
    later = pl.col("units").cum_sum(reverse=True).over(keys, order_by=["sold_on", "unit_price", "units"]) - pl.col(
        "units"
    )
    taken = (pl.col("returned") - later).clip(0, pl.col("units"))
    netted = sold.with_columns(units=pl.col("units") - taken, taken=taken)
    unmatched = float(returned["returned"].sum()) - float(netted["taken"].sum())
    return netted.filter(pl.col("units") > 0).select(sales.columns), unmatched
