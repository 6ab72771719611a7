"""Panels of shops in which nothing changes, until a test changes something."""

import dataclasses
import datetime as dt
from collections.abc import Callable

import numpy as np

from data.panel import ITEM, LOCATION, ORDERS, PRICE_MEAN, UNITS_ON_HAND, UNITS_SOLD, Panel
from data.weeks import calendar
from feature_service.kernel.arrays import BoolArray, FloatArray

LAST_WEEK = dt.date(2024, 6, 10)
SHOPS = 4
Fields = dict[str, FloatArray]


def steady_panel(products: int = 240, weeks: int = 44, seed: int = 0) -> Panel:
    """Poisson sales at a rate of each product's own, prices that hardly move, a stock that is counted every week."""
    random = np.random.default_rng(seed)
    rate = random.gamma(1.5, 4.0, (products, 1))
    units = random.poisson(rate, (products, weeks)).astype(np.float32)
    list_price = random.lognormal(2.0, 0.8, (products, 1))
    price = np.where(units > 0, list_price * random.normal(1.0, 0.02, (products, weeks)), 0)
    fields = {
        UNITS_SOLD: units,
        ORDERS: np.minimum(units, 7),
        PRICE_MEAN: price,
        UNITS_ON_HAND: random.poisson(3 * rate, (products, weeks)),
        "count_days": np.full((products, weeks), 6.0),
    }
    locations = tuple(str(row % SHOPS) for row in range(products))
    items = tuple(str(row // SHOPS) for row in range(products))
    return Panel(
        product_ids=tuple(f"{location}-{item}" for location, item in zip(locations, items, strict=True)),
        weeks=calendar(LAST_WEEK - dt.timedelta(weeks=weeks - 1), LAST_WEEK),
        fields={name: matrix.astype(np.float32) for name, matrix in fields.items()},
        categories=tuple(f"kind {int(item) % 3}" for item in items),
        excluded={},
        groups={LOCATION: locations, ITEM: items},
    )


def changed(panel: Panel, change: Callable[[Fields], None]) -> Panel:
    """A copy of the panel after something was changed in its matrices."""
    fields = {name: matrix.copy() for name, matrix in panel.fields.items()}
    change(fields)
    return dataclasses.replace(panel, fields=fields)


def of_shop(panel: Panel, shop: str) -> BoolArray:
    """Which products are of a shop."""
    chosen: BoolArray = np.array(panel.groups[LOCATION]) == shop
    return chosen
