"""The original system's label: a product that sold in the last four weeks sells nothing next week."""

from dataclasses import dataclass

import numpy as np

from data.panel import UNITS_SOLD, Panel
from feature_service.kernel import FloatArray
from feature_service.kernel.windows import rolling_sums
from training.labels.interface import BoolArray

TRAILING_WEEKS = 4


@dataclass(frozen=True)
class ZeroSales:
    """No unit sold in the week after ``as_of``, for products whose trailing 4-week mean is above 0.

    This tells of demand: most weeks without sales are weeks in which nobody wanted the product.
    """

    name: str = "zero_sales"
    description: str = "Nothing is sold in the week after as_of, though something was in the four weeks up to it."
    evidence: str = "SALES_ONLY"
    horizon_weeks: int = 1
    applies_where_positive: str = f"sales_qtd_roll_mean_{TRAILING_WEEKS}"

    def eligible(self, panel: Panel) -> BoolArray:
        """Where the last four weeks are all known and something was sold in them."""
        units = panel.fields[UNITS_SOLD]
        sums = {window: np.empty_like(units) for window in range(2, TRAILING_WEEKS + 1)}
        rolling_sums(units, TRAILING_WEEKS, sums)
        # NaN compares as False, so a product launched less than four weeks ago is not eligible
        return sums[TRAILING_WEEKS] > 0

    def outcome(self, panel: Panel) -> FloatArray:
        """1 where the next week sold nothing, 0 where it sold something, NaN where it is not known."""
        units = panel.fields[UNITS_SOLD]
        out = np.full(units.shape, np.nan, dtype=np.float32)
        following = units[:, self.horizon_weeks :]
        out[:, : -self.horizon_weeks] = np.where(np.isnan(following), np.nan, following == 0)
        return out
