"""What every engine does, and what all of them agree on: which lines count, which features, which rows.

The 18 features of ``seed-18``: of units sold and of mean price each the last three weeks, and sum and mean over the
last two to four. A table holds the rows of products that sold in the last four weeks, all of them known, with the
outcome: 1 if the next week sells nothing, null where it is not known yet.
"""

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from data.ingest.contracts import DEFAULT_EXCLUDED_STATUSES, ITEMS, ORDERS

AS_OF_WEEK = dt.date(2018, 8, 20)
"""The last week of the invented sellers, and the last complete one of the real Olist."""

EXCLUDED = tuple(sorted(DEFAULT_EXCLUDED_STATUSES))
MEASURES = {"sales_qtd": "units", "price_mean": "price"}
LAGS = (1, 2, 3)
WINDOWS = (2, 3, 4)
KEYS = ("product_id", "as_of_week", "outcome")


@dataclass(frozen=True)
class StepSeconds:
    """How long each part took; no ``features`` where they are made while the table is written."""

    panel: float
    features: float | None
    table: float


class Engine(ABC):
    """From files to a table in three steps, each in the engine's own data type.

    Attributes:
        name: In the tables.
    """

    name: str

    @abstractmethod
    def panel(self, folder: Path) -> Any:
        """Read the files; units and mean price of each product and week from its first sale on, without a gap."""

    @abstractmethod
    def features(self, panel: Any) -> Any:
        """The 18 features of every row of the panel."""

    @abstractmethod
    def write_table(self, panel: Any, features: Any, to: Path) -> None:
        """Write the rows of the table: keys, outcome, features."""

    def run(self, folder: Path, to: Path) -> StepSeconds:
        """All three steps, each timed."""
        panel, panel_s = timed(lambda: self.panel(folder))
        features, features_s = timed(lambda: self.features(panel))
        _, table_s = timed(lambda: self.write_table(panel, features, to))
        return StepSeconds(panel_s, features_s, table_s)


def timed(step: Callable[[], Any]) -> tuple[Any, float]:
    """What a step gives, and the seconds it took."""
    start = perf_counter()
    result = step()
    return result, perf_counter() - start


def orders_file(folder: Path) -> Path:
    """Olist's orders, packed or not."""
    return next(folder.glob(f"{ORDERS.stem}.csv*"))


def items_file(folder: Path) -> Path:
    """Olist's order items, packed or not."""
    return next(folder.glob(f"{ITEMS.stem}.csv*"))
