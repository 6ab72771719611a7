"""A stock-out by weekly flags."""

from dataclasses import dataclass

from data.panel import IN_STOCK, Panel
from feature_service.bundle import Bound
from feature_service.kernel.arrays import BoolArray, FloatArray
from training.labels.interface import STOCK_AWARE
from training.labels.weeks_ahead import field, in_words, runs_out_ahead

_FILE = "availability"


@dataclass(frozen=True)
class Availability:
    """A week of the horizon is flagged as out of stock, for products that are flagged as in stock at ``as_of``."""

    horizon_weeks: int = 1
    name: str = "availability"
    evidence: str = STOCK_AWARE
    applies_where: tuple[tuple[Bound, ...], ...] = ()  # by the week's flag, which no feature holds
    feature_set: str = "availability-1"
    pools_products: bool = False

    @property
    def description(self) -> str:
        """What the probability means."""
        return f"The product, in stock at as_of, is out of stock in {in_words(self.horizon_weeks)}."

    def eligible(self, panel: Panel) -> BoolArray:
        """Where the week's flag says in stock."""
        eligible: BoolArray = field(panel, IN_STOCK, label=self.name, file=_FILE) == 1
        return eligible

    def outcome(self, panel: Panel) -> FloatArray:
        """1 where a flag of the weeks ahead says out of stock, 0 where all say in stock."""
        return runs_out_ahead(1 - field(panel, IN_STOCK, label=self.name, file=_FILE), self.horizon_weeks)

    def outcome_weeks(self, _panel: Panel) -> int:
        """The horizon."""
        return self.horizon_weeks
