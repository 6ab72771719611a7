"""What the panel's matrices say of some rows, without ever making the whole of a derived matrix."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from data.panel import Panel
from feature_service.kernel.arrays import DoubleArray

_PRODUCTS_PER_BLOCK = 20_000

Rowwise = Callable[[Panel], DoubleArray]
"""From a panel to values of shape ``(products, weeks, ...)``, each product's from its own fields alone."""


RowsOrColumns = npt.NDArray[np.integer[Any]]


class PanelRows:
    """Rows of a panel, each a product in a week.

    Args:
        panel: Products x weeks.
        product: Row of each product in the panel, shape ``(rows,)``.
        column: Column of each week in the panel, shape ``(rows,)``.
    """

    def __init__(self, panel: Panel, product: RowsOrColumns, column: RowsOrColumns) -> None:
        self._panel, self._product, self._column = panel, product, column
        self._order = np.argsort(product, kind="stable")

    def __len__(self) -> int:
        return len(self._product)

    def take(self, values_of: Rowwise) -> DoubleArray:
        """The values of these rows, shape ``(rows, ...)``; products are computed some at a time."""
        products = len(self._panel.product_ids)
        starts = np.arange(0, max(products, 1), _PRODUCTS_PER_BLOCK)
        bounds = np.searchsorted(self._product, [*starts, products], sorter=self._order)
        result: DoubleArray = np.empty(0)
        for start, first, last in zip(starts, bounds[:-1], bounds[1:], strict=True):
            rows = self._order[first:last]
            values = values_of(self._panel.part(slice(start, start + _PRODUCTS_PER_BLOCK)))
            if not start:
                result = np.empty((len(self), *values.shape[2:]), values.dtype)
            result[rows] = values[self._product[rows] - start, self._column[rows]]
            self._panel.release()
        return result
