"""The original system's label: a product that sold in the last four weeks sells nothing next."""

from dataclasses import dataclass

from data.panel import Panel
from feature_service.bundle import Bound
from feature_service.kernel.arrays import BoolArray, FloatArray
from training.labels.interface import SALES_ONLY
from training.labels.weeks_ahead import TRAILING_WEEKS, in_words, nothing_sold_ahead, sold_lately


@dataclass(frozen=True)
class ZeroSales:
    """No unit sold over the horizon, for products that sold something in the four weeks up to ``as_of``.

    This tells of demand: most weeks without sales are weeks in which nobody wanted the product.
    """

    horizon_weeks: int = 1
    name: str = "zero_sales"
    evidence: str = SALES_ONLY
    applies_where: tuple[tuple[Bound, ...], ...] = (
        (Bound(f"sales_qtd_roll_mean_{TRAILING_WEEKS}", above=0),),
        (Bound("weeks_since_sale", at_most=TRAILING_WEEKS - 1),),
    )
    feature_set: str = "seed-18"
    pools_products: bool = False

    @property
    def description(self) -> str:
        """What the probability means."""
        return f"Nothing is sold in {in_words(self.horizon_weeks)}, though something was in the four weeks up to it."

    def eligible(self, panel: Panel) -> BoolArray:
        """Where something was sold in the weeks that are known among the last four.

        A product that was launched last week counts; a feature set that needs four known weeks leaves it out.
        """
        return sold_lately(panel) > 0

    def outcome(self, panel: Panel) -> FloatArray:
        """1 where the weeks ahead sold nothing, 0 where they sold something, NaN where it is not known."""
        return nothing_sold_ahead(panel, self.horizon_weeks)

    def outcome_weeks(self, _panel: Panel) -> int:
        """The horizon."""
        return self.horizon_weeks
