"""Sales of some products as series: what the features of ``sales-2`` are made from."""

from functools import cached_property

import numpy as np

from feature_service.kernel.arrays import DoubleArray
from feature_service.kernel.block import View
from feature_service.kernel.groups import Measures
from feature_service.kernel.series import Series


class SalesView(View):
    """Sales of some products, each series made once and only if a feature asks for it."""

    @cached_property
    def units(self) -> Series:
        """Units sold."""
        return self.series("units_sold")

    @cached_property
    def sold(self) -> Series:
        """1 in a week with a sale, 0 in one without."""
        units = self.units.values
        return self.series_of(np.where(self.units.is_known, (units > 0).astype(np.float64), np.nan))

    @cached_property
    def orders(self) -> Series:
        """Distinct orders."""
        return self.series("orders")

    @cached_property
    def sale_days(self) -> Series:
        """Days with a sale."""
        return self.series("sale_days")

    @cached_property
    def days_since_sale(self) -> DoubleArray:
        """Days from the last sale to the week's end."""
        return self.series("days_since_sale").now

    @cached_property
    def price(self) -> Series:
        """Mean price, known in weeks with a sale only."""
        price = self.series("price_mean").values
        return self.series_of(np.where(price > 0, price, np.nan))

    @cached_property
    def weeks_since_sale(self) -> DoubleArray:
        """0 if the week itself has a sale."""
        return self.units.weeks_since_positive()

    def measures(self) -> Measures:
        """See :class:`feature_service.kernel.block.View`."""
        return {"units": self.units.values, "sold": self.sold.values}
