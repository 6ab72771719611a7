"""A stock-out by the counts: units on hand reach 0 or less."""

from dataclasses import dataclass

import numpy as np

from data.panel import COUNT_AGE_DAYS, MIN_ON_HAND, OLDEST_COUNT_DAYS, UNITS_ON_HAND, Panel
from feature_service.bundle import Bound
from feature_service.kernel.arrays import BoolArray, FloatArray
from training.labels.interface import STOCK_AWARE
from training.labels.weeks_ahead import field, in_words, runs_out_ahead

_FILE = "inventory"


@dataclass(frozen=True)
class Inventory:
    """Units on hand are 0 or less on a day of the horizon, for products that are in stock at ``as_of``."""

    horizon_weeks: int = 1
    name: str = "inventory"
    evidence: str = STOCK_AWARE
    applies_where: tuple[tuple[Bound, ...], ...] = (
        (Bound(UNITS_ON_HAND, above=0), Bound(COUNT_AGE_DAYS, at_most=OLDEST_COUNT_DAYS)),
    )
    feature_set: str = "stock-1"

    @property
    def description(self) -> str:
        """What the probability means."""
        return f"The stock, above 0 at as_of, is used up on a day of {in_words(self.horizon_weeks)}."

    def eligible(self, panel: Panel) -> BoolArray:
        """Where the last count is above 0 and at most four weeks old."""
        on_hand = field(panel, UNITS_ON_HAND, label=self.name, file=_FILE)
        # NaN compares as False: a product that was never counted is not eligible
        return (on_hand > 0) & (panel.fields[COUNT_AGE_DAYS] <= OLDEST_COUNT_DAYS)

    def outcome(self, panel: Panel) -> FloatArray:
        """1 where a count of the weeks ahead is 0 or less, 0 where each week has a count and all are above."""
        lowest = field(panel, MIN_ON_HAND, label=self.name, file=_FILE)
        out = np.where(np.isnan(lowest), lowest, (lowest <= 0).astype(np.float32))
        return runs_out_ahead(out, self.horizon_weeks)
