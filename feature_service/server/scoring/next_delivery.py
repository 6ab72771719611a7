"""What comes next, by the orders on their way, or else by how deliveries came before; and which to hurry."""

from __future__ import annotations  # NumPy's types

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from feature_service.kernel import Demand
from feature_service.kernel.arrays import BoolArray, DoubleArray, Rows
from feature_service.kernel.block import Fields
from feature_service.kernel.deliveries import Incoming
from feature_service.kernel.fields import COUNT_DAYS, DAYS_SINCE_RECEIPT, RECEIPT_DAYS, RECEIPTS
from feature_service.kernel.series import ratio

_FEWEST_RECEIPTS = 4
"""Of fewer nobody can say what is usual."""


@dataclass(frozen=True)
class NextDeliveries:
    """Of each product, shape ``(rows,)``; NaN where nothing is known.

    Attributes:
        days: From the ``as_of`` week's last day to that on which it is expected, at least 1.
        units: How much it brings.
        overdue_days: By how many it is overdue, at least 0.
        on_order_units: Of all that is on its way; NaN where the delivery is inferred.
    """

    days: DoubleArray
    units: DoubleArray
    overdue_days: DoubleArray
    on_order_units: DoubleArray

    @classmethod
    def known(cls, incoming: Incoming) -> NextDeliveries:
        """The first of what is on its way."""
        if not incoming.days.shape[1]:
            return cls(*(np.full(len(incoming.days), np.nan) for _ in range(4)))
        days, promised = incoming.days[:, 0], incoming.promised_days[:, 0]
        is_known = np.isfinite(days)
        with_it = np.where(incoming.days == days[:, None], incoming.units, 0).sum(axis=1)
        figures = (days, with_it, np.maximum(-promised, 0), incoming.units.sum(axis=1))
        return cls(*(np.where(is_known, each, np.nan) for each in figures))

    @classmethod
    def joined(cls, parts: Sequence[NextDeliveries]) -> NextDeliveries:
        """Those of all parts; at least one."""
        return cls(*(np.concatenate(each) for each in zip(*(vars(part).values() for part in parts), strict=True)))

    def of(self, rows: Rows) -> NextDeliveries:
        """Those of some rows."""
        return NextDeliveries(*(each[rows] for each in vars(self).values()))

    def replaced_where(self, chosen: BoolArray, others: NextDeliveries) -> NextDeliveries:
        """The others in the chosen rows, shape ``(rows,)``."""
        pairs = zip(vars(self).values(), vars(others).values(), strict=True)
        return NextDeliveries(*(np.where(chosen, other, mine) for mine, other in pairs))


def inferred_deliveries(fields: Fields) -> NextDeliveries:
    """A usual delivery, the usual time after the last one, by the rises of counts of every day.

    Args:
        fields: Of the weeks up to ``as_of``.
    """
    rows = len(next(iter(fields.values())))
    unknown = np.full(rows, np.nan)
    if RECEIPTS not in fields:
        return NextDeliveries(unknown, unknown, unknown, unknown)
    receipts, receipt_days, count_days = (
        np.nan_to_num(fields[name].astype(np.float64)).sum(axis=1) for name in (RECEIPTS, RECEIPT_DAYS, COUNT_DAYS)
    )
    days = np.rint(ratio(count_days, receipt_days) - fields[DAYS_SINCE_RECEIPT][:, -1])
    known = np.isfinite(days) & (receipt_days >= _FEWEST_RECEIPTS)
    units = ratio(receipts, receipt_days)
    return NextDeliveries(
        np.where(known, np.maximum(days, 1), np.nan),
        np.where(known, units, np.nan),
        np.where(known, 0.0, np.nan),
        unknown,
    )


def expedite_in_days(demand: Demand, stock: DoubleArray, incoming: Incoming) -> DoubleArray:
    """Days to that by which the next delivery has to be there; NaN where it comes before mean demand uses up the stock.

    Args:
        demand: Of a week.
        stock: Units on hand, NaN where not known.
        incoming: What is on its way.
    """
    if not incoming.days.shape[1]:
        return np.full(len(stock), np.nan)
    expected, lasts = incoming.days[:, 0], np.floor(np.round(demand.days_until_out(stock), 9))
    is_late = np.isfinite(expected) & (lasts < expected)  # NaN is not
    by = np.maximum(lasts, 1)
    return np.where(is_late & (by < expected), by, np.nan)
