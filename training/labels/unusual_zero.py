"""Weeks without sales that demand alone does not explain: the closest to a stock-out that sales can tell."""

from dataclasses import dataclass

from data.panel import UNITS_SOLD, Panel
from feature_service.bundle import Bound
from feature_service.kernel.arrays import BoolArray, FloatArray
from training.errors import LabelSettingError
from training.labels.gamma_poisson import zero_probability
from training.labels.interface import SALES_ONLY
from training.labels.weeks_ahead import in_words, nothing_sold_ahead

DEFAULT_ALPHA = 0.05


def variant_of(alpha: float) -> str:
    """The alpha as a part of names, e.g. ``alpha-0_5``, with letters, digits, - and _ only; empty for the default."""
    return "" if alpha == DEFAULT_ALPHA else f"alpha-{alpha!r}".replace(".", "_").replace("+", "")


@dataclass(frozen=True)
class UnusualZero:
    """No unit sold over the horizon, for products of which that is improbable.

    Attributes:
        alpha: The label applies where the Gamma-Poisson probability of no sale over the horizon, from the product's own
            past pooled with its category's, is below this.
    """

    horizon_weeks: int = 1
    alpha: float = DEFAULT_ALPHA
    name: str = "unusual_zero"
    evidence: str = SALES_ONLY
    applies_where: tuple[tuple[Bound, ...], ...] = ()  # by a category's prior, which no feature holds
    feature_set: str = "sales-2"
    pools_products: bool = True

    def __post_init__(self) -> None:
        """Raises:
        LabelSettingError: If ``alpha`` is no probability.
        """
        if not 0 < self.alpha <= 1:
            raise LabelSettingError(f"alpha is {self.alpha}; it is a probability above 0 and at most 1, such as 0.05")

    @property
    def description(self) -> str:
        """What the probability means."""
        weeks = in_words(self.horizon_weeks)
        return f"Nothing is sold in {weeks}, though by the product's past that has a chance below {self.alpha:g}."

    def eligible(self, panel: Panel) -> BoolArray:
        """Where, as seen at ``as_of``, a horizon without a sale is less probable than ``alpha``."""
        chance = zero_probability(panel.fields[UNITS_SOLD], panel.categories, self.horizon_weeks)
        eligible: BoolArray = chance < self.alpha
        return eligible

    def outcome(self, panel: Panel) -> FloatArray:
        """1 where the weeks ahead sold nothing, 0 where they sold something, NaN where it is not known."""
        return nothing_sold_ahead(panel, self.horizon_weeks)

    def outcome_weeks(self, _panel: Panel) -> int:
        """The horizon."""
        return self.horizon_weeks
