"""Sales and in-stock flags of some products as series: what the features of ``availability-1`` are made from."""

from functools import cached_property

import numpy as np

from feature_service.kernel.arrays import DoubleArray
from feature_service.kernel.groups import Measures
from feature_service.kernel.series import Series, ratio, shifted
from feature_service.kernel.sets.sales_view import SalesView


class AvailabilityView(SalesView):
    """Sales and in-stock flags of some products."""

    @cached_property
    def out(self) -> Series:
        """1 in a week out of stock, 0 in one in stock, from the first sale on: before it a product is not listed."""
        return self.series_of(np.where(self.units.is_known, 1 - self._flags, np.nan))

    @cached_property
    def onset(self) -> Series:
        """1 where a product that was in stock and selling a week before is out of stock, 0 where it still is not."""
        selling = shifted(Series(self.units.values).total(4), 1) > 0
        there = shifted(self._flags, 1) == 1
        return self.series_of(np.where(there & selling, self.out.values, np.nan))

    @cached_property
    def units_in_stock(self) -> Series:
        """Units sold in the weeks in stock."""
        return self.series_of(np.where(self._flags == 1, self.units.values, np.nan))

    def shortfall(self, weeks: int) -> DoubleArray:
        """How far the last weeks sold more or less than in stock before them, in standard deviations."""
        usual = Series(self.units_in_stock.values)
        mean = shifted(usual.mean(8 if weeks == 1 else 13), weeks)[:, self.onset.first :]
        spread = shifted(usual.spread(13), weeks)[:, self.onset.first :]
        return np.clip(ratio(self.units.mean(weeks) - mean, spread + 0.5), -9, 9)

    def measures(self) -> Measures:
        """See :class:`feature_service.kernel.block.View`."""
        return {**super().measures(), "out": self.out.values, "onset": self.onset.values}

    @cached_property
    def _flags(self) -> DoubleArray:
        return self.series("in_stock").values
