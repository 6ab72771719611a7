"""Simulated demand: how many units of each product customers want on each day, and at which price.

Kept apart from what a seller does with it (orders, stock), so that the same demand can meet another policy.
"""

import datetime as dt
from dataclasses import dataclass

import numpy as np

from data.weeks import DateArray
from feature_service.kernel.arrays import DoubleArray, IntArray

UNITS_PER_WEEK_SHAPE = 0.35
UNITS_PER_WEEK_SCALE = 1.3
UNITS_PER_WEEK_FLOOR = 0.015
WEEKDAY_WEIGHT = np.array([1.14, 1.14, 1.10, 1.05, 1.00, 0.77, 0.80])
GROWTH_PER_YEAR = 0.6
BLACK_FRIDAY_FACTOR = 4.0

_PRODUCTS_PER_BLOCK = 2_000


@dataclass(frozen=True)
class Turn:
    """A market that changes for good, at once.

    Attributes:
        week: Weeks of the calendar that go as before.
        demand: From then on each product's demand is multiplied by a factor of its own, log-normal with this deviation.
        market: From then on all demand is multiplied by this, too.
        chance_of_delay: From then on, that a delivery to a shop is late.
        longest_delay_days: From then on.
    """

    week: int
    demand: float = 1.0
    market: float = 1.0
    chance_of_delay: float = 0.8
    longest_delay_days: int = 21


@dataclass(frozen=True)
class SimulatedDemand:
    """What customers want, one entry per unit, in the order of days.

    Attributes:
        days: Dates of the calendar, ``datetime64[D]``.
        product: Row of the product, shape ``(units,)``.
        day: Index into ``days``, shape ``(units,)``.
        price: Currency per unit, shape ``(units,)``.
    """

    days: DateArray
    product: IntArray
    day: IntArray
    price: DoubleArray


def simulate_demand(
    rng: np.random.Generator,
    *,
    products: int,
    weeks: int,
    first_week: dt.date,
    scale: float = UNITS_PER_WEEK_SCALE,
    turn: Turn | None = None,
) -> SimulatedDemand:
    """Poisson demand with gamma-distributed rates, so that few products sell often and most hardly at all.

    Products are launched throughout (a third before the first day), fade with age, share the market's weekdays, growth,
    season and Black Friday, and answer price changes.

    Args:
        rng: Source of every random choice.
        products: How many.
        weeks: Length of the calendar.
        first_week: Its first Monday.
        scale: Of the gamma distribution of the rates, in units a week.
        turn: When and how the market changes; None where it does not.
    """
    days = np.arange(np.datetime64(first_week), np.datetime64(first_week) + 7 * weeks)
    rate = (UNITS_PER_WEEK_FLOOR + rng.gamma(UNITS_PER_WEEK_SHAPE, scale, products)) / 7
    launch = np.maximum(0, rng.integers(-len(days) // 2, len(days), products))
    half_life = rng.uniform(120, 900, products)
    list_price = np.round(rng.lognormal(4.3, 0.9, products), 0) + 0.9
    market = market_factor(days)
    factor = np.ones(products) if turn is None else turn.market * rng.lognormal(0, turn.demand, products)
    turned = np.arange(len(days)) >= (len(days) if turn is None else 7 * turn.week)
    found: list[tuple[IntArray, IntArray, DoubleArray]] = []
    for first in range(0, products, _PRODUCTS_PER_BLOCK):
        block = slice(first, min(first + _PRODUCTS_PER_BLOCK, products))
        age = np.arange(len(days)) - launch[block, None]
        level = _price_level(rng, block.stop - block.start, days)
        mean = rate[block, None] * market * np.exp2(-np.maximum(age, 0) / half_life[block, None]) * level**-1.5
        mean *= np.where(turned, factor[block, None], 1)
        units = rng.poisson(np.where(age >= 0, mean, 0))
        row, day = np.nonzero(units)
        repeats = units[row, day]
        price = np.round(list_price[block][row] * level[row, day], 2)
        found.append((np.repeat(row + first, repeats), np.repeat(day, repeats), np.repeat(price, repeats)))
    product, day, price = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = rng.permutation(len(day))
    order = order[np.argsort(day[order], kind="stable")]
    return SimulatedDemand(days, product[order], day[order], np.maximum(price[order], 0.85))


def market_factor(days: DateArray) -> DoubleArray:
    """What all products share, shape ``(days,)``: weekday, growth, season, and the days around Black Friday."""
    weekday = (days.astype(np.int64) + 3) % 7
    since_start = (days - days[0]).astype(np.int64)
    day_of_year = (days - days.astype("datetime64[Y]").astype("datetime64[D]")).astype(np.int64)
    season = 1 + 0.15 * np.cos(2 * np.pi * (day_of_year - 330) / 365)
    factor = WEEKDAY_WEIGHT[weekday] * season * (1 + GROWTH_PER_YEAR * since_start / 365)
    for year in np.unique(days.astype("datetime64[Y]")):
        friday = np.busday_offset(f"{year}-11", 3, roll="forward", weekmask="Thu") + 1  # after the fourth Thursday
        peak = np.exp(-np.abs((days - friday).astype(np.int64)) / 1.5)
        factor = factor * (1 + (BLACK_FRIDAY_FACTOR - 1) * peak)
    return np.asarray(factor, dtype=np.float64)


def _price_level(rng: np.random.Generator, products: int, days: DateArray) -> DoubleArray:
    """Price relative to the list price, shape ``(products, days)``: up to three lasting changes each."""
    level = np.ones((products, len(days)))
    for _ in range(3):
        day = rng.integers(0, len(days), products)
        step = np.where(rng.random(products) < 0.5, rng.uniform(0.85, 1.15, products), 1.0)
        level *= np.where(np.arange(len(days)) >= day[:, None], step[:, None], 1.0)
    return level
