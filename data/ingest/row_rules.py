"""Rules that look at several columns of a row."""

import polars as pl

from data.ingest.contracts import PURCHASE_ORDERS, RejectionReason, Table

Rule = tuple[RejectionReason, pl.Expr, str]
"""The reason, whether a row breaks the rule, and the column that is to blame."""


def rules_of_rows(table: Table, typed: pl.DataFrame) -> list[Rule]:
    """Those of a table.

    Args:
        table: Its contract.
        typed: Its rows, converted as far as they could be.
    """
    if table.name != PURCHASE_ORDERS.name:
        return []
    headers = {column.name: column.header for column in table.columns}
    ordered, expected, received, units = (
        pl.lit(typed[name]) for name in ("ordered_on", "expected_on", "received_on", "received_units")
    )
    # many systems say 0 of what has not come yet
    without_day = (units > 0) & received.is_null()
    return [
        (RejectionReason.EXPECTED_BEFORE_ORDERED, expected < ordered, headers["expected_on"]),
        (RejectionReason.RECEIVED_BEFORE_ORDERED, received < ordered, headers["received_on"]),
        (RejectionReason.RECEIVED_WITHOUT_DAY, without_day, headers["received_on"]),
    ]
