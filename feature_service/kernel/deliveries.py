"""What is on the way: orders with suppliers, as a panel holds them beside its weeks."""

from dataclasses import dataclass, fields, replace

import numpy as np

from feature_service.kernel.arrays import FloatArray, IntArray, Rows

NOT_RECEIVED = np.iinfo(np.int64).max
"""The received day of an order of which no receipt is known."""


@dataclass(frozen=True)
class PurchaseOrders:
    """Orders with suppliers: all of the first product, then all of the next one, each product's by their expected day.

    Days count from the first day of the panel's first week; those before it are below 0. An order is closed by its
    receipt, whatever came of it.

    Attributes:
        first: Place of each product's first order, and behind the last product the number of orders; shape
            ``(products + 1,)``.
        ordered_day: Shape ``(orders,)``, as are the others.
        expected_day: On which it was promised.
        received_day: ``NOT_RECEIVED`` where no receipt is known.
        units: Ordered, above 0; float32.
        received_units: At least 0; NaN where no receipt is known.
    """

    first: IntArray
    ordered_day: IntArray
    expected_day: IntArray
    received_day: IntArray
    units: FloatArray
    received_units: FloatArray

    @classmethod
    def none(cls, products: int) -> "PurchaseOrders":
        """No order of any product."""
        days, units = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        return cls(np.zeros(products + 1, dtype=np.int64), days, days, days, units, units)

    @property
    def products(self) -> int:
        """How many there are, with an order or without."""
        return len(self.first) - 1

    @property
    def product(self) -> IntArray:
        """The product of each order, by its place."""
        return np.repeat(np.arange(self.products), np.diff(self.first))

    def of(self, rows: Rows) -> "PurchaseOrders":
        """Those of some products, which are counted from 0 again.

        Args:
            rows: Places of products, in any order.
        """
        chosen = np.arange(self.products)[rows]
        counts = np.diff(self.first)[chosen]
        first = np.concatenate([[0], np.cumsum(counts)])
        within = np.arange(first[-1]) - np.repeat(first[:-1], counts)
        orders = np.repeat(self.first[:-1][chosen], counts) + within
        of_orders = {each.name: getattr(self, each.name)[orders] for each in fields(self) if each.name != "first"}
        return replace(self, first=first, **of_orders)
