"""The panel: products x weeks, dense. NumPy only, since the gRPC server loads it too."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from data.weeks import DateArray
from feature_service.kernel import FloatArray

UNITS_SOLD = "units_sold"
PRICE_MEAN = "price_mean"


@dataclass(frozen=True)
class Panel:
    """What is known of every product in every week of the calendar.

    Attributes:
        product_ids: Sorted, unique.
        weeks: Mondays, ``datetime64[D]``, oldest first, without a gap; the last is ``as_of``.
        fields: Matrices by name, float32, shape ``(products, weeks)``. ``units_sold`` is in units and ``price_mean`` in
            currency per unit, averaged over the units of the week; both are 0 in a week without sales and NaN ("not
            known") before the product's first sale.
        categories: The category of each product, empty where it is not known.
        excluded: Products that were named in the data but have no row, with the reason.
    """

    product_ids: tuple[str, ...]
    weeks: DateArray
    fields: Mapping[str, FloatArray]
    categories: tuple[str, ...]
    excluded: Mapping[str, str]

    @property
    def as_of_week(self) -> dt.date:
        """Monday of the last week."""
        last: dt.date = self.weeks[-1].item()
        return last

    def known_weeks(self) -> npt.NDArray[np.int64]:
        """Weeks since launch up to and including the last week, shape ``(products,)``; 0 before launch."""
        counts: npt.NDArray[np.int64] = np.isfinite(self.fields[UNITS_SOLD]).sum(axis=1)
        return counts
