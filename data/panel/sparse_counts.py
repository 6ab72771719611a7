"""What is known of shelves that are counted on few days.

Between two counts a stock falls by what is sold and rises by what comes, on days that nobody wrote down. Where sales
tell the falls, the stock of a day is the last count less the units sold since. As long as that is above 0 there was
stock, whatever came; at 0 the shelf was empty, unless something came on that very day; below 0 something came, nobody
knows when, and the stock is not known. Where the sales tell only a part of the falls, only the counts are known; each
then speaks for the end of the week that it is nearest to.
"""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import polars as pl

from data.ingest.result import CleanHistory
from data.panel import OLDEST_COUNT_DAYS
from feature_service.kernel.arrays import BoolArray, FloatArray
from feature_service.kernel.fields import (
    MIN_ON_HAND_EARLY,
    MIN_ON_HAND_LATE,
    OUT_IN_WEEK,
    OUT_SPELL_DAYS,
    UNITS_ON_HAND,
)

SPARSE_BELOW = 3.5
"""Counts a product and week, on average, below which counts are sparse: on fewer than every second day."""

COMPLETE_FROM = 0.95
"""Share of the falls that the sales must tell to be complete; it is 0.99 where nothing else leaves a shelf."""

_DAYS = 7
_EARLY_DAYS = 3
_EXACTLY = 1e-6
_UNIT = 65_536
_NAN = np.float32(np.nan)


@dataclass(frozen=True)
class CountDensity:
    """How often shelves are counted, and how much of what leaves them the sales tell.

    Attributes:
        counts_per_week: Days with a count, a product and week from its first count on.
        sales_share: Of the units by which counts fall, how many were sold between the two counts; None without sales.
    """

    counts_per_week: float
    sales_share: float | None

    @property
    def is_sparse(self) -> bool:
        """Whether most days have no count."""
        return self.counts_per_week < SPARSE_BELOW

    @property
    def is_carried(self) -> bool:
        """Whether the stock is carried on from each count by the units sold."""
        return self.is_sparse and self.sales_share is not None and self.sales_share >= COMPLETE_FROM


@dataclass(frozen=True)
class DensitySums:
    """What a density is made of: whole numbers, which add up over parts of the products without rounding.

    Attributes:
        counts: Rows.
        product_weeks: From each product's first count on.
        fallen: Units by which counts fell, in 1/65536ths.
        sold: Of these, how many were sold between the two counts.
    """

    counts: int
    product_weeks: int
    fallen: int
    sold: int

    def __add__(self, other: "DensitySums") -> "DensitySums":
        """Of the products of both."""
        return DensitySums(
            self.counts + other.counts,
            self.product_weeks + other.product_weeks,
            self.fallen + other.fallen,
            self.sold + other.sold,
        )

    def density(self, *, sales_are_known: bool) -> CountDensity | None:
        """None if there is no count."""
        if not self.counts:
            return None
        share = self.sold / self.fallen if sales_are_known and self.fallen else None
        return CountDensity(self.counts / self.product_weeks, share)


def density_of(history: CleanHistory, end: dt.date) -> CountDensity | None:
    """How dense the counts up to a day are; None if there are none."""
    return density_sums(history, end).density(sales_are_known=not history.report.sales_are_depletion)


def density_sums(history: CleanHistory, end: dt.date) -> DensitySums:
    """What the density of the counts up to a day is made of."""
    counts = history.counts.filter(pl.col("counted_on") <= end).sort("product_id", "counted_on")
    if counts.is_empty():
        return DensitySums(0, 0, 0, 0)
    first = counts.group_by("product_id").agg(pl.col("counted_on").min())["counted_on"]
    product_weeks = ((pl.lit(end) - first).dt.total_days() // _DAYS + 1).sum()
    return DensitySums(counts.height, pl.select(product_weeks).item(), *_falls(history.sales, counts))


def _falls(sales: pl.DataFrame, counts: pl.DataFrame) -> tuple[int, int]:
    """Units by which counts fell, and of these the units that were sold, in whole parts of a unit."""
    sold = (
        sales.group_by("product_id", counted_on="sold_on")
        .agg(pl.col("units").sum())
        .sort("product_id", "counted_on")
        .with_columns(pl.col("units").cum_sum().over("product_id"))
    )
    between = counts.join_asof(sold, on="counted_on", by="product_id", check_sortedness=False).select(
        fall=-pl.col("units_on_hand").diff().over("product_id"),
        sold=pl.col("units").fill_null(0).diff().over("product_id"),
    )
    falls = between.filter(pl.col("fall") > 0).with_columns(pl.min_horizontal("fall", "sold").alias("sold"))
    fallen, told = ((falls[name] * _UNIT).round().cast(pl.Int64).sum() for name in ("fall", "sold"))
    return int(fallen), int(told)


def carried_of_days(counts: FloatArray, sold: FloatArray) -> dict[str, FloatArray]:
    """The stock as it is carried on from each count by the units sold, for four weeks.

    Args:
        counts: Units on hand, shape ``(products, 7 x weeks)``, NaN on days without a count.
        sold: Units sold on each day, of the same shape. A count is taken as made at the end of its day.
    Returns:
        Of shape ``(products, weeks)``: ``units_on_hand`` on the Sunday; ``out_spell_days``; ``out_in_week``: 1 where a
        day ended out of stock, 0 where all days ended in stock. NaN where that is not known.
    """
    known, full, out = carried_stock(counts, sold)
    any_out, all_full = _by_week(out).any(axis=2), _by_week(full).all(axis=2)
    return {
        UNITS_ON_HAND: _by_week(known)[:, :, -1],
        OUT_SPELL_DAYS: _spell_days(out),
        OUT_IN_WEEK: np.where(any_out, np.float32(1), np.where(all_full, np.float32(0), _NAN)),
    }


def carried_stock(counts: FloatArray, sold: FloatArray) -> tuple[FloatArray, BoolArray, BoolArray]:
    """The stock of every day; see :func:`carried_of_days`.

    Returns:
        Of the same shape as the counts: units, NaN where they are not known; where there is stock; where there is none.
    """
    day = np.arange(counts.shape[1])
    last = np.maximum.accumulate(np.where(np.isfinite(counts), day, -1), axis=1)
    recent = (last >= 0) & (day - last <= OLDEST_COUNT_DAYS)
    at = np.maximum(last, 0)
    total = np.cumsum(sold, axis=1, dtype=np.float64)
    since = total - np.take_along_axis(total, at, axis=1)
    held = np.take_along_axis(counts, at, axis=1)
    stock = np.where(recent, held - since, np.nan)
    full = stock > _EXACTLY
    out = (np.abs(stock) <= _EXACTLY) | ((held <= 0) & recent & (since == 0))
    return np.where(full | out, stock, np.nan).astype(np.float32), full, out


def halves_of_days(counts: FloatArray) -> dict[str, FloatArray]:
    """The least count of the first three days of each week, and of its last four; NaN where there is none.

    A count of the first three is nearer to the end of the week before than to that of its own.
    """
    weekly = _by_week(np.where(np.isfinite(counts), counts, np.inf))
    halves = {MIN_ON_HAND_EARLY: weekly[:, :, :_EARLY_DAYS], MIN_ON_HAND_LATE: weekly[:, :, _EARLY_DAYS:]}
    lowest = {name: half.min(axis=2) for name, half in halves.items()}
    return {name: np.where(np.isfinite(each), each, _NAN).astype(np.float32) for name, each in lowest.items()}


def _by_week(daily: np.ndarray) -> np.ndarray:
    return daily.reshape(len(daily), daily.shape[1] // _DAYS, _DAYS)


def _spell_days(out: BoolArray) -> FloatArray:
    """Days from the first day of the spell that the Sunday lies in; NaN where that is not out of stock."""
    day = np.arange(out.shape[1])
    began = np.maximum.accumulate(np.where(out, -1, day), axis=1)
    return np.where(_by_week(out)[:, :, -1], _by_week(day - began - 1)[:, :, -1], np.nan).astype(np.float32)
