"""From stock counts to matrices, products x weeks: what was there, what left, what came.

A count holds until the next one. Between two counts the stock fell ("depletion") or rose ("receipts") by their
difference, on the day of the later one; what happened on the days between is not known.
"""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from data.panel.sparse_counts import CountDensity, carried_of_days, halves_of_days
from feature_service.kernel.arrays import BoolArray, FloatArray, IntArray
from feature_service.kernel.fields import COUNT_AGE_DAYS, OUT_SPELL_DAYS

STOCK_FIELDS = (
    "units_on_hand",
    COUNT_AGE_DAYS,
    "count_days",
    "depletion",
    "receipts",
    "receipt_days",
    "fall_days",
    "max_daily_fall",
    "min_on_hand",
    "max_on_hand",
    "mean_on_hand",
    "days_out",
    "max_depletion_7",
    "days_since_receipt",
    "days_since_fall",
    "first_receipt_day",
    "fall_squares",
    "depletion_last_3",
    "stock_before_receipt",
    OUT_SPELL_DAYS,
)

_DAYS = 7
_CELLS_PER_BLOCK = 1_000_000
_NAN = np.float32(np.nan)

Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True)
class DailyUnits:
    """Units by product and day, in any order.

    Attributes:
        product: Row of the panel.
        day: From the first Monday.
        units: Counted, or sold; one count per product and day.
    """

    product: IntArray
    day: IntArray
    units: FloatArray

    def by_product(self) -> "DailyUnits":
        """The same in the order of products."""
        order = np.argsort(self.product, kind="stable")
        return DailyUnits(self.product[order], self.day[order], self.units[order])

    def of(self, first: int, last: int) -> "DailyUnits":
        """Those of some products, counted from ``first`` on; in the order of products."""
        rows = slice(*np.searchsorted(self.product, (first, last)))
        return DailyUnits(self.product[rows] - first, self.day[rows], self.units[rows])


def weekly_stock(
    counted: DailyUnits,
    *,
    products: int,
    weeks: int,
    density: CountDensity | None = None,
    sold: DailyUnits | None = None,
) -> dict[str, FloatArray]:
    """Every field of ``STOCK_FIELDS``, and those of sparse counts, each of shape ``(products, weeks)``.

    Args:
        counted: The counts.
        products: Rows.
        weeks: Length of the calendar.
        density: Of the counts; None is dense.
        sold: The sales; where these are complete and the counts sparse, the stock is carried on by them.
    """
    fields: dict[str, FloatArray] = {}
    counted = counted.by_product()
    sold = sold.by_product() if sold is not None and density is not None and density.is_carried else None
    block = max(1, _CELLS_PER_BLOCK // (weeks * _DAYS))
    for first in range(0, max(products, 1), block):  # of no products, too, every field is there
        last = min(first + block, products)
        rows = counted.of(first, last)
        counts = np.full((last - first, weeks * _DAYS), _NAN)
        counts[rows.product, rows.day] = rows.units
        of_block = stock_of_days(counts)
        if sold is not None:
            sales, rows = np.zeros_like(counts), sold.of(first, last)
            np.add.at(sales, (rows.product, rows.day), rows.units)
            of_block |= carried_of_days(counts, sales)
        elif density is not None and density.is_sparse:
            of_block |= halves_of_days(counts)
        for name, matrix in of_block.items():
            fields.setdefault(name, np.empty((products, weeks), dtype=np.float32))[first:last] = matrix
    return fields


def stock_of_days(counts: FloatArray) -> dict[str, FloatArray]:
    """The weekly fields of one dense matrix of daily counts.

    Args:
        counts: Units on hand, shape ``(products, 7 x weeks)``, NaN on days without a count.
    """
    counted = np.isfinite(counts)
    held, age = _last_known(counts, counted)
    before = np.concatenate([np.full((len(counts), 1), _NAN), held[:, :-1]], axis=1)
    # a day without a count, and a product's first count, neither fall nor rise
    change = np.nan_to_num(counts - before)
    fall, rise = np.maximum(-change, 0), np.maximum(change, 0)
    known = _by_week(counted)
    days = known.sum(axis=2, dtype=np.float32)

    def where_counted(values: FloatArray) -> FloatArray:
        return np.where(days > 0, values, _NAN)

    def total(daily: FloatArray | BoolArray) -> FloatArray:
        return where_counted(_by_week(daily.astype(np.float32)).sum(axis=2))

    weekly = _by_week(counts)
    on_hand = np.where(counted, counts, 0)
    return {
        "units_on_hand": _by_week(held)[:, :, -1],
        COUNT_AGE_DAYS: _by_week(age)[:, :, -1],
        "count_days": days,
        "depletion": total(fall),
        "receipts": total(rise),
        "receipt_days": total(rise > 0),
        "fall_days": total(fall > 0),
        "max_daily_fall": where_counted(_by_week(fall).max(axis=2)),
        "min_on_hand": where_counted(np.where(known, weekly, np.inf).min(axis=2)),
        "max_on_hand": where_counted(np.where(known, weekly, -np.inf).max(axis=2)),
        "mean_on_hand": total(on_hand) / np.maximum(days, 1),
        "days_out": total(counted & (counts <= 0)),
        "max_depletion_7": where_counted(_largest_week(fall, counted)),
        "days_since_receipt": _days_since(rise > 0),
        "days_since_fall": _days_since(fall > 0),
        "first_receipt_day": where_counted(_first_day(_by_week(rise > 0))),
        "fall_squares": total(fall * fall),
        "depletion_last_3": where_counted(_by_week(fall)[:, :, -3:].sum(axis=2)),
        # the level at which deliveries arrive: the counts before the week's receipts, added up
        "stock_before_receipt": total(np.where(rise > 0, np.maximum(before, 0), 0)),
        OUT_SPELL_DAYS: np.where(_by_week(held)[:, :, -1] <= 0, _days_since((counts <= 0) & ~(before <= 0)), _NAN),
    }


def _by_week(daily: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
    """Shape ``(products, weeks, 7)``."""
    return daily.reshape(len(daily), daily.shape[1] // _DAYS, _DAYS)


def _last_known(counts: FloatArray, counted: BoolArray) -> tuple[FloatArray, FloatArray]:
    """The last count at or before each day, and its age in days; NaN before the first."""
    day = np.arange(counts.shape[1])
    last = np.maximum.accumulate(np.where(counted, day, -1), axis=1)
    held = np.where(last >= 0, np.take_along_axis(counts, np.maximum(last, 0), axis=1), _NAN)
    return held, np.where(last >= 0, (day - last).astype(np.float32), _NAN)


def _days_since(event: BoolArray) -> FloatArray:
    """Days from the last event to each week's Sunday; NaN where there was none yet."""
    day = np.arange(event.shape[1])
    last = np.maximum.accumulate(np.where(event, day, -1), axis=1)
    return _by_week(np.where(last >= 0, (day - last).astype(np.float32), _NAN))[:, :, -1]


def _first_day(event: BoolArray) -> FloatArray:
    """The first weekday with an event, 0 for Monday; 7 where there is none."""
    return np.where(event.any(axis=2), event.argmax(axis=2), _DAYS).astype(np.float32)


def _largest_week(fall: FloatArray, counted: BoolArray) -> FloatArray:
    """The largest fall over seven days that end in the week, among those that begin after the first count."""
    over_7 = fall.copy()
    for shift in range(1, _DAYS):
        over_7[:, shift:] += fall[:, :-shift]
    first = np.where(counted.any(axis=1), counted.argmax(axis=1), fall.shape[1])
    whole = np.arange(fall.shape[1]) >= first[:, None] + _DAYS
    largest = _by_week(np.where(whole, over_7, -1)).max(axis=2)
    return np.where(largest >= 0, largest, _NAN)
