"""Stock counts of some products as series: what the features of ``stock-1`` are made from."""

from functools import cached_property

import numpy as np

from feature_service.kernel.arrays import DoubleArray
from feature_service.kernel.block import View
from feature_service.kernel.features import History
from feature_service.kernel.fields import ITEM
from feature_service.kernel.groups import Measures
from feature_service.kernel.series import Series, filled, ratio, shifted


class StockView(View):
    """Counts of some products, each series made once and only if a feature asks for it."""

    @cached_property
    def on_hand(self) -> Series:
        """Units at the week's end, by the last count."""
        return self.series("units_on_hand")

    @cached_property
    def depletion(self) -> Series:
        """Units that left stock: falls of the count."""
        return self.series("depletion")

    @cached_property
    def receipts(self) -> Series:
        """Units that came in: rises of the count."""
        return self.series("receipts")

    @cached_property
    def receipt_days(self) -> Series:
        """Days with a rise."""
        return self.series("receipt_days")

    @cached_property
    def count_days(self) -> Series:
        """Days with a count."""
        return self.series("count_days")

    @cached_property
    def lowest(self) -> Series:
        """Least units on hand in the week."""
        return self.series("min_on_hand")

    @cached_property
    def drop(self) -> Series:
        """How far the stock fell below that of the week's start, deliveries included; from a positive start only."""
        return self.series_of(np.where(self._start > 0, self._start - self.lowest.values, np.nan))

    @cached_property
    def relative_drop(self) -> Series:
        """The drop as a share of the week's start: 1 or more is a stock-out."""
        return self.series_of(np.clip(ratio(self.drop.values, self._start), -1, 1.5))

    @cached_property
    def out(self) -> Series:
        """1 in a week with a day out of stock, 0 in a counted week without."""
        out = self.series("days_out").values > 0
        return self.series_of(np.where(self.count_days.values > 0, out.astype(np.float64), np.nan))

    @cached_property
    def onset(self) -> Series:
        """The same for weeks that began in stock: the label's outcome, seen from its end."""
        return self.series_of(np.where(self._start > 0, self.out.values, np.nan))

    @cached_property
    def demand(self) -> Series:
        """Weekly depletion as it was lately, over all weeks: what is pooled with the item's other locations."""
        return self.series_of(Series(self.depletion.values).smoothed(4))

    @cached_property
    def history(self) -> History:
        """What a stock is compared with; see :mod:`feature_service.kernel.sets.on_hand`."""
        depletion, days = self.depletion, self.count_days.total()
        mean_8 = (filled(depletion.total(8)) + 0.5) / (depletion.known(8) + 0.5)
        daily = ratio(depletion.total(), days)
        weekly_noise = 7 * np.maximum(ratio(self.series("fall_squares").total(), days) - daily * daily, 0)
        until_receipt = 1 + self.series("first_receipt_day").mean()
        return {
            "depletion_mean_4": depletion.mean(4),
            "depletion_until_receipt": depletion.mean(4) / 7 * until_receipt,
            "mean_8": mean_8,
            "variance_8": depletion.spread() ** 2 + 0.3 * mean_8 * mean_8 + mean_8,
            "mean_own": self._mean_own,
            "mean_pooled": self._mean_pooled,
            "weekly_noise": weekly_noise,
            "drop_mean": self.drop.mean(),
            "drop_spread": self.drop.spread(),
            "receipt_size": ratio(self.receipts.total(), self.receipt_days.total()),
            "highest": self.series("max_on_hand").highest(),
            "reorder_level": self.reorder_level,
            "week_before": self.on_hand.ago(1),
            "depletion_last_3": self.series("depletion_last_3").now,
            "past_drops": self.drop.values,
            "past_depletion_7": self.series("max_depletion_7").values,
        }

    @cached_property
    def reorder_level(self) -> DoubleArray:
        """Mean count that a delivery met."""
        return ratio(self.series("stock_before_receipt").total(), self.receipt_days.total())

    def measures(self) -> Measures:
        """See :class:`feature_service.kernel.block.View`."""
        out_now = np.where(self.on_hand.is_known, (self.on_hand.values <= 0).astype(np.float64), np.nan)
        return {
            "onset": self.onset.values,
            "out_now": out_now,
            "receipts": self.receipts.values,
            "depletion": self.depletion.values,
            "demand": self.demand.values,
            "relative_drop": self.relative_drop.values,
        }

    @cached_property
    def _mean_own(self) -> DoubleArray:
        """Units a week, pulled towards 1 by half a week."""
        weeks_known = self.depletion.known()
        return _pulled(self.demand.now, np.minimum(weeks_known, 6), np.full_like(weeks_known, 1.0), 0.5)

    @cached_property
    def _mean_pooled(self) -> DoubleArray:
        """Units a week, pulled towards the item's other locations by two weeks, where there are any."""
        others, members = self.group(ITEM).others("demand")
        elsewhere = ratio(others.now, members.now)
        pooled = _pulled(self.demand.now, np.minimum(self.depletion.known(), 8), elsewhere, 2.0)
        return np.where(np.isfinite(elsewhere), pooled, self._mean_own)

    @cached_property
    def _start(self) -> DoubleArray:
        return shifted(self.on_hand.values, 1)


def _pulled(own: DoubleArray, own_weeks: DoubleArray, towards: DoubleArray, weeks: float) -> DoubleArray:
    """A mean of ``own_weeks`` weeks pulled towards another by as many weeks."""
    return (filled(own) * own_weeks + towards * weeks) / (own_weeks + weeks)
