"""Orders with suppliers as rows of plain numbers, for files and for whoever sends some products' orders to another.

No Polars here, since the gRPC server reads them.
"""

from collections.abc import Sequence
from dataclasses import fields

import numpy as np
import numpy.typing as npt

from feature_service.kernel.arrays import IntArray
from feature_service.kernel.deliveries import NOT_RECEIVED, PurchaseOrders

_DAYS = ("ordered_day", "expected_day", "received_day")
ORDER_ROW = np.dtype(
    [("product", "<i8"), *((name, "<i8") for name in _DAYS), ("units", "<f4"), ("received_units", "<f4")]
)
"""An order: the place of its product, and what :class:`PurchaseOrders` says of it."""

_MOST_DAYS = 40_000
"""From one day of the years 2000 to 2099, in which all dates lie, to another."""

OrderRows = npt.NDArray[np.void]


def rows_of(orders: PurchaseOrders) -> OrderRows:
    """One row of ``ORDER_ROW`` for each order, in their order."""
    rows = np.empty(len(orders.units), dtype=ORDER_ROW)
    rows["product"] = orders.product
    for name in ORDER_ROW.names[1:] if ORDER_ROW.names else ():
        rows[name] = getattr(orders, name)
    return rows


def orders_of(rows: OrderRows, products: int) -> PurchaseOrders:
    """What :func:`rows_of` was given.

    Args:
        rows: Sorted by product, within it by expected day.
        products: How many there are, with an order or without.
    Raises:
        ValueError: If they are no such rows.
    """
    if rows.dtype != ORDER_ROW or rows.ndim != 1:
        raise ValueError(f"purchase orders are {rows.dtype} of shape {rows.shape}, not rows of {ORDER_ROW.names}")
    product: IntArray = rows["product"]
    place = np.lexsort((rows["expected_day"], product))
    if len(rows) and (product.min() < 0 or product.max() >= products or (np.diff(place) != 1).any()):
        raise ValueError(f"purchase orders are not those of {products} products, sorted by product and expected day")
    if not _can_be(rows):
        raise ValueError("purchase orders hold days or units that cannot be")
    first = np.searchsorted(product, np.arange(products + 1))
    columns = {each.name: np.ascontiguousarray(rows[each.name]) for each in fields(PurchaseOrders)[1:]}
    return PurchaseOrders(first.astype(np.int64), **columns)


def _can_be(rows: OrderRows) -> bool:
    is_open = rows["received_day"] == NOT_RECEIVED
    days = np.concatenate([rows["ordered_day"], rows["expected_day"], rows["received_day"][~is_open]])
    units, received = rows["units"], rows["received_units"]
    are_days = ((days >= -_MOST_DAYS) & (days <= _MOST_DAYS)).all()
    are_units = np.isfinite(units).all() and (units > 0).all() and (received[~is_open] >= 0).all()
    return bool(are_days and are_units and np.isfinite(received[~is_open]).all() and np.isnan(received[is_open]).all())


def cells_of(orders: PurchaseOrders) -> list[bytes]:
    """Each product's rows."""
    rows = rows_of(orders)
    return [rows[start:stop].tobytes() for start, stop in zip(orders.first[:-1], orders.first[1:], strict=True)]


def orders_of_cells(cells: Sequence[bytes]) -> PurchaseOrders:
    """The orders of products whose rows :func:`cells_of` gave, wherever each product stood there."""
    counts = np.array([len(each) // ORDER_ROW.itemsize for each in cells], dtype=np.int64)
    rows = np.frombuffer(b"".join(cells), dtype=ORDER_ROW).copy()
    rows["product"] = np.repeat(np.arange(len(cells)), counts)
    return orders_of(rows, len(cells))
