"""From sale lines to matrices, products x weeks."""

import numpy as np
import polars as pl

from data.panel import DAYS_SINCE_SALE, ORDERS, PRICE_MEAN, SALE_DAYS, UNITS_SOLD
from feature_service.kernel.arrays import BoolArray, DoubleArray, FloatArray, IntArray

_DAYS = 7
_NAN = np.float32(np.nan)


def codes(ids: pl.Series, of: pl.Series) -> IntArray:
    """The position in ``ids`` of each product id in ``of``."""
    return of.cast(pl.Enum(ids)).to_physical().to_numpy().astype(np.int64)


def days_from(first_day: np.datetime64, dates: pl.Series) -> IntArray:
    """Days from the calendar's first day, shape ``(rows,)``."""
    return (dates.to_numpy().astype("datetime64[D]") - first_day).astype(np.int64)


def first_weeks(product: IntArray, week: IntArray, products: int, weeks: int) -> IntArray:
    """The first of each product's weeks, shape ``(products,)``; ``weeks`` where it has none."""
    first = np.full(products, weeks, dtype=np.int64)
    np.minimum.at(first, product, week)
    return first


def weekly_sales(
    sales: pl.DataFrame, product: IntArray, day: IntArray, launch: IntArray, weeks: int
) -> dict[str, FloatArray]:
    """Units, price, orders and days of the sales of every product in every week.

    Args:
        sales: As in ``CleanHistory``, sorted by product, then day.
        product: Row of each sale.
        day: Day of each sale from the first Monday.
        launch: First week in which each product is known; earlier weeks are NaN.
        weeks: Length of the calendar.
    Returns:
        Matrices of shape ``(products, weeks)``: ``units_sold``; ``price_mean``, 0 where no price is known; ``orders``,
        different orders; ``sale_days``, days with a sale; ``days_since_sale``, from the last one to the week's Sunday.
    """
    cell = product * weeks + day // _DAYS
    # only the cells with a sale are summed up, in float64; the dense matrices are touched once
    starts = np.flatnonzero(np.diff(cell, prepend=-1))
    cells = cell[starts]
    units, price = sales["units"].to_numpy(), sales["unit_price"].to_numpy()
    priced = np.where(np.isfinite(price), units, 0.0)
    value, of_priced = _sums(priced * np.nan_to_num(price), starts), _sums(priced, starts)
    new_day = (np.diff(day, prepend=-1) != 0) | (np.diff(cell, prepend=-1) != 0)
    known = np.arange(weeks) >= launch[:, None]
    ends = np.append(starts[1:], len(cell))[: len(starts)]  # none where nothing was sold
    last_day = _fill(known, cells, day[ends - 1], nothing=-1)
    np.fmax.accumulate(last_day, axis=1, out=last_day)  # maximum would carry the NaN of before the launch on
    sundays = np.arange(weeks, dtype=np.float32) * _DAYS + (_DAYS - 1)
    return {
        UNITS_SOLD: _fill(known, cells, _sums(units, starts)),
        PRICE_MEAN: _fill(known, cells, value / np.where(of_priced > 0, of_priced, 1)),
        ORDERS: _fill(known, cells, _distinct(cell, sales["order"].to_numpy(), cells)),
        SALE_DAYS: _fill(known, cells, _sums(new_day, starts)),
        DAYS_SINCE_SALE: np.where(last_day >= 0, sundays - last_day, _NAN),
    }


def _sums(values: DoubleArray | BoolArray, starts: IntArray) -> DoubleArray:
    if not len(starts):
        return np.empty(0)
    sums: DoubleArray = np.add.reduceat(values.astype(np.float64), starts)
    return sums


def _distinct(cell: IntArray, order: IntArray, cells: IntArray) -> IntArray:
    """How many different orders lie in each of ``cells``."""
    span = int(order.max(initial=0)) + 1
    lines = np.sort(cell * span + order)
    of_orders = lines[np.diff(lines, prepend=-1) != 0] // span
    return np.diff(np.searchsorted(of_orders, cells), append=len(of_orders))


def _fill(known: BoolArray, cells: IntArray, values: DoubleArray | IntArray, nothing: float = 0) -> FloatArray:
    """The values in their cells, ``nothing`` in the others that are known, NaN elsewhere."""
    matrix: FloatArray = np.where(known, np.float32(nothing), _NAN)
    matrix.ravel()[cells] = values
    return matrix
