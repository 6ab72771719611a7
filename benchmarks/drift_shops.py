"""Invented shops in which nothing changes from week to week, until something is injected into their records.

Demand is Poisson at each product's own rate, times a noise of 5 % that all products share in a week; an order policy
restocks the shelves (``data.synthetic.shops``); prices have lasting steps up and down and short promotions. There is no
growth, no season, no launch and no holiday. The records go through the ingest like a seller's files.
"""

import datetime as dt
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from data.ingest.generic import ingest_generic
from data.panel import Panel
from data.panel.build import build_panel
from data.synthetic.demand import WEEKDAY_WEIGHT
from data.synthetic.shops import CATEGORIES, SHOPS, UNITS_PER_WEEK_SCALE, simulate_shelf
from feature_service.kernel.arrays import BoolArray, DoubleArray, IntArray

FIRST_WEEK = dt.date(2023, 1, 2)
SHOP = "3"
_DAYS = 7
_WEEKLY_NOISE = 0.05
_CHANCE_OF_NO_COUNT = 0.06

Records = pl.DataFrame
Change = Callable[[Records, pl.Expr], Records]
"""Takes records and where they are of after the onset."""


def _unchanged(records: Records, late: pl.Expr) -> Records:  # noqa: ARG001
    return records


def _set(column: str, value: Callable[[pl.Expr], pl.Expr], where: pl.Expr | None = None) -> Change:
    def change(records: Records, late: pl.Expr) -> Records:
        chosen = late if where is None else late & where
        return records.with_columns(pl.when(chosen).then(value(pl.col(column))).otherwise(pl.col(column)).alias(column))

    return change


_OF_SHOP = pl.col("product_id").str.starts_with(f"{SHOP}-")


@dataclass(frozen=True)
class Injected:
    """Something that changes.

    Attributes:
        name: For people.
        named: What a right name of it holds.
        demand: Factor on what customers want.
        sales: What becomes of the records of sales.
        counts: What becomes of the counts.
    """

    name: str
    named: tuple[str, ...]
    demand: float = 1.0
    sales: Change = _unchanged
    counts: Change = _unchanged


_SHOP_NAME = f" of location {SHOP}"

INJECTED = (
    Injected("prices x1.15", ("price_mean",), sales=_set("unit_price", lambda price: price * 1.15)),
    Injected("demand x1.3", ("units_sold", "sales recorded a day", "products sold"), demand=1.3),
    Injected(
        "one shop in cents",
        (f"price_mean{_SHOP_NAME}",),
        sales=_set("unit_price", lambda price: price * 100, _OF_SHOP),
    ),
    Injected(
        "one shop in dozens", (f"units_sold{_SHOP_NAME}",), sales=_set("quantity", lambda units: units / 12, _OF_SHOP)
    ),
    Injected(
        "one shop missing",
        (_SHOP_NAME, "locations with records"),
        sales=lambda records, late: records.filter(~(late & _OF_SHOP)),
        counts=lambda records, late: records.filter(~(late & _OF_SHOP)),
    ),
    Injected("all prices 9.99", ("price_mean by product",), sales=_set("unit_price", lambda price: price * 0 + 9.99)),
    Injected("all counts 5", ("units_on_hand by product",), counts=_set("units_on_hand", lambda units: units * 0 + 5)),
)


def shop_panel(
    products: int, weeks: int, seed: int, injected: Injected | None = None, onset: int | None = None
) -> Panel:
    """The panel of an invented shop.

    Args:
        products: Pairs of one of eight shops and an item.
        weeks: Of the history.
        seed: Of every random choice.
        injected: What changes; the random choices before it stay as they were.
        onset: The week from which on it changes.
    """
    random = np.random.default_rng(seed)
    days = weeks * _DAYS
    rate = (0.015 + random.gamma(0.35, UNITS_PER_WEEK_SCALE, products)) / _DAYS
    shared = np.repeat(np.exp(random.normal(0, _WEEKLY_NOISE, weeks)), _DAYS)
    mean = rate[:, None] * WEEKDAY_WEIGHT[np.arange(days) % _DAYS] * shared
    wanted, price = random.poisson(mean), _prices(random, products, weeks)
    lead_time = random.integers(3, 22, products)
    late = np.arange(days) >= (weeks if onset is None else onset) * _DAYS
    if injected is not None:
        wanted = wanted + random.poisson(mean * late * (injected.demand - 1))
    shelf = simulate_shelf(random, wanted, lead_time)
    is_counted = random.random(shelf.on_hand.shape) >= _CHANCE_OF_NO_COUNT
    sales = _records(shelf.sales > 0, {"sold_at": None, "quantity": shelf.sales, "unit_price": price})
    counts = _records(is_counted, {"counted_on": None, "units_on_hand": shelf.on_hand})
    if injected is not None:
        first = FIRST_WEEK + dt.timedelta(weeks=onset or 0)
        sales = injected.sales(sales, pl.col("sold_at") >= first)
        counts = injected.counts(counts, pl.col("counted_on") >= first)
    return _panel_of(sales, counts, products, weeks)


def _prices(random: np.random.Generator, products: int, weeks: int) -> DoubleArray:
    """Currency per unit, shape ``(products, days)``: two lasting steps a year, and at times two weeks at 20 % off."""
    listed = np.round(random.lognormal(1.5, 0.9, products)) + 0.9
    steps = np.where(random.random((products, weeks)) < 2 / 52, random.normal(0, 0.08, (products, weeks)), 0)
    begins = random.random((products, weeks)) < 0.03
    is_off = begins | np.roll(begins, 1, axis=1)
    level = np.exp(steps.cumsum(axis=1)) * np.where(is_off, 0.8, 1.0)
    return np.repeat(np.maximum(np.round(listed[:, None] * level, 2), 0.05), _DAYS, axis=1)


def _records(chosen: BoolArray, columns: Mapping[str, IntArray | DoubleArray | None]) -> Records:
    """A record for each chosen product and day; the column without values is the day."""
    product, day = np.nonzero(chosen)
    ids = np.array([f"{row % SHOPS + 1}-{row // SHOPS + 10_001}" for row in range(len(chosen))])
    dates = np.datetime64(FIRST_WEEK) + day
    values = {name: dates if matrix is None else matrix[product, day] for name, matrix in columns.items()}
    return pl.DataFrame({"product_id": ids[product], **values}).with_columns(pl.col(pl.Int64).cast(pl.Float64))


def _panel_of(sales: Records, counts: Records, products: int, weeks: int) -> Panel:
    rows = np.arange(products)
    ids = [f"{row % SHOPS + 1}-{row // SHOPS + 10_001}" for row in rows]
    categories = CATEGORIES[(rows // SHOPS) % len(CATEGORIES)]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        sales.write_parquet(folder / "sales.parquet")
        counts.write_parquet(folder / "inventory.parquet")
        pl.DataFrame({"product_id": ids, "category": categories}).write_parquet(folder / "products.parquet")
        history = ingest_generic(folder, quarantine_file=folder / "quarantine.parquet")
    return build_panel(history, as_of_week=FIRST_WEEK + dt.timedelta(weeks=weeks - 1))
