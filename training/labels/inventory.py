"""A stock-out by the counts: units on hand reach 0 or less."""

from dataclasses import dataclass

import numpy as np

from data.panel import (
    COUNT_AGE_DAYS,
    MIN_ON_HAND,
    MIN_ON_HAND_EARLY,
    MIN_ON_HAND_LATE,
    OLDEST_COUNT_DAYS,
    OUT_IN_WEEK,
    UNITS_ON_HAND,
    Panel,
)
from feature_service.bundle import Bound
from feature_service.kernel.arrays import BoolArray, FloatArray
from training.labels.interface import STOCK_AWARE
from training.labels.weeks_ahead import field, in_words, runs_out_ahead, weeks_ahead

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
    pools_products: bool = False

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
        """1 where a count of the weeks ahead is 0 or less, 0 where each week has a count and all are above.

        Of sparse counts: by the stock as the units sold carry it on from count to count, where these are complete; else
        by the counts that are nearest to the weeks' ends, of which the last comes in the week after the horizon.
        """
        lowest = field(panel, MIN_ON_HAND, label=self.name, file=_FILE)
        if OUT_IN_WEEK in panel.fields:
            return runs_out_ahead(panel.fields[OUT_IN_WEEK], self.horizon_weeks)
        if MIN_ON_HAND_EARLY not in panel.fields:
            return runs_out_ahead(_is_out(lowest), self.horizon_weeks)
        after = weeks_ahead(panel.fields[MIN_ON_HAND_EARLY], 1)[0]
        at_the_end = np.fmin(panel.fields[MIN_ON_HAND_LATE], after)
        out = _is_out(np.fmin(lowest, after))
        outcome = runs_out_ahead(
            np.where(np.isnan(at_the_end) & (out != 1), np.float32(np.nan), out), self.horizon_weeks
        )
        outcome[:, -self.outcome_weeks(panel) :] = np.nan
        return outcome

    def outcome_weeks(self, panel: Panel) -> int:
        """The horizon, and a week more where counts of the week after it are looked at."""
        early = panel.fields.get(MIN_ON_HAND_EARLY)
        return self.horizon_weeks + (early is not None and bool(np.isfinite(early).any()))


def _is_out(lowest: FloatArray) -> FloatArray:
    return np.where(np.isnan(lowest), lowest, (lowest <= 0).astype(np.float32))
