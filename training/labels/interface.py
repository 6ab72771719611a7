"""What every label offers."""

from typing import Protocol

from data.panel import Panel
from feature_service.bundle import SALES_ONLY, STOCK_AWARE, Bound
from feature_service.kernel.arrays import BoolArray, FloatArray

__all__ = ["SALES_ONLY", "STOCK_AWARE", "Label"]


class Label(Protocol):
    """What is predicted, for which rows it makes sense, and how it turned out."""

    @property
    def name(self) -> str:
        """The name by which users choose it, e.g. ``zero_sales``."""

    @property
    def description(self) -> str:
        """What the probability means, in one sentence for a planner."""

    @property
    def evidence(self) -> str:
        """``SALES_ONLY`` or ``STOCK_AWARE``: what the answer rests on."""

    @property
    def horizon_weeks(self) -> int:
        """Weeks ahead, at least 1."""

    @property
    def applies_where(self) -> tuple[tuple[Bound, ...], ...]:
        """Ways to tell from features where the label applies, each exact by itself; empty if there is none.

        A model takes the first one of which its feature set holds every feature.
        """

    @property
    def feature_set(self) -> str:
        """The feature set of a run that names none."""

    @property
    def pools_products(self) -> bool:
        """Whether it takes the other products to tell where the label applies to one."""

    def eligible(self, panel: Panel) -> BoolArray:
        """Where the label applies, shape ``(products, weeks)``: column t looks at weeks up to t only."""

    def outcome(self, panel: Panel) -> FloatArray:
        """How it turned out, shape ``(products, weeks)``: column t tells of weeks t+1 to t+horizon.

        1 or 0; NaN where it is not known, as in the last weeks. Whether the row is eligible does not matter here.
        """

    def outcome_weeks(self, panel: Panel) -> int:
        """Weeks after ``as_of`` until an outcome is known, at least the horizon: no model may learn it earlier."""
