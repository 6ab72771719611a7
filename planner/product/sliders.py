"""The fields of what is supposed, and their sliders."""

from dataclasses import dataclass

from planner.product.page import Assessed
from planner.product.what_if import (
    LEAD_TIME_DAYS,
    MOST_LEAD_TIME_DAYS,
    MOST_UNITS,
    UNITS_ON_HAND,
    days_reach,
    text_of,
    units_reach,
)


@dataclass(frozen=True)
class Slider:
    """A field and its slider.

    Attributes:
        name: Of the field.
        reach: How far the slider goes.
        most: The most that the field may hold.
        step: Between two numbers that it may hold.
        known: What is known, as text; empty where nothing is.
        supposed: What is supposed, as text; empty where nothing is.
    """

    name: str
    reach: float
    most: int
    step: str
    known: str
    supposed: str

    @property
    def shown(self) -> str:
        """Where the slider stands."""
        return self.supposed or self.known or "0"


def sliders_of(assessed: Assessed) -> list[Slider]:
    """One for the stock on hand, one for the lead time."""
    supposed, known_days = assessed.what_if.fields(), assessed.history.lead_time_days
    is_known = assessed.what_if.units_on_hand is None and assessed.units_on_hand is not None
    return [
        Slider(
            name=UNITS_ON_HAND,
            reach=units_reach(assessed.units_on_hand, assessed.risk.suggested_order),
            most=MOST_UNITS,
            step="any",
            known=text_of(round(assessed.units_on_hand or 0.0, 2)) if is_known else "",
            supposed=supposed.get(UNITS_ON_HAND, ""),
        ),
        Slider(
            name=LEAD_TIME_DAYS,
            reach=days_reach(max(known_days, assessed.lead_time_days)),
            most=MOST_LEAD_TIME_DAYS,
            step="1",
            known=str(known_days),
            supposed=supposed.get(LEAD_TIME_DAYS, ""),
        ),
    ]
