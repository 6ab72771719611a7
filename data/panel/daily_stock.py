"""What was on the shelf on each day, by the counts as the panel takes them."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from data.ingest.result import CleanHistory
from data.panel.sparse_counts import CountDensity, carried_stock
from data.panel.weekly_sales import codes, days_from
from data.panel.weekly_stock import DailyUnits
from feature_service.kernel.arrays import BoolArray, FloatArray

_CELLS_PER_BLOCK = 1_000_000


@dataclass(frozen=True)
class DailyStock:
    """The stock of some products, shape ``(products, days)`` each.

    Attributes:
        units: In the evening; NaN on days of which that is not known: those without a count, unless the units sold
            carry the stock on from count to count.
        out: Where it is known to be used up. A count holds until the next one.
    """

    units: FloatArray
    out: BoolArray


def daily_stock(
    history: CleanHistory, ids: pl.Series, first_day: dt.date, last_day: dt.date, density: CountDensity | None
) -> Iterator[tuple[slice, DailyStock]]:
    """The stock from one day to another, both included, some products at a time; earlier counts are not looked at.

    Args:
        history: Clean sales and counts.
        ids: The products, sorted.
        first_day: The first day.
        last_day: The last day that may be known.
        density: Of the counts, as the panel's fields were made by it.
    Returns:
        Products by their places in ``ids``, with their stock.
    """
    days = (last_day - first_day).days + 1
    is_carried = density is not None and density.is_carried
    counted = _daily_units(history.counts, "counted_on", "units_on_hand", ids, first_day, last_day)
    sold = _daily_units(
        history.sales if is_carried else history.sales.clear(), "sold_on", "units", ids, first_day, last_day
    )
    size = max(1, _CELLS_PER_BLOCK // days)
    for first in range(0, len(ids), size):
        block = slice(first, min(first + size, len(ids)))
        shape = (block.stop - first, days)
        counts, of_block = np.full(shape, np.nan, dtype=np.float32), counted.of(first, block.stop)
        counts[of_block.product, of_block.day] = of_block.units
        if is_carried:
            sales, of_block = np.zeros(shape, dtype=np.float32), sold.of(first, block.stop)
            np.add.at(sales, (of_block.product, of_block.day), of_block.units)
            units, _, out = carried_stock(counts, sales)
            yield block, DailyStock(units, out)
        else:
            yield block, DailyStock(counts, held(counts) <= 0)


def held(units: FloatArray) -> FloatArray:
    """The last known value at or before each day, shape ``(products, days)``; NaN before the first."""
    day = np.arange(units.shape[1])
    last = np.maximum.accumulate(np.where(np.isfinite(units), day, 0), axis=1)
    return np.take_along_axis(units, last, axis=1)


def _daily_units(
    rows: pl.DataFrame, day: str, units: str, ids: pl.Series, first_day: dt.date, last_day: dt.date
) -> DailyUnits:
    known = rows.filter(pl.col(day).is_between(first_day, last_day) & pl.col("product_id").is_in(ids.implode()))
    values = known[units].to_numpy().astype(np.float32)
    return DailyUnits(
        codes(ids, known["product_id"]), days_from(np.datetime64(first_day), known[day]), values
    ).by_product()
